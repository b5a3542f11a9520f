import { hash, type X509Certificate } from 'node:crypto'
import type { KeyRecord, KeyState, TenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { lookupAddress } from '../../shared/words/address.ts'
import type { CertificateFound, Keyring, PgpIdentity, RevocationLists, SmimeIdentity } from '../ports/keyring.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { TenantReads } from '../ports/store.ts'
import { OID } from './asn1/oids.ts'
import { privateKeyOf } from './authority.ts'
import { fieldsOf, issuedAs, readCertificates, usableFor } from './certificate.ts'
import { verifyPath } from './path.ts'
import { RecentlyUsed } from './recently-used.ts'
import { openPrivateKey } from './seal.ts'
import { openStandingPassword } from './standing-password.ts'

/** Where records come from: a tenant's handle of the store, or a list in memory. */
export type KeySource = (tenant: TenantId) => Pick<TenantReads, 'keys'>

/** What the keyring asks the OpenPGP room. */
export interface PgpKeys {
  /** State of an armored public key for encrypting to `address` at `at` (epoch ms). Never `none`. */
  state(armored: string, address: string, at: number): Promise<KeyState>
}

export interface KeyringOptions {
  /** Whether the tenant encrypts to certificates for key encapsulation as well; nobody does when left out. */
  readonly postQuantum?: (tenant: TenantId) => boolean
  /** Revocation lists of the tenant; none when left out. */
  readonly lists?: (tenant: TenantId) => RevocationLists | null
}

/** Certificates and key objects that stay parsed (0.3 ms each), over all tenants. */
const PARSED = 2_000
/** What is reported when nothing is valid: a revocation is what a person must hear of first. */
const RANK: readonly KeyState[] = ['valid', 'revoked', 'expired', 'untrusted', 'none']

/**
 * The keyring over stored records. Trust: a correspondent's certificate must chain to an anchor of the tenant, or be an
 * anchor itself (that is how one self-signed certificate is pinned); a record with our own private key was put there by
 * us and needs no path. OpenPGP keys of the directory are trusted as stored. Sealed keys that do not open raise
 * `key-unusable`; a store that is down raises `store-unavailable`.
 */
export function createKeyring(
  source: KeySource,
  secrets: TenantSecrets,
  pgp: PgpKeys,
  { postQuantum = () => false, lists = () => null }: KeyringOptions = {},
): Keyring {
  const certificates = new RecentlyUsed<readonly X509Certificate[]>(PARSED)
  const identities = new RecentlyUsed<SmimeIdentity>(PARSED)

  // Keyed by content: an id is only as true as whoever wrote the record, and this memo serves all tenants.
  const chainOf = ({ publicText }: KeyRecord) =>
    certificates.get(hash('sha256', publicText), () => readCertificates(publicText))

  const opened = (tenant: TenantId, record: KeyRecord) =>
    openPrivateKey(
      secrets.keyEncryptionKey(tenant),
      { tenant, fingerprint: record.id },
      record.sealedPrivate ?? new Uint8Array(0),
    )

  const readable = (record: KeyRecord) => {
    try {
      return chainOf(record)
    } catch (error) {
      if (error instanceof Fault) return []
      throw error
    }
  }

  const revokedAs = (record: KeyRecord) => {
    const [certificate] = record.kind === 'smime' ? readable(record) : []
    return certificate ? [record.id, issuedAs(certificate)] : [record.id]
  }

  const identityOf = (tenant: TenantId, record: KeyRecord) =>
    identities.get(`${tenant}/${record.id}/${record.use}/${hash('sha256', record.publicText)}`, () => {
      const [certificate, ...chain] = chainOf(record)
      const privateKey = privateKeyOf(opened(tenant, record))
      return { certificate: certificate!, chain, privateKey, gateway: record.use === 'gateway' }
    })

  const pgpIdentityOf = (tenant: TenantId, record: KeyRecord): PgpIdentity => ({
    armoredPrivate: opened(tenant, record),
    armoredPublic: record.publicText,
    gateway: record.use === 'gateway',
  })

  // An envelope keeps the case that the client typed; keys are filed under the canonical form.
  const keysOf = (tenant: TenantId, query: Parameters<TenantReads['keys']>[0]) =>
    source(tenant).keys(query.address === undefined ? query : { ...query, address: lookupAddress(query.address) })

  const anchors = async (tenant: TenantId) =>
    (await keysOf(tenant, { kind: 'anchor' })).filter((record) => record.revokedAt === null).flatMap(chainOf)

  const privateRecords = async (tenant: TenantId, kind: 'smime' | 'pgp', address: string) => {
    const own = await keysOf(tenant, { kind, use: 'own', address })
    const gateway = await keysOf(tenant, { kind, use: 'gateway' })
    return { own: own.filter(isPrivate), gateway: gateway.filter(isPrivate) }
  }

  return {
    async certificate(tenant, address, at) {
      const records = await keysOf(tenant, { kind: 'smime', address })
      const asked = lists(tenant)
      const trusted = records.every(isOwnPrivate) && asked === null ? [] : await anchors(tenant)
      const revoked = new Set(records.filter((record) => stateOf(record, at) !== null).flatMap(revokedAs))
      const found = records
        .filter((record) => record.use !== 'gateway')
        .map((record): CertificateFound => {
          const [certificate, ...chain] = readable(record)
          // One damaged row must not stop mail to those who have another certificate, or another way.
          if (!certificate) return { state: 'untrusted', certificate: null }
          const twice = revoked.size > 0 && revoked.has(issuedAs(certificate)) ? 'revoked' : null
          const state = twice ?? certificateState(record, certificate, chain, trusted, asked, address, at)
          const readsGcm = readsGcmOf(record, certificate)
          return { state, certificate: state === 'valid' ? certificate : null, ...(readsGcm ? { readsGcm } : {}) }
        })
        .sort((a, b) => lifetime(b.certificate) - lifetime(a.certificate))
      const [kems, others] = [found.filter(encapsulates), found.filter((one) => !encapsulates(one))]
      const kem = postQuantum(tenant) ? kems[0] : undefined
      const classical = best(others, { state: 'none', certificate: null })
      if (!kem?.certificate) return classical
      // Who has nothing but a certificate for key encapsulation gets that alone; whoever reads it knows GCM, which is younger.
      if (classical.certificate) return { ...classical, kem: kem.certificate }
      return { ...kem, readsGcm: true }
    },

    async pgpKey(tenant, address, at) {
      const records = await keysOf(tenant, { kind: 'pgp', address })
      const found = records
        .filter((record) => record.use !== 'gateway')
        .sort((a, b) => b.createdAt - a.createdAt)
        .map(async (record) => {
          const state = stateOf(record, at) ?? (await pgp.state(record.publicText, address, at))
          return { state, armored: state === 'valid' ? record.publicText : null }
        })
      return best(await Promise.all(found), { state: 'none', armored: null })
    },

    async smimeIdentity(tenant, address, at) {
      const { own, gateway } = await privateRecords(tenant, 'smime', address)
      const asked = lists(tenant)
      const trusted = asked === null ? [] : await anchors(tenant)
      const isListed = (record: KeyRecord) => {
        const [certificate, ...chain] = chainOf(record)
        return asked !== null && verifyPath(certificate!, chain, trusted, at, asked) === 'certificate-revoked'
      }
      const newest = (records: readonly KeyRecord[], wanted: string | null) =>
        records
          .filter((record) => signs(record, chainOf(record)[0]!, wanted, at) && !isListed(record))
          .sort((a, b) => lifetime(chainOf(b)[0]!) - lifetime(chainOf(a)[0]!))[0]
      const record = newest(own, address) ?? newest(gateway, null)
      return record ? identityOf(tenant, record) : null
    },

    async pgpIdentity(tenant, address, at) {
      const { own, gateway } = await privateRecords(tenant, 'pgp', address)
      for (const record of [...own, ...gateway]) {
        const state = stateOf(record, at) ?? (await pgp.state(record.publicText, record.address, at))
        if (state === 'valid') return pgpIdentityOf(tenant, record)
      }
      return null
    },

    async decryptionKeys(tenant, addresses) {
      // Expired and revoked ones too: old mail must stay readable, and opening harms nobody.
      const smime = new Map<string, SmimeIdentity>()
      const pgpKeys = new Map<string, PgpIdentity>()
      for (const address of addresses) {
        const certificateRecords = await privateRecords(tenant, 'smime', address)
        for (const record of [...certificateRecords.own, ...certificateRecords.gateway]) {
          if (!smime.has(record.id)) smime.set(record.id, identityOf(tenant, record))
        }
        const pgpRecords = await privateRecords(tenant, 'pgp', address)
        for (const record of [...pgpRecords.own, ...pgpRecords.gateway]) {
          if (!pgpKeys.has(record.id)) pgpKeys.set(record.id, pgpIdentityOf(tenant, record))
        }
      }
      return { smime: [...smime.values()], pgp: [...pgpKeys.values()] }
    },

    anchors,

    async verificationKeys(tenant, address) {
      const pgp = await keysOf(tenant, { kind: 'pgp', address })
      const smime = await keysOf(tenant, { kind: 'smime', address })
      const asked = lists(tenant)
      return {
        pgp: pgp.map((record) => record.publicText),
        certificates: smime.flatMap(readable),
        revoked: new Set([...pgp, ...smime].filter(({ revokedAt }) => revokedAt !== null).flatMap(revokedAs)),
        ...(asked ? { lists: asked } : {}),
      }
    },

    async standingPassword(tenant, address) {
      const [record] = await keysOf(tenant, { kind: 'password', address })
      if (!record || record.revokedAt !== null) return null
      return { password: openStandingPassword(secrets, tenant, record), since: record.createdAt }
    },
  }
}

/** Only valid certificates are here to be asked. */
const encapsulates = ({ certificate }: CertificateFound) =>
  certificate?.publicKey.asymmetricKeyType?.startsWith('ml-kem-') ?? false

/** What the peer's program said, or was said of it; else what stands in its certificate (RFC 4262). Our own people's is ours. */
function readsGcmOf({ capabilities }: KeyRecord, certificate: X509Certificate): boolean {
  return (capabilities ?? fieldsOf(certificate).capabilities).includes(OID.aes256Gcm)
}

const isOwnPrivate = (record: KeyRecord) => record.use === 'own' && record.sealedPrivate !== null
const isPrivate = (record: KeyRecord) => record.sealedPrivate !== null

function stateOf(record: KeyRecord, at: number): 'revoked' | null {
  return record.revokedAt !== null && record.revokedAt <= at ? 'revoked' : null
}

function certificateState(
  record: KeyRecord,
  certificate: X509Certificate,
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  lists: RevocationLists | null,
  address: string,
  at: number,
): KeyState {
  const trust = isOwnPrivate(record) && lists === null ? null : verifyPath(certificate, chain, anchors, at, lists)
  // Our own need no path; what their authority says of them counts all the same.
  const path = isOwnPrivate(record) && trust !== 'certificate-revoked' ? null : trust
  const problem = usableFor(certificate, address, at, 'encrypt') ?? path
  if (problem === null) return 'valid'
  if (problem === 'certificate-revoked') return 'revoked'
  return problem === 'certificate-expired' ? 'expired' : 'untrusted'
}

function signs(record: KeyRecord, certificate: X509Certificate, address: string | null, at: number): boolean {
  return stateOf(record, at) === null && usableFor(certificate, address, at, 'sign') === null
}

function lifetime(certificate: X509Certificate | null): number {
  return certificate ? fieldsOf(certificate).notAfter : 0
}

function best<T extends { readonly state: KeyState }>(candidates: readonly T[], none: T): T {
  return RANK.map((state) => candidates.find((candidate) => candidate.state === state)).find((found) => found) ?? none
}
