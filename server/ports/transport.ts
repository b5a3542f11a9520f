import type { Envelope } from '../../shared/domain/index.ts'

/** Where a copy goes next. */
export interface Route {
  readonly name: string
  readonly host: string
  readonly port: number
  /** `required` sends nothing without TLS; `verified` also checks the certificate. */
  readonly tls: 'none' | 'opportunistic' | 'required' | 'verified' | 'implicit'
  readonly auth?: { readonly user: string; readonly password: string }
  readonly connections: number
}

export interface RecipientResult {
  readonly address: string
  readonly status: 'accepted' | 'temporary' | 'permanent'
  /** Whole reply of the next hop: `250 2.0.0 Ok: queued as ...`. */
  readonly reply: string
  /** With `temporary`: the end of data went out and no reply came back, so he may have the mail although nobody said so. */
  readonly uncertain?: boolean
}

export interface TransportResult {
  readonly recipients: readonly RecipientResult[]
  /** TLS version of the hop, or null. */
  readonly tls: string | null
  /** Next hop's name as it greeted. */
  readonly remote: string
  /** The next hop took over the duty to notify (it offers DSN, RFC 3461 5.2.1); otherwise we report `relayed` ourselves. */
  readonly dsn?: boolean
}

export interface SendHooks {
  /**
   * Awaited once per transaction, when all content is out (or, for a last BDAT chunk and for pipelined short mail, before
   * it) and before the next hop gets what makes it answer for the message: the final dot or the `LAST` chunk. When it
   * rejects, that never goes out: the connection is closed and `send` raises what it was given, as it was given. Without a
   * call nothing was sent that a next hop could have taken.
   */
  readonly beforeDot?: () => Promise<void>
}

/**
 * One SMTP transaction. Raises `next-hop-unreachable`, `next-hop-timeout`, `next-hop-temporary` or `tls-required` when no
 * recipient's fate was settled; otherwise says each recipient's. `next-hop-unreachable` and `next-hop-timeout` after
 * `beforeDot` mean that the message may have been taken; other faults mean that it was not. `content` holds canonical CRLF
 * lines.
 */
export interface MailTransport {
  send(
    route: Route,
    envelope: Envelope,
    content: { readonly size: number; stream(): AsyncIterable<Uint8Array> },
    hooks?: SendHooks,
  ): Promise<TransportResult>
  /** Finishes what runs and closes idle connections. */
  close(): Promise<void>
}
