/**
 * The Standard security handler, version 5 revision 6 (ISO 32000-2 7.6.4): AES-256 in CBC mode for strings and streams
 * (AESV3, 7.6.3.2), keys by algorithms 2.A and 2.B, dictionary entries by algorithms 8, 9 and 10.
 */
import {
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { completed, type Steps } from '../../../../shared/policy/steps.ts'
import { preparePassword } from './saslprep.ts'

/** Every permission granted (Table 22): the container protects against strangers, not against its recipient. */
const ALL_PERMISSIONS = -4

const BLOCK = 16

/** The five values of the encryption dictionary that bind the file key to the passwords (Table 21). */
export interface PasswordEntries {
  /** 48 bytes: hash, validation salt, key salt. */
  readonly U: Buffer
  readonly O: Buffer
  /** 32 bytes: the file key under each password. */
  readonly UE: Buffer
  readonly OE: Buffer
  readonly Perms: Buffer
}

export interface SecurityHandler {
  /** The encryption dictionary as it stands in the file; its own strings are not encrypted (7.6.2). */
  readonly dictionary: string
  /** One string or stream: 16 random bytes of initialisation vector, then the padded ciphertext. */
  encrypt(data: Uint8Array): Buffer
  /** The same for a stream that comes in pieces: write `iv` (16 random bytes), then what the cipher gives. */
  encryptor(iv: Buffer): Cipheriv
}

/** Bytes that `encrypt` makes of `size` bytes: vector and PKCS#7 padding, which always adds at least one byte. */
export function encryptedLength(size: number): number {
  return BLOCK + (Math.floor(size / BLOCK) + 1) * BLOCK
}

/**
 * A handler with a fresh file key that either password opens, or only the user's; in steps, as a
 * password's hash takes some 2 ms and there are four. Raises `password-unusable`.
 */
export function* createSecurityHandler(passwords: { user: string; owner: string | null }): Steps<SecurityHandler> {
  const fileKey = randomBytes(32)
  const owner = passwords.owner === null ? null : preparePassword(passwords.owner)
  const entries = yield* passwordEntries(fileKey, preparePassword(passwords.user), owner)
  const encryptor = (iv: Buffer) => createCipheriv('aes-256-cbc', fileKey, iv)
  return {
    dictionary: encryptionDictionary(entries),
    encryptor,
    encrypt(data) {
      const iv = randomBytes(BLOCK)
      const cipher = encryptor(iv)
      return Buffer.concat([iv, cipher.update(data), cipher.final()])
    },
  }
}

/**
 * Algorithms 8 (U, UE), 9 (O, OE) and 10 (Perms) for one file key. Without an owner, O and OE are random: no password gives that
 * hash, and the two hashes, half of the cost of a small container, are saved.
 */
export function* passwordEntries(fileKey: Buffer, user: Buffer, owner: Buffer | null): Steps<PasswordEntries> {
  const [userValidation, userKey, ownerValidation, ownerKey] = [8, 8, 8, 8].map((n) => randomBytes(n)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  const U = Buffer.concat([yield* hash2B(user, userValidation), userValidation, userKey])
  const mine = { U, UE: wrap(yield* hash2B(user, userKey), fileKey), Perms: permissions(fileKey) }
  if (owner === null) return { ...mine, O: randomBytes(48), OE: randomBytes(32) }
  const O = Buffer.concat([yield* hash2B(owner, ownerValidation, U), ownerValidation, ownerKey])
  return {
    ...mine,
    O,
    OE: wrap(yield* hash2B(owner, ownerKey, U), fileKey),
  }
}

/**
 * Algorithm 2.A: the file key for a password, tried as the owner's first. Raises `decryption-failed` for any other
 * password and for altered permissions (algorithm 13), with the same words.
 */
export function openFileKey(password: string, entries: PasswordEntries): Buffer {
  const secret = preparePassword(password)
  const hashAtOnce = (salt: Buffer, userEntry?: Buffer) => completed(hash2B(secret, salt, userEntry))
  const { U, O } = entries
  const key = timingSafeEqual(hashAtOnce(O.subarray(32, 40), U), O.subarray(0, 32))
    ? unwrap(hashAtOnce(O.subarray(40, 48), U), entries.OE)
    : timingSafeEqual(hashAtOnce(U.subarray(32, 40)), U.subarray(0, 32))
      ? unwrap(hashAtOnce(U.subarray(40, 48)), entries.UE)
      : null
  if (key === null) throw new Fault('decryption-failed')
  const decipher = createDecipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  if (decipher.update(entries.Perms).toString('latin1', 9, 12) !== 'adb') throw new Fault('decryption-failed')
  return key
}

/** Rounds of a hash in one step. */
const ROUNDS = 16

/**
 * Algorithm 2.B. `userEntry` is U (48 bytes) when the hash is for the owner's password. Rounds end after the 64th once
 * the last byte of E is at most the number of rounds done minus 32: the standard's wording leaves room for an
 * off-by-one, readers agree on counting from one.
 */
export function* hash2B(password: Buffer, salt: Buffer, userEntry: Buffer = Buffer.alloc(0)): Steps<Buffer> {
  let key = createHash('sha256').update(password).update(salt).update(userEntry).digest()
  for (let round = 1; ; round += 1) {
    if (round % ROUNDS === 0) yield
    const unit = Buffer.concat([password, key, userEntry])
    const repeated = Buffer.allocUnsafe(unit.length * 64).fill(unit)
    // A key object in place of octets spares node:crypto two exceptions, 9 µs in each round.
    const cipher = createCipheriv('aes-128-cbc', createSecretKey(key.subarray(0, 16)), key.subarray(16, 32))
    const encrypted = cipher.setAutoPadding(false).update(repeated)
    // 256 is 1 modulo 3, so the remainder of the 128-bit number is that of the sum of its bytes.
    const remainder = encrypted.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3
    key = createHash(['sha256', 'sha384', 'sha512'][remainder]!).update(encrypted).digest()
    if (round >= 64 && encrypted.at(-1)! <= round - 32) return key.subarray(0, 32)
  }
}

/** Algorithm 10; the last four bytes are random. */
function permissions(fileKey: Buffer): Buffer {
  const plain = Buffer.alloc(BLOCK, 0xff)
  plain.writeInt32LE(ALL_PERMISSIONS, 0)
  plain.write('Tadb', 8, 'latin1')
  randomBytes(4).copy(plain, 12)
  return createCipheriv('aes-256-ecb', fileKey, null).setAutoPadding(false).update(plain)
}

function wrap(key: Buffer, fileKey: Buffer): Buffer {
  return createCipheriv('aes-256-cbc', key, Buffer.alloc(BLOCK)).setAutoPadding(false).update(fileKey)
}

function unwrap(key: Buffer, wrapped: Buffer): Buffer {
  return createDecipheriv('aes-256-cbc', key, Buffer.alloc(BLOCK)).setAutoPadding(false).update(wrapped)
}

function encryptionDictionary({ U, O, UE, OE, Perms }: PasswordEntries): string {
  const hex = (bytes: Buffer) => `<${bytes.toString('hex')}>`
  return (
    `<< /Filter /Standard /V 5 /R 6 /Length 256 /P ${ALL_PERMISSIONS} /U ${hex(U)} /O ${hex(O)} /UE ${hex(UE)} ` +
    `/OE ${hex(OE)} /Perms ${hex(Perms)} /EncryptMetadata true /StmF /StdCF /StrF /StdCF ` +
    '/CF << /StdCF << /AuthEvent /DocOpen /CFM /AESV3 /Length 32 >> >> >>'
  )
}
