/** How long each phase may take (RFC 5321 4.5.3.2), ms. A deadline is for the whole reply, not for silence. */
export interface SmtpTimeouts {
  /** TCP to one address; TLS as long again. */
  readonly connectMs: number
  readonly greetingMs: number
  /** EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET. */
  readonly commandMs: number
  /** The go-ahead after DATA. */
  readonly dataStartMs: number
  /** The server takes a block of data. */
  readonly dataBlockMs: number
  /** The reply after the end of data. */
  readonly dataEndMs: number
  /** The whole attempt over all hosts: so many ms, plus the time the content takes at `bytesPerSecond`. */
  readonly attemptMs: number
  readonly bytesPerSecond: number
  /** An idle connection is given up after so many ms. */
  readonly idleMs: number
}

const MINUTE = 60_000

export const DEFAULT_SMTP_TIMEOUTS: SmtpTimeouts = {
  connectMs: MINUTE / 2,
  greetingMs: 5 * MINUTE,
  commandMs: 5 * MINUTE,
  dataStartMs: 2 * MINUTE,
  dataBlockMs: 3 * MINUTE,
  dataEndMs: 10 * MINUTE,
  attemptMs: 15 * MINUTE,
  bytesPerSecond: 16_384,
  idleMs: MINUTE / 4,
}
