/** What the two threads ask of each other. */
import type { Envelope, TenantId } from '../../shared/domain/index.ts'
import type { Config } from '../config.ts'
import type { AcceptLimits, Received } from '../journey/ingress/receive.ts'
import type { SessionIdentity } from '../journey/ingress/session-policy.ts'
import type { SmtpIngressOptions } from '../journey/ingress/smtp.ts'
import type { SessionTenant } from '../people/session-policy.ts'
import type { HeldBytes } from '../platform/blobs/recent.ts'
import type { SmtpTransportOptions } from '../platform/smtp/transport.ts'
import type { ContentPlace, Route, TransportResult } from '../ports/transport.ts'

/** Everything the edge is told at its start; plain data. */
export interface EdgeSettings {
  readonly smtp: SmtpIngressOptions
  readonly accept: Partial<AcceptLimits>
  readonly tenants: readonly SessionTenant[]
  readonly blobs: Config['blobs']
  readonly transport: Omit<SmtpTransportOptions, 'log'>
  readonly debug: boolean
}

/** Content on its way to the edge: where it is stored, else its bytes. */
export interface SentContent {
  readonly size: number
  readonly source: ContentPlace | Uint8Array
  /** The blob at that place, where the core had it in memory. */
  readonly held: HeldBytes | null
  /** The final dot waits for `beforeDot` of the core. */
  readonly asksBeforeDot: boolean
}

/** Asked of the edge. */
export type EdgeMethods = {
  listen(): Promise<{ readonly port: number }>
  closeSmtp(): Promise<void>
  send(id: number, route: Route, envelope: Envelope, content: SentContent): Promise<TransportResult>
  /** Nobody will have this mail sent from where it is. */
  giveBack(ticket: number): void
  closeTransport(): Promise<void>
  end(): void
}

/** Asked of the core. */
export type CoreMethods = {
  record(received: Received): Promise<void>
  authenticate(user: string, password: string): Promise<SessionIdentity | null>
  policyReady(tenant: TenantId): boolean
  beforeDot(sending: number): Promise<void> | undefined
  log(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>): void
  count(name: string, labels: Readonly<Record<string, string>>, by: number): void
  observe(name: string, seconds: number, labels: Readonly<Record<string, string>>): void
  gauge(name: string, value: number, labels: Readonly<Record<string, string>>): void
}
