/** What HTTP needs of the house; compose fills it. */
import type { Draft, Language, Role, Scope, Vocabulary } from '../../shared/contract/index.ts'
import type { Decision, Envelope, Origin, TenantId } from '../../shared/domain/index.ts'
import { coversAddress } from '../../shared/words/address.ts'
import type { LaneView } from '../journey/lanes.ts'
import type { QueueDesk } from '../journey/operate/desk.ts'
import type { Simulated } from '../journey/simulate.ts'
import type { KeyDesk } from '../keys/desk.ts'
import type { OfflinePolicy } from '../policies/offline.ts'
import type { RollOut } from '../policies/roll-out.ts'
import type { PortalServices } from '../portal/services.ts'
import type { ByteSource, OpenByteSource } from '../ports/bytes.ts'
import type { Metrics } from '../ports/log.ts'
import type { HttpConfig } from './config.ts'

export interface HttpServices extends PortalServices {
  readonly config: HttpConfig
  readonly metrics: Metrics
  /**
   * The gateway's own evaluator on a mail that is not sent yet; raises the faults of the policy. Of what the mail answers counts
   * only what one of the asker's addresses sent or got.
   */
  preview(tenant: TenantId, draft: Draft, isAsker: (address: string) => boolean): Promise<Decision>
  /** What would happen to a whole mail or a draft, and why; nothing is stored. */
  simulate(tenant: TenantId, mail: SimulatedMail): Promise<Simulated>
  readonly policies: RollOut
  /** The policy in force for clients that keep it; raises `not-found` and `policy-none`. */
  offlinePolicy(tenant: TenantId): Promise<OfflinePolicy>
  /** The queue in the hand of its operator. */
  readonly desk: QueueDesk
  /** Passwords and revocation lists in the hand of whoever keeps the keys. */
  readonly keyDesk: KeyDesk
  /** Lanes that this process works on. */
  lanes(): readonly LaneView[]
  vocabulary(tenant: TenantId, sender: string | null, language: Language): Promise<Vocabulary>
  /** Who these credentials belong to, or null. Takes the same time whether the client exists or not. */
  authenticate(credentials: { readonly client: string; readonly secret: string }): Promise<Identity | null>
  /** An archived mail by its archive id; raises `blob-missing`. */
  openArchive(tenant: TenantId, id: string): Promise<OpenByteSource>
  /** Whether mail can be accepted now, and what stands against it. */
  ready(): Promise<{ readonly ready: boolean; readonly checks: Readonly<Record<string, boolean>> }>
  /** Text for Prometheus. */
  exposition(): Promise<{ readonly contentType: string; readonly body: string }>
}

export type SimulatedMail =
  | { readonly draft: Draft }
  | { readonly source: ByteSource; readonly envelope: Envelope; readonly origin: Origin }

/** Who calls: a client of our own, a user, or the holder of a foreign token. */
export interface Identity {
  readonly tenant: TenantId
  /** Client id or the subject of a foreign token: what the audit names. */
  readonly subject: string
  /** Own address; null for a system client. */
  readonly address: string | null
  /** May send as these: addresses, or `@domain` (lower case, A-labels) for a whole domain. */
  readonly senders: readonly string[]
  readonly roles: readonly Role[]
  readonly scopes: readonly Scope[]
}

/** Whether `identity` may send as `address`. */
export function maySendAs({ address: own, senders }: Identity, address: string): boolean {
  return coversAddress(own === null ? senders : [own, ...senders], address)
}
