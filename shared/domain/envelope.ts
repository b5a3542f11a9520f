/** The SMTP envelope (RFC 5321 3.3) with the DSN parameters of RFC 3461, kept as the client sent them. */
export interface Envelope {
  /** Reverse-path without brackets; '' is the null sender of bounces. */
  readonly mailFrom: string
  readonly recipients: readonly EnvelopeRecipient[]
  readonly body: '7BIT' | '8BITMIME'
  readonly smtputf8: boolean
  readonly requireTls: boolean
  readonly ret?: 'FULL' | 'HDRS'
  readonly envid?: string
}

export interface EnvelopeRecipient {
  readonly address: string
  readonly notify?: readonly DsnCondition[]
  /** As sent: `rfc822;user@example`. */
  readonly orcpt?: string
  /** Protection that the address asked for as it was typed, in the grammar of `X-Secflow-Protection`; never less of it. */
  readonly asked?: string
}

export type DsnCondition = 'NEVER' | 'SUCCESS' | 'FAILURE' | 'DELAY'

/** How a message came in: decides which tenant it belongs to and whether its intent headers count (CONTRACT, Headers). */
export interface Origin {
  readonly channel: 'smtp' | 'api' | 'cli' | 'portal' | 'internal'
  /** What vouches for the sender; 'none' is a stranger whose intent headers are ignored and removed. */
  readonly authenticated: 'none' | 'auth' | 'client-certificate' | 'relay' | 'token' | 'operator'
  /** AUTH user, certificate subject, relay name or client id. */
  readonly identity?: string
  readonly peer: string
  readonly helo?: string
  /** TLS version, or null for clear text. */
  readonly tls: string | null
}
