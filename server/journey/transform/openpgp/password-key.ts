import { decryptSessionKeys, readMessage } from 'openpgp'
import { cipherByName } from './ciphers.ts'
import { pgpConfig } from './config.ts'
import type { FoundKey } from './session-key.ts'

/** Each try derives a key, which takes time by design. */
const MOST_TRIED = 8
/** The library reads a message only with something to decrypt in it. */
const NOTHING = Buffer.of(0xd2, 0x01, 0x01)

/** Session keys that these passwords open (RFC 9580 5.3), whole packets of tag 3; the library derives the keys. */
export async function passwordKeys(packets: readonly Buffer[], passwords: readonly string[]): Promise<FoundKey[]> {
  if (packets.length === 0 || passwords.length === 0) return []
  try {
    const binaryMessage = Buffer.concat([...packets.slice(0, MOST_TRIED), NOTHING])
    const message = await readMessage({ binaryMessage, config: pgpConfig })
    const keys = await decryptSessionKeys({ message, passwords: passwords.slice(0, MOST_TRIED), config: pgpConfig })
    return keys.flatMap(({ algorithm, data }) => {
      const cipher = algorithm === null ? null : cipherByName(algorithm)
      return cipher === undefined ? [] : [{ cipher: cipher?.id ?? null, data: Buffer.from(data) }]
    })
  } catch {
    return []
  }
}
