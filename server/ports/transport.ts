import type { CopyRecord, Envelope, TenantId } from '../../shared/domain/index.ts'

/** Where a copy goes next. */
export interface Route {
  readonly name: string
  /** The next hop; empty with `mx`. */
  readonly host: string
  readonly port: number
  /** `required` sends nothing without TLS; `verified` also checks the certificate. */
  readonly tls: 'none' | 'opportunistic' | 'required' | 'verified' | 'implicit'
  readonly auth?: { readonly user: string; readonly password: string }
  /** At once, for each host. */
  readonly connections: number
  /** Further hosts of the next hop: `host` comes first, then these in order; equal preferences share the load. */
  readonly others?: readonly { readonly host: string; readonly port: number; readonly preference: number }[]
  /** The hosts are those of the recipient's domain (RFC 5321 5.1), with its DANE and MTA-STS policies. */
  readonly mx?: boolean
}

export interface RecipientResult {
  readonly address: string
  readonly status: 'accepted' | 'temporary' | 'permanent'
  /** Whole reply of the next hop: `250 2.0.0 Ok: queued as ...`. */
  readonly reply: string
  /** With `temporary`: the final dot went out and no reply came back, so he may have the mail although nobody said so. */
  readonly uncertain?: boolean
}

/** What the session with the next hop was, for the audit. */
export interface HopFacts {
  /** Name of the host as it was looked up, and the address that took the connection. */
  readonly host: string
  readonly address: string
  readonly port: number
  /** `TLSv1.3` and so on; null without TLS. */
  readonly version: string | null
  readonly cipher: string | null
  /** Level reached: `verified` means that the certificate was proved to be the next hop's. */
  readonly level: 'none' | 'encrypted' | 'verified'
  /** What proved it: `dane` (RFC 7672), `mta-sts` (RFC 8461), `name` (a certificate for the configured or signed name). */
  readonly by: 'dane' | 'mta-sts' | 'name' | null
  /** What was asked for: the route's level, or the recipient domain's own policy. */
  readonly policy: string
}

export interface TransportResult {
  readonly recipients: readonly RecipientResult[]
  /** TLS version of the hop, or null. */
  readonly tls: string | null
  /** Next hop's name as it greeted. */
  readonly remote: string
  /** The next hop took over the duty to notify (it offers DSN, RFC 3461 5.2.1); otherwise we report `relayed` ourselves. */
  readonly dsn?: boolean
  /** The session, where there was one. */
  readonly hop?: HopFacts
}

/** What is sent: canonical CRLF lines, readable more than once. */
export interface OutgoingContent {
  readonly size: number
  stream(): AsyncIterable<Uint8Array>
  /** Where the same bytes are, for a transport that has the blob store itself and need not be handed them. */
  readonly place?: ContentPlace
}

/** A stored copy (see `CopyRecord`). */
export interface ContentPlace extends Pick<CopyRecord, 'blob' | 'size' | 'head' | 'bodyStart'> {
  readonly tenant: TenantId
  /** Of the blob. */
  readonly kind: 'spool' | 'copy'
  /** SHA-256 of the message as received, hex. */
  readonly digest: string
}

export interface SendOptions {
  /** Awaited when all content is with the next hop and only the final dot is missing. If it throws, the dot is never sent. */
  readonly beforeDot?: () => Promise<void>
}

/**
 * One SMTP transaction. Raises `next-hop-unreachable`, `next-hop-timeout`, `next-hop-temporary` or `tls-required` when no
 * recipient's fate was settled; otherwise says each recipient's. With `mx` all recipients share one domain.
 * `next-hop-unreachable` and `next-hop-timeout` after `beforeDot` mean that the message may have been taken; other faults
 * mean that it was not.
 */
export interface MailTransport {
  send(route: Route, envelope: Envelope, content: OutgoingContent, options?: SendOptions): Promise<TransportResult>
  /** Finishes what runs and closes idle connections. */
  close(): Promise<void>
}
