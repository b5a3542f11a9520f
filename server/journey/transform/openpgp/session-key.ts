/** Public-key encrypted session keys (RFC 9580 5.1), both ways, over node:crypto; the library chooses and reads the keys. */
import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { enums, type Key, type SessionKey, type Subkey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import { CIPHERS, cipherById } from './ciphers.ts'
import { type EcdhKey, type Montgomery, openEcdh, openMontgomery, sealEcdh, sealMontgomery } from './ecdh.ts'
import { mpi, PACKET, packet } from './packet.ts'
import { malformed } from './piece-reader.ts'
import { base64url, type Numbers, rsaJwk } from './rsa-key.ts'

/** Public or private key packet, as far as it is used here. */
export type KeyPacket = (Key | Subkey)['keyPacket']

/** A session key as a packet gives it. */
export interface FoundKey {
  /** Cipher id; null where the protected data name it themselves (version 6). */
  readonly cipher: number | null
  readonly data: Buffer
}

const MONTGOMERY: Readonly<Record<number, { curve: Montgomery; bytes: number }>> = {
  [enums.publicKey.x25519]: { curve: 'X25519', bytes: 32 },
  [enums.publicKey.x448]: { curve: 'X448', bytes: 56 },
}
const isRsa = (algorithm: number) =>
  algorithm === enums.publicKey.rsaEncryptSign || algorithm === enums.publicKey.rsaEncrypt

/**
 * The packet that gives a session key to one key: version 6 where the data are protected by version 2, else version 3.
 * `hidden` leaves out whose it is (5.1.8, 10.3.2.1): for blind copies. Raises `key-unusable`.
 */
export function sealedSessionKey(key: Key | Subkey, session: SessionKey, hidden: boolean): Buffer {
  const { keyPacket } = key
  const fingerprint = Buffer.from(key.getFingerprint(), 'hex')
  const version = session.aeadAlgorithm ? 6 : 3
  const { algorithm } = keyPacket
  const owner =
    version === 3
      ? hidden
        ? Buffer.alloc(8)
        : Buffer.from(key.getKeyID().toHex(), 'hex')
      : hidden
        ? Buffer.of(0)
        : Buffer.concat([Buffer.of(fingerprint.length + 1, keyPacket.version), fingerprint])
  const fields = sealedFields(keyPacket, fingerprint, session, version)
  return packet(PACKET.sessionKey, Buffer.concat([Buffer.of(version), owner, Buffer.of(algorithm), fields]))
}

function sealedFields(key: KeyPacket, fingerprint: Buffer, session: SessionKey, version: 3 | 6): Buffer {
  const params = key.publicParams as Numbers
  const cipher = CIPHERS[session.algorithm]?.id ?? 0
  const octet = version === 3 ? Buffer.of(cipher) : Buffer.alloc(0)
  const summed = Buffer.concat([octet, session.data, checksum(session.data)])
  if (isRsa(key.algorithm)) {
    const rsa = keptKey(key, () =>
      createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64url(params.n), e: base64url(params.e) } }),
    )
    return mpi(publicEncrypt({ key: rsa, padding: constants.RSA_PKCS1_PADDING }, summed))
  }
  if (key.algorithm === enums.publicKey.ecdh) {
    const { ephemeral, wrapped } = sealEcdh(ecdhKey(key, fingerprint), padded(summed))
    return Buffer.concat([mpi(ephemeral), Buffer.of(wrapped.length), wrapped])
  }
  const montgomery = MONTGOMERY[key.algorithm]
  if (!montgomery) throw new Fault('key-unusable', 'the algorithm of the encryption key is not supported')
  const { ephemeral, wrapped } = sealMontgomery(montgomery.curve, params.A ?? new Uint8Array(), session.data)
  return Buffer.concat([ephemeral, Buffer.of(octet.length + wrapped.length), octet, wrapped])
}

/** What a packet says before any key is tried. */
export interface SealedKey {
  readonly version: 3 | 6
  /** Key id of 16 hex digits the packet names; null for a hidden recipient. */
  readonly keyId: string | null
  readonly algorithm: number
  readonly fields: Buffer
}

/** Reads a public-key encrypted session key packet; null for a version or algorithm nobody here reads. Raises `container-malformed`. */
export function readSealedKey(body: Buffer): SealedKey | null {
  const version = body[0]
  if (version === 3) {
    if (body.length < 12) throw malformed('a session key packet without its end')
    const keyId = body.toString('hex', 1, 9)
    return { version, keyId: /^0+$/.test(keyId) ? null : keyId, algorithm: body[9]!, fields: body.subarray(10) }
  }
  if (version !== 6) return null
  const length = body[1] ?? 0
  if (body.length < 2 + length + 2) throw malformed('a session key packet without its end')
  const keyVersion = body[2]
  const fingerprint = body.toString('hex', 3, 2 + length)
  const keyId = length === 0 ? null : keyVersion === 6 ? fingerprint.slice(0, 16) : fingerprint.slice(-16)
  return { version, keyId, algorithm: body[2 + length]!, fields: body.subarray(3 + length) }
}

/**
 * Tries a private key on a packet. null when it does not open, for whatever reason: none is told apart, and the caller goes
 * on with a random key. Bad PKCS#1 v1.5 padding comes out of OpenSSL as random bytes (see config.ts).
 */
export function openSealedKey(
  sealed: SealedKey,
  key: KeyPacket & { privateParams?: unknown },
  fingerprint: Buffer,
): FoundKey | null {
  try {
    return openFields(sealed, key, fingerprint)
  } catch {
    return null
  }
}

function openFields(
  { version, algorithm, fields }: SealedKey,
  key: KeyPacket & { privateParams?: unknown },
  fingerprint: Buffer,
): FoundKey | null {
  const secrets = key.privateParams as Numbers
  const params = key.publicParams as Numbers
  if (isRsa(algorithm)) return unsummed(openRsa(key, fields), version)
  if (algorithm === enums.publicKey.ecdh) {
    const { value, rest } = readMpi(fields)
    const wrapped = rest.subarray(1)
    if (rest[0] !== wrapped.length) return null
    return unsummed(unpadded(openEcdh(ecdhKey(key, fingerprint), secrets.d!, value, wrapped)), version)
  }
  const montgomery = MONTGOMERY[algorithm]
  if (!montgomery) return null
  const { curve, bytes } = montgomery
  const ephemeral = fields.subarray(0, bytes)
  const rest = fields.subarray(bytes + 1)
  if (fields[bytes] !== rest.length) return null
  const cipher = version === 3 ? rest[0]! : null
  const data = openMontgomery(curve, secrets.k!, params.A!, ephemeral, version === 3 ? rest.subarray(1) : rest)
  return acceptable(cipher, data)
}

/** RSA keys as OpenSSL wants them, for as long as the library's own live: to import one takes a good part of its use. */
const rsaKeys = new WeakMap<object, KeyObject>()

function keptKey(packet: object, make: () => KeyObject): KeyObject {
  let key = rsaKeys.get(packet)
  if (!key) {
    key = make()
    rsaKeys.set(packet, key)
  }
  return key
}

function openRsa(key: KeyPacket & { privateParams?: unknown }, fields: Buffer): Buffer {
  const numbers = key.publicParams as Numbers
  const rsa = keptKey(key, () =>
    createPrivateKey({ format: 'jwk', key: rsaJwk(numbers, key.privateParams as Numbers) }),
  )
  const modulus = numbers.n!.length
  const { value } = readMpi(fields)
  const whole = Buffer.alloc(modulus)
  value.copy(whole, Math.max(0, modulus - value.length))
  return privateDecrypt({ key: rsa, padding: constants.RSA_PKCS1_PADDING }, whole)
}

/** Cipher octet (version 3), session key, checksum (5.1.3, 5.1.5). */
function unsummed(bytes: Buffer, version: 3 | 6): FoundKey | null {
  const from = version === 3 ? 1 : 0
  if (bytes.length < from + 2) return null
  const data = bytes.subarray(from, -2)
  if (!checksum(data).equals(bytes.subarray(-2))) return null
  return acceptable(version === 3 ? bytes[0]! : null, data)
}

function acceptable(cipher: number | null, data: Buffer): FoundKey | null {
  const bytes = cipher === null ? data.length : cipherById(cipher)?.bytes
  return bytes === data.length ? { cipher, data } : null
}

/** A key that opens nothing: work goes on with it when none was found, so that the time tells nothing. */
export const randomKey = (): FoundKey => ({ cipher: 9, data: randomBytes(32) })

function ecdhKey(key: KeyPacket, fingerprint: Buffer): EcdhKey {
  const { oid, kdfParams, Q } = key.publicParams as unknown as {
    oid: { getName(): string; write(): Uint8Array }
    kdfParams: { hash: number; cipher: number; write(): Uint8Array }
    Q: Uint8Array
  }
  const parameters = Buffer.concat([oid.write(), Buffer.of(key.algorithm), kdfParams.write()])
  return { curve: oid.getName(), point: Q, parameters, hash: kdfParams.hash, cipher: kdfParams.cipher, fingerprint }
}

function checksum(data: Uint8Array): Buffer {
  let sum = 0
  for (const octet of data) sum = (sum + octet) & 0xffff
  return Buffer.of(sum >> 8, sum & 0xff)
}

/** PKCS#5 padding to a multiple of eight (11.4). */
function padded(bytes: Buffer): Buffer {
  const count = 8 - (bytes.length % 8)
  return Buffer.concat([bytes, Buffer.alloc(count, count)])
}

function unpadded(bytes: Buffer): Buffer {
  const count = bytes.at(-1) ?? 0
  const end = bytes.length - count
  if (end < 0 || count === 0 || bytes.subarray(end).some((octet) => octet !== count)) return Buffer.alloc(0)
  return bytes.subarray(0, end)
}

function readMpi(bytes: Buffer): { value: Buffer; rest: Buffer } {
  const length = (bytes.readUInt16BE() + 7) >> 3
  if (bytes.length < 2 + length) throw malformed('a number without its end')
  return { value: bytes.subarray(2, 2 + length), rest: bytes.subarray(2 + length) }
}
