import type { TenantId } from '../../shared/domain/index.ts'
import { type ForeignIntent, NO_FOREIGN_INTENT } from '../../shared/words/foreign/mapping.ts'
import type { SubjectTag } from '../../shared/words/subject-tags.ts'
import type { Route } from '../ports/transport.ts'
import type { InboundSettings } from './inbound/settings.ts'
import type { DkimKey, SigningKey, SignWhen } from './seal/signing-key.ts'
import type { SmimeProfile } from './transform/smime/profile.ts'

/** What the journey has to know of a tenant beside its policy, keys and people. Made from the configuration in compose. */
export interface TenantProfile {
  readonly id: TenantId
  readonly name: string
  /** Own mail domains as A-labels. */
  readonly domains: readonly string[]
  readonly language: 'de' | 'en'
  /** Base of every link, without a trailing slash. */
  readonly publicUrl: string
  /** Subject tags that stand for an intent (foreign gateways' habits), see `shared/words/subject-tags.ts`. */
  readonly subjectTags: readonly SubjectTag[]
  /** Headers and tags of other gateways' clients that this tenant understands. */
  readonly foreignIntent: ForeignIntent
  readonly routes: Readonly<Record<string, Route>>
  /** Route by recipient domain (`partner.example`, `*.example`, `*`) where the policy chooses none. */
  readonly routeByDomain?: Readonly<Record<string, string>>
  /** Signatures on what leaves to outside. */
  readonly dkim?: { readonly keys: readonly DkimKey[]; readonly when: SignWhen }
  /** Seal on what strangers sent and we changed. */
  readonly arc?: { readonly key: SigningKey; readonly when: SignWhen }
  /** Strangers' mail is verified and gets Authentication-Results whatever the policy asks. */
  readonly authenticates?: boolean
  /** Routes ('' is the default one) to mail servers of the tenant's own that may send a mail back: they get the loop mark. */
  readonly loopRoutes?: readonly string[]
  /** What is done with strangers' mail that is signed or encrypted; the defaults where it is left out. */
  readonly inbound?: InboundSettings
  /** How S/MIME is written; its defaults where nothing is said. */
  readonly smime?: SmimeProfile
  readonly archives: Readonly<Record<string, ArchiveTarget>>
  readonly webhooks: Readonly<Record<string, Endpoint>>
  readonly apis: Readonly<Record<string, Endpoint>>
}

/** A tenant of one domain that configures nothing. */
export function plainTenant(id: TenantId, domain: string, publicUrl = `https://mail.${domain}`): TenantProfile {
  return {
    id,
    name: domain,
    domains: [domain],
    language: 'en',
    publicUrl,
    subjectTags: [],
    foreignIntent: NO_FOREIGN_INTENT,
    routes: {},
    archives: {},
    webhooks: {},
    apis: {},
  }
}

export type ArchiveTarget =
  /** Journal mailbox, reached by SMTP. */
  | { readonly kind: 'smtp'; readonly to: string; readonly route: string }
  /** Object store under a retention lock, retrievable by message id. */
  | { readonly kind: 'blobs'; readonly retentionMs: number }

export interface Endpoint {
  readonly url: string
  readonly secret: string
}

/** Whether `domain` (A-label) is one of the tenant's own. */
export function isOwnDomain(tenant: Pick<TenantProfile, 'domains'>, domain: string): boolean {
  return tenant.domains.includes(domain)
}

/** Address the gateway itself writes from. */
export function postmasterOf(tenant: Pick<TenantProfile, 'domains'>): string {
  return `postmaster@${tenant.domains[0]}`
}
