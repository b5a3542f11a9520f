import type { TenantId } from '../../../shared/domain/index.ts'
import { coversAddress } from '../../../shared/words/address.ts'

/** Someone who proved who they are: AUTH or a client certificate. */
export interface SessionIdentity {
  readonly tenant: TenantId
  /** For trace and audit: the user name or the certificate's subject. */
  readonly identity: string
  /** What this identity may use as reverse-path, and a person in From: whole addresses, or `@domain` for all of a domain. */
  readonly addresses: readonly string[]
}

export interface ClientCertificate {
  /** RFC 4514 style, most specific last, as in `C=DE, O=Example, CN=mx.example`. */
  readonly subject: string
  /** SHA-256, lower-case hex without colons. */
  readonly fingerprint: string
  /** Chains to the configured CA. When false, only the fingerprint may be trusted: anyone can write a subject. */
  readonly verified: boolean
}

/**
 * Whom an SMTP session belongs to (CONTRACT, "What 250 means"). The ingress asks, tenants and people answer; a throw is
 * mapped by the fault catalogue, `null` and `false` are plain refusals. Domains arrive as A-labels in lower case.
 */
export interface SessionPolicy {
  authenticate(user: string, password: string): Promise<SessionIdentity | null>
  clientCertificate(certificate: ClientCertificate): Promise<SessionIdentity | null>
  /**
   * A relay listed for the tenant whose sender domain is the tenant's. `mailFromDomain` is '' for the null sender: answer
   * then only for a relay that serves one tenant.
   */
  relay(peer: string, mailFromDomain: string): Promise<{ readonly tenant: TenantId; readonly name: string } | null>
  /** The tenant whose own domain this is, for mail from strangers. */
  inboundTenant(rcptDomain: string): Promise<TenantId | null>
  /** Without a policy nothing can be evaluated, so nothing is accepted (451 4.3.5). */
  policyReady(tenant: TenantId): boolean | Promise<boolean>
}

/** Whether `address` is within what the identity may use. The null sender is: people's clients send receipts and notices with it. */
export function maySendAs(identity: SessionIdentity, address: string): boolean {
  return address === '' || coversAddress(identity.addresses, address)
}
