import type { KeyObject } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { algorithm, nullValue } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'

export type Digest = 'sha256' | 'sha384' | 'sha512'

/** How a key signs: what is written into SignerInfo and what is computed. */
export interface SignatureScheme {
  readonly digest: Digest
  /** `micalg` of RFC 8551 3.5.3.2. */
  readonly micalg: string
  readonly digestAlgorithm: Buffer
  readonly signatureAlgorithm: Buffer
  /** Digest for crypto.sign; null where the scheme hashes by itself (Ed25519). */
  readonly signDigest: Digest | null
  /** For receipts. */
  readonly name: string
}

const DIGEST_OID = { sha256: OID.sha256, sha384: OID.sha384, sha512: OID.sha512 } as const
const MICALG = { sha256: 'sha-256', sha384: 'sha-384', sha512: 'sha-512' } as const

function scheme(digest: Digest, oid: string, name: string, parameters: readonly Buffer[] = []): SignatureScheme {
  return {
    digest,
    micalg: MICALG[digest],
    // RFC 5754 section 2: SHA-2 identifiers are written without parameters.
    digestAlgorithm: algorithm(DIGEST_OID[digest]),
    signatureAlgorithm: algorithm(oid, ...parameters),
    signDigest: oid === OID.ed25519 ? null : digest,
    name,
  }
}

const RSA = scheme('sha256', OID.rsaSha256, 'RSASSA-PKCS1-v1_5 SHA-256', [nullValue()])
const P256 = scheme('sha256', OID.ecdsaSha256, 'ECDSA P-256 SHA-256')
const P384 = scheme('sha384', OID.ecdsaSha384, 'ECDSA P-384 SHA-384')
const P521 = scheme('sha512', OID.ecdsaSha512, 'ECDSA P-521 SHA-512')
// RFC 8419 section 3: the message digest with Ed25519 is SHA-512.
const ED25519 = scheme('sha512', OID.ed25519, 'Ed25519 SHA-512')

const BY_CURVE: Readonly<Record<string, SignatureScheme>> = { prime256v1: P256, secp384r1: P384, secp521r1: P521 }

/** The scheme of a key: RSA with PKCS#1 v1.5 (what every reader knows), ECDSA by curve, Ed25519. Raises `key-unusable`. */
export function schemeOf(key: KeyObject): SignatureScheme {
  const type = key.asymmetricKeyType
  const curve = key.asymmetricKeyDetails?.namedCurve ?? ''
  const found = type === 'rsa' ? RSA : type === 'ed25519' ? ED25519 : type === 'ec' ? BY_CURVE[curve] : undefined
  if (!found) throw new Fault('key-unusable', 'a key of this kind does not sign S/MIME')
  return found
}
