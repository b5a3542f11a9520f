import { constants, createVerify, type KeyObject, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { Fault } from '../../../../shared/fault/index.ts'
import { Members } from '../../../keys/asn1/ber-read.ts'
import { contextTag, TAG } from '../../../keys/asn1/der.ts'
import { OID } from '../../../keys/asn1/oids.ts'
import { type AlgorithmIdentifier, algorithmValue, explicit, smallInteger } from '../../../keys/asn1/values.ts'
import type { SignerInfo } from './signed-read.ts'

/** How a signature is checked. */
export interface CheckScheme {
  /** As reports name it: `rsa`, `rsa-pss`, `ecdsa`, `ed25519`, `ml-dsa-65`. */
  readonly key: string
  /** null where the scheme takes the data as it is (Ed25519, ML-DSA). */
  readonly hash: string | null
  readonly saltLength?: number
}

const invalid = (detail: string) => new Fault('signature-invalid', detail)

/** Digests that are believed, by object identifier. */
export const DIGESTS: Readonly<Record<string, string>> = {
  [OID.sha256]: 'sha256',
  [OID.sha384]: 'sha384',
  [OID.sha512]: 'sha512',
}

const SCHEMES: Readonly<Record<string, { key: 'rsa' | 'ecdsa'; hash: string }>> = {
  [OID.rsaSha256]: { key: 'rsa', hash: 'sha256' },
  [OID.rsaSha384]: { key: 'rsa', hash: 'sha384' },
  [OID.rsaSha512]: { key: 'rsa', hash: 'sha512' },
  [OID.ecdsaSha256]: { key: 'ecdsa', hash: 'sha256' },
  [OID.ecdsaSha384]: { key: 'ecdsa', hash: 'sha384' },
  [OID.ecdsaSha512]: { key: 'ecdsa', hash: 'sha512' },
}

/** Schemes that take the data as it is (RFC 8419, RFC 9882); their names are those of node:crypto. */
const WHOLE: Readonly<Record<string, string>> = {
  [OID.ed25519]: 'ed25519',
  [OID.mlDsa44]: 'ml-dsa-44',
  [OID.mlDsa65]: 'ml-dsa-65',
  [OID.mlDsa87]: 'ml-dsa-87',
}

const KEY_TYPES: Readonly<Record<string, readonly string[]>> = {
  rsa: ['rsa'],
  // A key that says of itself that it is for PSS only (RFC 4055) is one, too.
  'rsa-pss': ['rsa', 'rsa-pss'],
  ecdsa: ['ec'],
}

/** The scheme a SignerInfo names, which must fit its digest and the kind of the key. Raises `signature-invalid`. */
export function schemeOf(signer: SignerInfo, key: KeyObject): CheckScheme {
  const scheme = named(signer.algorithm, DIGESTS[signer.digest]!)
  const fits = KEY_TYPES[scheme.key] ?? [scheme.key]
  if (!fits.includes(key.asymmetricKeyType ?? '')) throw invalid('algorithm and key do not belong together')
  return scheme
}

function named({ oid, parameters }: AlgorithmIdentifier, digest: string): CheckScheme {
  if (oid === OID.rsaEncryption) return { key: 'rsa', hash: digest }
  const whole = WHOLE[oid]
  if (whole) return { key: whole, hash: null }
  const known = SCHEMES[oid]
  if (known) {
    if (known.hash !== digest) throw invalid('two different digests')
    return known
  }
  if (oid !== OID.rsaPss || !parameters) throw invalid('signature algorithm is weak or unknown')
  // RSASSA-PSS-params (RFC 8017 A.2.3); the defaults are SHA-1, so hash and mask must be there.
  const members = new Members(parameters, TAG.sequence)
  const hash = DIGESTS[algorithmValue(explicit(members.take(contextTag(0)), 0)).oid]
  const mask = algorithmValue(explicit(members.take(contextTag(1)), 1))
  const maskHash = mask.oid === OID.mgf1 && mask.parameters ? DIGESTS[algorithmValue(mask.parameters).oid] : null
  const salt = members.optional(contextTag(2))
  members.optional(contextTag(3))
  members.end()
  if (hash !== digest || maskHash !== digest) throw invalid('digest is weak or unknown')
  return { key: 'rsa-pss', hash, saltLength: salt ? smallInteger(explicit(salt, 2)) : 20 }
}

const verifyAsync = promisify<string | null, Uint8Array, Parameters<typeof verify>[2], Buffer, boolean>(verify)

const keyInput = ({ key: name, saltLength = 20 }: CheckScheme, key: KeyObject) =>
  name === 'rsa-pss' ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } : key

/** Whether `signature` is one of `key` over `data`. */
export async function holds(scheme: CheckScheme, data: Buffer, key: KeyObject, signature: Buffer): Promise<boolean> {
  try {
    return await verifyAsync(scheme.hash, data, keyInput(scheme, key), signature)
  } catch {
    return false
  }
}

/** The same over data that streams by; only for schemes that hash. */
export async function holdsOver(
  scheme: CheckScheme,
  data: AsyncIterable<Uint8Array>,
  key: KeyObject,
  signature: Buffer,
): Promise<boolean> {
  const check = createVerify(scheme.hash ?? '')
  for await (const chunk of data) check.update(chunk)
  try {
    return check.verify(keyInput(scheme, key), signature)
  } catch {
    return false
  }
}
