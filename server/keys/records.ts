import type { KeyRecord, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import { privateKeyOf } from './authority.ts'
import { fingerprint, readCertificates } from './certificate.ts'
import { sealPrivateKey } from './seal.ts'

/** Who a private key belongs to and under which tenant's key it is sealed. */
export interface KeyOwner {
  readonly tenant: TenantId
  /** Canonical address of the user, or of the organisation's mailbox for `gateway`. */
  readonly address: string
  readonly use: 'own' | 'gateway'
  /** Epoch ms. */
  readonly now: number
}

/**
 * Record of a user's or the organisation's S/MIME key: PEM certificate with its chain behind it, PKCS#8 PEM key. Raises
 * `certificate-unusable`, or `key-unusable` when the key does not belong to the certificate.
 */
export function keyRecordOfIdentity(
  secrets: TenantSecrets,
  owner: KeyOwner,
  pem: { readonly certificate: string; readonly privateKey: string },
): KeyRecord {
  const [leaf] = readCertificates(pem.certificate)
  if (!leaf!.checkPrivateKey(privateKeyOf(pem.privateKey))) {
    throw new Fault('key-unusable', 'the key does not belong to the certificate')
  }
  const id = fingerprint(leaf!)
  return {
    id,
    kind: 'smime',
    use: owner.use,
    address: owner.address,
    publicText: pem.certificate,
    sealedPrivate: sealPrivateKey(
      secrets.keyEncryptionKey(owner.tenant),
      { tenant: owner.tenant, fingerprint: id },
      pem.privateKey,
    ),
    revokedAt: null,
    createdAt: owner.now,
  }
}

/**
 * Record of a correspondent's certificate with its chain; `capabilities` are object identifiers of what the program there
 * reads, where that is known. Raises `certificate-unusable`.
 */
export function keyRecordOfPeer(
  address: string,
  pem: string,
  now: number,
  capabilities?: readonly string[],
): KeyRecord {
  const [leaf] = readCertificates(pem)
  return { ...record('smime', fingerprint(leaf!), address, pem, now), ...(capabilities ? { capabilities } : {}) }
}

/** Record of a trust anchor: a CA, or one correspondent's certificate that is to be trusted as it is. */
export function keyRecordOfAnchor(pem: string, now: number): KeyRecord {
  const certificates = readCertificates(pem)
  if (certificates.length !== 1) throw new Fault('certificate-unusable', 'one anchor a record')
  return record('anchor', fingerprint(certificates[0]!), '', pem, now)
}

/** Record of a correspondent's OpenPGP key; `id` is its fingerprint in lower-case hex. */
export function keyRecordOfPgpPeer(id: string, address: string, armored: string, now: number): KeyRecord {
  return record('pgp', id, address, armored, now)
}

/** Record of an own OpenPGP key; the private part must already be unlocked: the seal protects it. */
export function keyRecordOfPgpIdentity(
  secrets: TenantSecrets,
  owner: KeyOwner,
  key: { readonly id: string; readonly armoredPublic: string; readonly armoredPrivate: string },
): KeyRecord {
  return {
    ...record('pgp', key.id, owner.address, key.armoredPublic, owner.now),
    use: owner.use,
    sealedPrivate: sealPrivateKey(
      secrets.keyEncryptionKey(owner.tenant),
      { tenant: owner.tenant, fingerprint: key.id },
      key.armoredPrivate,
    ),
  }
}

function record(kind: KeyRecord['kind'], id: string, address: string, publicText: string, now: number): KeyRecord {
  return { id, kind, use: 'peer', address, publicText, sealedPrivate: null, revokedAt: null, createdAt: now }
}
