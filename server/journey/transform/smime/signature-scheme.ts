import type { KeyObject } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'
import { algorithm, context, integer, nullValue, sequence } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { carrying, PSS_SHA256 } from './rsa-key.ts'

export type Digest = 'sha256' | 'sha384' | 'sha512'

/** How RSA keys sign: `pkcs1` (RSASSA-PKCS1-v1_5) is read everywhere, `pss` (RSASSA-PSS, RFC 8551 SHOULD+) is the better proof. */
export type RsaSignature = 'pkcs1' | 'pss'

/** How a key signs: what is written into SignerInfo and what is computed. */
export interface SignatureScheme {
  readonly digest: Digest
  /** `micalg` of RFC 8551 3.5.3.2. */
  readonly micalg: string
  readonly digestAlgorithm: Buffer
  readonly signatureAlgorithm: Buffer
  /** Digest for crypto.sign; null where the scheme takes the data as it is (Ed25519, ML-DSA). */
  readonly signDigest: Digest | null
  /** RSASSA-PSS with a salt as long as the digest. */
  readonly pss: boolean
  /** Whether the same data is signed with the same bytes each time. */
  readonly repeatable: boolean
  /**
   * One signature: `microseconds` is about what handing it to another thread and back costs, `longer` is work for that thread.
   */
  readonly takes: 'microseconds' | 'longer'
  /** One signature in so many is verified before it leaves. */
  readonly checkedOneIn: number
  /** For receipts. */
  readonly name: string
}

const DIGEST_OID = { sha256: OID.sha256, sha384: OID.sha384, sha512: OID.sha512 } as const
const MICALG = { sha256: 'sha-256', sha384: 'sha-384', sha512: 'sha-512' } as const
const DIGEST_SIZE = { sha256: 32, sha384: 48, sha512: 64 } as const

/** Checking costs a good part of signing. */
const CHECKED_ONE_IN = 16
/**
 * OpenSSL raises each RSA result to the public exponent and compares (`rsa_ossl_mod_exp`), because a faulty one would give the key
 * away: what is left to check is what is around that operation.
 */
const RSA_CHECKED_ONE_IN = 64

type Kind = Pick<SignatureScheme, 'repeatable' | 'takes'> & {
  readonly checkedOneIn?: number
  readonly parameters?: Buffer
  readonly whole?: boolean
}

function scheme(digest: Digest, oid: string, name: string, kind: Kind): SignatureScheme {
  return {
    digest,
    micalg: MICALG[digest],
    // RFC 5754 section 2: SHA-2 identifiers are written without parameters.
    digestAlgorithm: algorithm(DIGEST_OID[digest]),
    signatureAlgorithm: algorithm(oid, ...(kind.parameters ? [kind.parameters] : [])),
    signDigest: kind.whole ? null : digest,
    pss: oid === OID.rsaPss,
    repeatable: kind.repeatable,
    takes: kind.takes,
    checkedOneIn: kind.checkedOneIn ?? CHECKED_ONE_IN,
    name,
  }
}

/** RSASSA-PSS-params (RFC 8017 A.2.3, RFC 4056): one digest for hash and mask, the salt as long as it. */
function pssParameters(digest: Digest): Buffer {
  const hash = algorithm(DIGEST_OID[digest])
  return sequence(context(0, hash), context(1, algorithm(OID.mgf1, hash)), context(2, integer(DIGEST_SIZE[digest])))
}

const RSA_COMMON = { takes: 'longer', checkedOneIn: RSA_CHECKED_ONE_IN } as const
const RSA_KIND: Kind = { ...RSA_COMMON, repeatable: true, parameters: nullValue() }
const RSA = scheme('sha256', OID.rsaSha256, 'RSASSA-PKCS1-v1_5 SHA-256', RSA_KIND)
const PSS_KIND: Kind = { ...RSA_COMMON, repeatable: false, parameters: pssParameters('sha256') }
const PSS = scheme('sha256', OID.rsaPss, 'RSASSA-PSS SHA-256', PSS_KIND)
const EC_KIND: Kind = { repeatable: false, takes: 'longer' }
const P256 = scheme('sha256', OID.ecdsaSha256, 'ECDSA P-256 SHA-256', { ...EC_KIND, takes: 'microseconds' })
const P384 = scheme('sha384', OID.ecdsaSha384, 'ECDSA P-384 SHA-384', EC_KIND)
const P521 = scheme('sha512', OID.ecdsaSha512, 'ECDSA P-521 SHA-512', EC_KIND)
// RFC 8419 section 3: the message digest with Ed25519 is SHA-512.
const ED25519 = scheme('sha512', OID.ed25519, 'Ed25519 SHA-512', {
  repeatable: true,
  takes: 'microseconds',
  whole: true,
})
// RFC 9882 section 3.3: SHA-512 suits all three; parameters are absent.
const ML_DSA_KIND: Kind = { repeatable: false, takes: 'longer', whole: true }

const BY_CURVE: Readonly<Record<string, SignatureScheme>> = { prime256v1: P256, secp384r1: P384, secp521r1: P521 }
const BY_TYPE: Readonly<Record<string, SignatureScheme>> = {
  rsa: RSA,
  'rsa-pss': PSS,
  ed25519: ED25519,
  'ml-dsa-44': scheme('sha512', OID.mlDsa44, 'ML-DSA-44 SHA-512', ML_DSA_KIND),
  'ml-dsa-65': scheme('sha512', OID.mlDsa65, 'ML-DSA-65 SHA-512', ML_DSA_KIND),
  'ml-dsa-87': scheme('sha512', OID.mlDsa87, 'ML-DSA-87 SHA-512', ML_DSA_KIND),
}

/** Asking a key object for its curve costs more than signing with it. */
const known = new WeakMap<KeyObject, SignatureScheme>()

/**
 * The scheme of a key: RSA (PKCS#1 v1.5 unless `rsa` says otherwise), ECDSA by curve, Ed25519, ML-DSA. Raises
 * `key-unusable`.
 */
export function schemeOf(key: KeyObject, rsa: RsaSignature = 'pkcs1'): SignatureScheme {
  let found = known.get(key)
  if (!found) {
    const type = key.asymmetricKeyType ?? ''
    const curve = key.asymmetricKeyDetails?.namedCurve ?? ''
    found = type === 'ec' ? BY_CURVE[curve] : BY_TYPE[type]
    if (!found) throw new Fault('key-unusable', 'a key of this kind does not sign S/MIME')
    known.set(key, found)
  }
  if (rsa === 'pkcs1') return found
  return found === RSA ? PSS : found
}

/** What crypto.sign and crypto.verify take for a key of this scheme. */
export const keyInput = ({ pss }: SignatureScheme, key: KeyObject): KeyObject => (pss ? carrying(key, PSS_SHA256) : key)
