import {
  createHash,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../../shared/fault/index.ts'
import { readElement } from './asn1/ber-read.ts'
import * as der from './asn1/der.ts'
import { OID } from './asn1/oids.ts'
import { certificateOf, fieldsOf } from './certificate.ts'

/** The tenant's own certification authority: it vouches for the tenant's users where no public CA does. */
export interface Authority {
  readonly certificate: X509Certificate
  readonly privateKey: KeyObject
}

export type KeyType = 'rsa2048' | 'rsa3072' | 'p256' | 'p384'

export interface CertificateRequest {
  readonly address: string
  /** Common name; what mail programs show beside the address. */
  readonly name: string
  readonly keyType: KeyType
  /** Epoch ms. */
  readonly notBefore: number
  readonly notAfter: number
}

/** PEM texts; the private key is PKCS#8 and not sealed (see `sealPrivateKey`). */
export interface IssuedCertificate {
  readonly certificate: string
  readonly privateKey: string
}

const signAsync = promisify<string | null, Uint8Array, KeyObject, Buffer>(sign)
const generate = promisify(generateKeyPair)
const YEAR = 365.25 * 86_400_000

/**
 * Makes a self-signed CA (default: P-384, ten years from `now`, one hour of grace before it for clocks that run behind).
 * It may issue end certificates only (path length 0).
 */
export async function createAuthority(options: {
  organisation: string
  now: number
  years?: number
  keyType?: KeyType
}): Promise<Authority> {
  const { publicKey, privateKey } = await newKeyPair(options.keyType ?? 'p384')
  const subject = nameOf([
    [OID.organization, options.organisation],
    [OID.commonName, `${options.organisation} Mail CA`],
  ])
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const certificate = await issue(privateKey, {
    issuer: subject,
    subject,
    notBefore: options.now - 3_600_000,
    notAfter: options.now + (options.years ?? 10) * YEAR,
    spki,
    extensions: [
      extension(OID.basicConstraints, true, der.sequence(der.booleanTrue(), der.integer(0))),
      // keyCertSign and cRLSign: bits 5 and 6.
      extension(OID.keyUsage, true, der.bitString(Buffer.from([0x06]), 1)),
      extension(OID.subjectKeyIdentifier, false, der.octetString(keyIdOf(spki))),
    ],
  })
  return { certificate, privateKey }
}

/** An authority from its stored PEM texts. Raises `certificate-unusable` or `key-unusable`. */
export function openAuthority(certificate: string, privateKey: string): Authority {
  const opened = { certificate: certificateOf(certificate), privateKey: privateKeyOf(privateKey) }
  if (!opened.certificate.checkPrivateKey(opened.privateKey)) {
    throw new Fault('key-unusable', 'the key does not belong to the certificate')
  }
  return opened
}

/**
 * Makes a key pair and issues its certificate for S/MIME (RFC 8550 and RFC 5280 4.2: emailProtection, rfc822Name or
 * SmtpUTF8Mailbox, key identifiers; one certificate for signing and encrypting). P-256 takes about 1 ms, RSA-2048 some
 * 100 ms off the event loop. Raises `certificate-unusable` for an address or times no certificate can carry.
 */
export async function issueCertificate(authority: Authority, request: CertificateRequest): Promise<IssuedCertificate> {
  const own = fieldsOf(authority.certificate)
  if (request.notAfter <= request.notBefore || request.notAfter > own.notAfter) {
    throw new Fault('certificate-unusable', 'validity outside that of the authority')
  }
  const { publicKey, privateKey } = await newKeyPair(request.keyType)
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // digitalSignature, with keyEncipherment (bit 2) for RSA or keyAgreement (bit 4) for elliptic curves.
  const usage = request.keyType.startsWith('rsa')
    ? der.bitString(Buffer.from([0xa0]), 5)
    : der.bitString(Buffer.from([0x88]), 3)
  const certificate = await issue(authority.privateKey, {
    issuer: own.subject,
    subject: nameOf([[OID.commonName, request.name]]),
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    spki,
    extensions: [
      extension(OID.basicConstraints, true, der.sequence()),
      extension(OID.keyUsage, true, usage),
      extension(OID.extKeyUsage, false, der.sequence(der.oid(OID.emailProtection))),
      extension(OID.subjectAltName, false, der.sequence(mailName(request.address))),
      extension(OID.subjectKeyIdentifier, false, der.octetString(keyIdOf(spki))),
      ...(own.subjectKeyId
        ? [
            extension(
              OID.authorityKeyIdentifier,
              false,
              der.sequence(der.contextPrimitive(0, Buffer.from(own.subjectKeyId))),
            ),
          ]
        : []),
    ],
  })
  return {
    certificate: certificate.toString(),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** A private key from unencrypted PEM. Raises `key-unusable`. */
export function privateKeyOf(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw new Fault('key-unusable', 'not a private key', { cause })
  }
}

async function newKeyPair(keyType: KeyType): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  switch (keyType) {
    case 'rsa2048':
      return generate('rsa', { modulusLength: 2048 })
    case 'rsa3072':
      return generate('rsa', { modulusLength: 3072 })
    case 'p256':
      return generate('ec', { namedCurve: 'P-256' })
    case 'p384':
      return generate('ec', { namedCurve: 'P-384' })
  }
}

interface ToBeSigned {
  readonly issuer: Buffer
  readonly subject: Buffer
  readonly notBefore: number
  readonly notAfter: number
  readonly spki: Buffer
  readonly extensions: readonly Buffer[]
}

async function issue(key: KeyObject, content: ToBeSigned): Promise<X509Certificate> {
  const { hash, identifier } = issuingAlgorithm(key)
  const tbs = der.sequence(
    der.context(0, der.integer(2)),
    // 127 random bits: unpredictable and unique without a counter (CA/Browser Forum asks for 64).
    der.integer(positive(randomBytes(16))),
    identifier,
    content.issuer,
    der.sequence(der.time(content.notBefore), der.time(content.notAfter)),
    content.subject,
    content.spki,
    der.context(3, der.sequence(...content.extensions)),
  )
  const signature = await signAsync(hash, tbs, key)
  return certificateOf(der.sequence(tbs, identifier, der.bitString(signature)))
}

function issuingAlgorithm(key: KeyObject): { hash: string; identifier: Buffer } {
  if (key.asymmetricKeyType === 'rsa') {
    return { hash: 'sha256', identifier: der.algorithm(OID.rsaSha256, der.nullValue()) }
  }
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return { hash: 'sha256', identifier: der.algorithm(OID.ecdsaSha256) }
    case 'secp384r1':
      return { hash: 'sha384', identifier: der.algorithm(OID.ecdsaSha384) }
    default:
      throw new Fault('key-unusable', 'an authority needs RSA, P-256 or P-384')
  }
}

function positive(octets: Buffer): Buffer {
  octets[0] = (octets[0]! & 0x3f) | 0x40
  return octets
}

function nameOf(attributes: readonly (readonly [oid: string, text: string])[]): Buffer {
  return der.sequence(
    // 64 characters: ub-common-name and ub-organization-name of RFC 5280 appendix A.
    ...attributes.map(([oid, text]) =>
      der.setOf(der.sequence(der.oid(oid), der.utf8String([...text].slice(0, 64).join('')))),
    ),
  )
}

function mailName(address: string): Buffer {
  if (!/^[^\s\p{C}@]+@[^\s\p{C}@]+$/u.test(address) || address.length > 320) {
    throw new Fault('certificate-unusable', 'not a mail address')
  }
  return /^[!-~]+$/.test(address)
    ? der.contextPrimitive(1, Buffer.from(address, 'latin1'))
    : der.context(0, der.oid(OID.smtpUtf8Mailbox), der.context(0, der.utf8String(address)))
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.booleanTrue()] : []), der.octetString(value))
}

/** RFC 7093 section 2 method 1: the leftmost 160 bits of the SHA-256 of the public key's bits. */
function keyIdOf(spki: Buffer): Buffer {
  const bits = readElement(spki, { encoding: 'der' }).children[1]!
  return createHash('sha256').update(bits.content.subarray(1)).digest().subarray(0, 20)
}
