import { generateKey, type Key } from 'openpgp'
import type { KeyRecord, KeyState } from '../../../../shared/domain/index.ts'
import { Fault } from '../../../../shared/fault/index.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { succeeds } from './check.ts'
import { pgpConfig, revocationConfig } from './config.ts'
import { publicKeyOf } from './public-key.ts'

export type PgpKeyKind = 'ecc' | 'rsa3072'

/**
 * Whether an armored public key can encrypt to `address` at `at` (epoch ms): `untrusted` when no self-signed, unrevoked
 * user id names the address, `none` when it cannot be read or has nothing to encrypt with.
 */
export async function pgpKeyState(armored: string, address: string, at: number): Promise<KeyState> {
  const key = await publicKeyOf(armored).catch(() => null)
  if (!key) return 'none'
  const date = new Date(at)
  if (await key.isRevoked(undefined, undefined, date, revocationConfig)) return 'revoked'
  if (await succeeds(key.getEncryptionKey(undefined, date, undefined, pgpConfig))) {
    return (await namesAddress(key, address, date)) ? 'valid' : 'untrusted'
  }
  if (key.getCreationTime().getTime() > at) return 'none'
  // Usable but for the date (null switches that check off): it has expired.
  return (await succeeds(key.getEncryptionKey(undefined, null, undefined, pgpConfig))) ? 'expired' : 'none'
}

/** Fingerprint, hex, lower case: 40 digits for version 4, 64 for version 6. Raises `key-unusable`. */
export async function pgpFingerprint(armored: string): Promise<string> {
  return (await publicKeyOf(armored)).getFingerprint()
}

/**
 * A new key pair without a passphrase, version 4: `ecc` is Ed25519 and Curve25519 in the form that gpg 2.2 reads,
 * `rsa3072` for partners that know nothing else. `time` and `expires` are epoch ms. Raises `address-invalid`.
 */
export async function generatePgpKey(of: {
  readonly name: string
  readonly address: string
  readonly time: number
  readonly kind: PgpKeyKind
  readonly expires?: number
  readonly gateway?: boolean
}): Promise<PgpIdentity> {
  const common = {
    userIDs: [of.name ? { name: of.name, email: of.address } : { email: of.address }],
    date: new Date(of.time),
    ...(of.expires === undefined ? {} : { keyExpirationTime: Math.floor((of.expires - of.time) / 1000) }),
    format: 'armored' as const,
    config: pgpConfig,
  }
  const pair = await (of.kind === 'ecc'
    ? generateKey({ ...common, type: 'ecc', curve: 'curve25519Legacy' })
    : generateKey({ ...common, type: 'rsa', rsaBits: 3072 })
  ).catch((cause) => {
    throw new Fault('address-invalid', 'no OpenPGP user id can be made of this name and address', { cause })
  })
  return { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: of.gateway ?? false }
}

/** The row to store for a key; `sealedPrivate` is the armored private key sealed by the caller, null for a peer's. */
export async function keyRecordOfPgp(of: {
  readonly armoredPublic: string
  readonly use: KeyRecord['use']
  /** Canonical form. */
  readonly address: string
  readonly sealedPrivate: Uint8Array | null
  readonly now: number
}): Promise<KeyRecord> {
  return {
    id: await pgpFingerprint(of.armoredPublic),
    kind: 'pgp',
    use: of.use,
    address: of.address,
    publicText: of.armoredPublic,
    sealedPrivate: of.sealedPrivate,
    revokedAt: null,
    createdAt: of.now,
  }
}

async function namesAddress(key: Key, address: string, date: Date): Promise<boolean> {
  const wanted = address.toLowerCase()
  for (const user of key.users) {
    if (user.userID?.email.toLowerCase() !== wanted) continue
    if (await succeeds(user.verify(date, pgpConfig))) return true
  }
  return false
}
