import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { Fault } from '../../shared/fault/index.ts'
import { Members } from './asn1/ber-read.ts'
import * as der from './asn1/der.ts'
import { OID } from './asn1/oids.ts'
import { type AlgorithmIdentifier, algorithmValue, octets, smallInteger } from './asn1/values.ts'

/**
 * Password-based encryption of PKCS#12: PBES2 (RFC 8018) both ways, and for reading the two old schemes of RFC 7292
 * appendix C that files in the field still have. node-forge gives the old key derivation and RC2, which OpenSSL 3 left behind.
 */
const ITERATIONS = 200_000
/** PBKDF2 runs natively (1 s for this many), the old derivation in JavaScript (about 2 s). */
const MOST_PBKDF2 = 2_000_000
const MOST_OLD = 200_000

const malformed = (detail: string) => new Fault('container-malformed', detail)

const PRF: Readonly<Record<string, string>> = {
  [OID.hmacSha1]: 'sha1',
  [OID.hmacSha256]: 'sha256',
  [OID.hmacSha384]: 'sha384',
  [OID.hmacSha512]: 'sha512',
}

const CBC: Readonly<Record<string, 16 | 24 | 32>> = {
  [OID.aes128Cbc]: 16,
  [OID.aes192Cbc]: 24,
  [OID.aes256Cbc]: 32,
}

/** PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC. */
export function encryptWithPassword(content: Buffer, password: string): { algorithm: Buffer; encrypted: Buffer } {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256'), iv)
  const derivation = der.algorithm(
    OID.pbkdf2,
    der.sequence(der.octetString(salt), der.integer(ITERATIONS), der.algorithm(OID.hmacSha256, der.nullValue())),
  )
  return {
    algorithm: der.algorithm(OID.pbes2, der.sequence(derivation, der.algorithm(OID.aes256Cbc, der.octetString(iv)))),
    encrypted: Buffer.concat([cipher.update(content), cipher.final()]),
  }
}

/** Throws for a wrong password as for any damage; the caller makes one fault of it. */
export function decryptWithPassword(algorithm: AlgorithmIdentifier, encrypted: Buffer, password: string): Buffer {
  if (!algorithm.parameters) throw malformed('no parameters')
  if (algorithm.oid === OID.pbes2)
    return decryptPbes2(new Members(algorithm.parameters, der.TAG.sequence), encrypted, password)
  const parameters = new Members(algorithm.parameters, der.TAG.sequence)
  const salt = octets(parameters.take())
  const iterations = smallInteger(parameters.take())
  parameters.end()
  const derive = (id: 1 | 2, length: number) => oldKey(password, salt, id, iterations, length, 'sha1')
  if (algorithm.oid === OID.pbeSha1TripleDes) {
    const decipher = createDecipheriv('des-ede3-cbc', derive(1, 24), derive(2, 8))
    return Buffer.concat([decipher.update(encrypted), decipher.final()])
  }
  if (algorithm.oid !== OID.pbeSha1Rc2Of40) throw malformed(`password encryption ${algorithm.oid} is not supported`)
  const decipher = forge.rc2.createDecryptionCipher(derive(1, 5).toString('binary'), 40)
  decipher.start(derive(2, 8).toString('binary'))
  decipher.update(forge.util.createBuffer(encrypted.toString('binary')))
  if (!decipher.finish()) throw malformed('padding')
  return Buffer.from(decipher.output.getBytes(), 'binary')
}

function decryptPbes2(schemes: Members, encrypted: Buffer, password: string): Buffer {
  const derivation = algorithmValue(schemes.take())
  const cipher = algorithmValue(schemes.take())
  schemes.end()
  const length = CBC[cipher.oid]
  if (derivation.oid !== OID.pbkdf2 || !derivation.parameters || !length || !cipher.parameters) {
    throw malformed('derivation or cipher is not supported')
  }
  const members = new Members(derivation.parameters, der.TAG.sequence)
  const salt = octets(members.take())
  const iterations = smallInteger(members.take())
  members.optional(der.TAG.integer)
  const prfField = members.optional(der.TAG.sequence)
  members.end()
  const prf = prfField ? PRF[algorithmValue(prfField).oid] : 'sha1'
  if (!prf || iterations > MOST_PBKDF2 || iterations < 1) throw malformed('derivation is not supported')
  const key = pbkdf2Sync(password, salt, iterations, length, prf)
  const decipher = createDecipheriv(`aes-${length * 8}-cbc`, key, octets(cipher.parameters))
  return Buffer.concat([decipher.update(encrypted), decipher.final()])
}

/** The MAC of RFC 7292 section 4 over the authenticated safe. */
export function passwordMac(
  digest: 'sha1' | 'sha256' | 'sha384' | 'sha512',
  password: string,
  salt: Buffer,
  iterations: number,
  content: Buffer,
): Buffer {
  const length = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 }[digest]
  return createHmac(digest, oldKey(password, salt, 3, iterations, length, digest))
    .update(content)
    .digest()
}

/** RFC 7292 appendix B.2: id 1 is a key, 2 an IV, 3 a MAC key. */
function oldKey(
  password: string,
  salt: Buffer,
  id: 1 | 2 | 3,
  iterations: number,
  length: number,
  digest: 'sha1' | 'sha256' | 'sha384' | 'sha512',
): Buffer {
  if (iterations > MOST_OLD || iterations < 1) throw malformed('iteration count')
  const bytes = forge.pkcs12.generateKey(
    password,
    forge.util.createBuffer(salt.toString('binary')),
    id,
    iterations,
    length,
    forge.md[digest].create(),
  )
  return Buffer.from(bytes.getBytes(), 'binary')
}
