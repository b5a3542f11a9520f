import type { PeerLimits } from './peer-limits.ts'

/** Plain data: it crosses to the thread that serves it. */
export interface SmtpIngressOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  /** Our host name, in the greeting. */
  readonly name: string
  /** STARTTLS is offered only with a key. */
  readonly tls?: {
    readonly key: string | Buffer
    readonly cert: string | Buffer
    /** For client certificates. */
    readonly ca?: string | Buffer
    readonly requestClientCertificate?: boolean
  }
  /** AUTH without TLS, for peers on the loopback interface only. */
  readonly clearTextAuthFromLoopback?: boolean
  /** Refuses MAIL without TLS (`tls-first`), loopback excepted. */
  readonly requireTls?: boolean
  /** Networks of proxies: a connection from there starts with a PROXY header, from elsewhere with none. */
  readonly proxyFrom?: readonly string[]
  /** Networks without limits by peer. */
  readonly trusted?: readonly string[]
  /** Networks of mail servers we know: no limit on how much they send, and a part of the sessions is kept for them. */
  readonly known?: readonly string[]
  readonly limits?: Partial<SmtpLimits>
}

export interface SmtpLimits extends PeerLimits {
  /** Announced as SIZE; the acceptor has its own, equal or smaller limit. */
  readonly messageBytes: number
  readonly recipients: number
  /** Sessions at once. */
  readonly connections: number
  /** Of these, kept for networks that are known or trusted. */
  readonly reserved: number
  /** Failed sign-ins of one session. */
  readonly authFailures: number
  /** Commands of one session that are no commands, since its last message. */
  readonly errors: number
  /** Commands that move nothing (NOOP, RSET, EHLO ...), since its last message. */
  readonly idleCommands: number
  /** Messages of one session. */
  readonly messages: number
  /** Duration of a session, ms; a message that is under way is finished. */
  readonly sessionMs: number
  /** From 354 to the final dot, ms: what ends a client that drips bytes. */
  readonly messageMs: number
  /** In every `progressMs` of a message at least `progressBytes` have to come. */
  readonly progressMs: number
  readonly progressBytes: number
  /** From our reply to the end of the next command, ms, however its bytes drip in (RFC 5321 4.5.3.2.7 asks for 5 minutes). */
  readonly idleMs: number
  /** The same for strangers while four fifths of the sessions are taken. */
  readonly crowdedIdleMs: number
  /** For the PROXY header, and for the TLS handshake, ms each. */
  readonly handshakeMs: number
  /** Longest delay of the answer to one who tries recipients, ms. */
  readonly slowDownMs: number
  /** How long `close` waits for running messages, ms. */
  readonly drainMs: number
}

const MINUTE = 60_000

export const DEFAULT_SMTP_LIMITS: SmtpLimits = {
  messageBytes: 200 * 1024 * 1024,
  recipients: 1_000,
  connections: 500,
  reserved: 50,
  connectionsPerPeer: 100,
  messagesPerPeer: 300,
  recipientsPerPeer: 3_000,
  failedSignInsPerPeer: 30,
  refusedRecipientsPerPeer: 50,
  authFailures: 3,
  errors: 10,
  idleCommands: 100,
  messages: 1_000,
  sessionMs: 60 * MINUTE,
  messageMs: 30 * MINUTE,
  progressMs: MINUTE,
  progressBytes: 15_000,
  idleMs: 5 * MINUTE,
  crowdedIdleMs: 15_000,
  handshakeMs: 30_000,
  slowDownMs: 5_000,
  drainMs: 25_000,
}
