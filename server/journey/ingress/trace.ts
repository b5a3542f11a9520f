import type { MessageId, Origin } from '../../../shared/domain/index.ts'

/**
 * The trace field of this hop (RFC 5321 4.4), CRLF included. There is no `for` clause: with several recipients it would
 * tell one of them of another.
 */
export function receivedField(facts: {
  readonly origin: Origin
  readonly smtputf8: boolean
  /** Our host name. */
  readonly by: string
  readonly id: MessageId
  /** Epoch ms. */
  readonly at: number
}): string {
  const { origin, by, id, at } = facts
  const from = origin.helo ? `${clean(origin.helo)} (${literal(origin.peer)})` : literal(origin.peer)
  const tls = origin.tls ? `\r\n\t(using ${clean(origin.tls)})` : ''
  return `Received: from ${from}${tls}\r\n\tby ${clean(by)} with ${protocol(origin, facts.smtputf8)} id ${id};\r\n\t${mailDate(at)}\r\n`
}

/** RFC 5322 3.3 date in UTC. */
export function mailDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}

/** RFC 3848 and RFC 6531 4.3. */
function protocol(origin: Origin, smtputf8: boolean): string {
  if (origin.channel !== 'smtp') return origin.channel === 'api' || origin.channel === 'portal' ? 'HTTPS' : 'LOCAL'
  return `${smtputf8 ? 'UTF8SMTP' : 'ESMTP'}${origin.tls ? 'S' : ''}${origin.authenticated === 'auth' ? 'A' : ''}`
}

function literal(peer: string): string {
  return peer.includes(':') ? `[IPv6:${clean(peer)}]` : `[${clean(peer)}]`
}

/** What the client said of itself, reduced to what cannot break the field or fake another clause. */
function clean(text: string): string {
  return text.replace(/[^A-Za-z0-9.:_[\]-]/g, '_').slice(0, 255) || 'unknown'
}
