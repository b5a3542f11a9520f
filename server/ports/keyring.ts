import type { KeyObject, X509Certificate } from 'node:crypto'
import type { KeyState, TenantId } from '../../shared/domain/index.ts'

/** Keys of one tenant: its users' private ones and its correspondents' public ones. Nothing crosses tenants. */
export interface Keyring {
  /** Best certificate for encrypting to `address` at `at`, with its state; `certificate` only when `valid`. */
  certificate(tenant: TenantId, address: string, at: number): Promise<CertificateFound>
  /** Best OpenPGP key for encrypting to `address`; armored, only when `valid`. */
  pgpKey(tenant: TenantId, address: string, at: number): Promise<{ state: KeyState; armored: string | null }>
  /** The sender's own S/MIME identity, else the organisation's (`gateway` true); null when there is none. */
  smimeIdentity(tenant: TenantId, address: string, at: number): Promise<SmimeIdentity | null>
  pgpIdentity(tenant: TenantId, address: string, at: number): Promise<PgpIdentity | null>
  /** Everything private that may open an inbound mail for these addresses. */
  decryptionKeys(
    tenant: TenantId,
    addresses: readonly string[],
  ): Promise<{ smime: readonly SmimeIdentity[]; pgp: readonly PgpIdentity[] }>
  /** Trust anchors for verifying. */
  anchors(tenant: TenantId): Promise<readonly X509Certificate[]>
  /** What is known for verifying a signature of `address`: armored keys, certificates, and which of them were revoked here. */
  verificationKeys(tenant: TenantId, address: string): Promise<VerificationKeys>
  /** The password a correspondent keeps for PDFs of this tenant; null while there is none. */
  standingPassword(tenant: TenantId, address: string): Promise<StandingPassword | null>
}

export interface StandingPassword {
  readonly password: string
  /** Epoch ms. */
  readonly since: number
}

export interface VerificationKeys {
  /** Armored OpenPGP keys, revoked ones too: a signature by one of those is to be told from one by a stranger. */
  readonly pgp: readonly string[]
  /** For signatures that carry no certificate. */
  readonly certificates: readonly X509Certificate[]
  /** What an administrator revoked: fingerprints of keys and certificates, of these `issuedAs` as well; hex, lower case. */
  readonly revoked: ReadonlySet<string>
  /** What authorities say of certificates they issued; left out where there are no such lists. */
  readonly lists?: RevocationLists
}

/** `unknown`: no list in time speaks of it. */
export type Revocation = 'revoked' | 'good' | 'unknown'

/** Revocation lists of one tenant (RFC 5280 section 5). */
export interface RevocationLists {
  /** What the lists of `issuer`, which signed `certificate`, say of it at `at` (epoch ms). In memory: costs no wait. */
  status(certificate: X509Certificate, issuer: X509Certificate, at: number): Revocation
  /** A certificate of which nothing is known is not trusted. */
  readonly required: boolean
}

export interface CertificateFound {
  readonly state: KeyState
  readonly certificate: X509Certificate | null
  /** A valid certificate of the address for key encapsulation (ML-KEM), to stand beside the other; only where it is asked for. */
  readonly kem?: X509Certificate
  /** Who reads this is known to open AES-GCM (AuthEnvelopedData); left out where nothing is known. */
  readonly readsGcm?: boolean
}

export interface SmimeIdentity {
  readonly certificate: X509Certificate
  readonly chain: readonly X509Certificate[]
  readonly privateKey: KeyObject
  readonly gateway: boolean
}

export interface PgpIdentity {
  /** Armored private key, already unlocked for use. */
  readonly armoredPrivate: string
  readonly armoredPublic: string
  readonly gateway: boolean
}
