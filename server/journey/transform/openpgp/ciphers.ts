/** The ciphers that are read and written (RFC 9580 9.3): AES. What is older has blocks of 64 bits or no reader here. */
export interface Cipher {
  readonly id: number
  readonly name: 'aes-128' | 'aes-192' | 'aes-256'
  /** Of its key. */
  readonly bytes: number
}

/** By the library's names. */
export const CIPHERS: Readonly<Record<string, Cipher>> = {
  aes128: { id: 7, name: 'aes-128', bytes: 16 },
  aes192: { id: 8, name: 'aes-192', bytes: 24 },
  aes256: { id: 9, name: 'aes-256', bytes: 32 },
}

const BY_ID: ReadonlyMap<number, Cipher> = new Map(Object.values(CIPHERS).map((cipher) => [cipher.id, cipher]))

export const cipherById = (id: number): Cipher | null => BY_ID.get(id) ?? null

/** undefined for one that is not read. */
export const cipherByName = (name: string): Cipher | undefined => CIPHERS[name]
