import { Readable } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { SMTPConnectionOptions, SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection'
import type { Envelope } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Log } from '../../ports/log.ts'
import type { MailTransport, Route, TransportResult } from '../../ports/transport.ts'
import { Hop } from './hop.ts'
import { createPool, type Lease, type Pool } from './pool.ts'
import { resultOf, type SmtpError, settle } from './settle.ts'

export interface SmtpTimeouts {
  /** TCP, TLS and greeting, ms. */
  readonly connectMs: number
  /** Silence of the next hop, ms; RFC 5321 4.5.3.2.6 asks for 10 minutes after the end of data. */
  readonly replyMs: number
  /** The whole attempt: so many ms, plus the time the content takes at `bytesPerSecond`. */
  readonly attemptMs: number
  readonly bytesPerSecond: number
  /** An idle connection is given up after so many ms. */
  readonly idleMs: number
}

export const DEFAULT_SMTP_TIMEOUTS: SmtpTimeouts = {
  connectMs: 30_000,
  replyMs: 600_000,
  attemptMs: 900_000,
  bytesPerSecond: 16_384,
  idleMs: 15_000,
}

export interface SmtpTransportOptions {
  /** Our name in EHLO. */
  readonly name: string
  readonly timeouts?: Partial<SmtpTimeouts>
  readonly messagesPerConnection?: number
  /** For every route: a private CA, minimum version. Whether certificates are checked is the route's. */
  readonly tlsOptions?: Pick<ConnectionOptions, 'ca' | 'minVersion' | 'ciphers' | 'cert' | 'key'>
  readonly log: Log
}

type Content = Parameters<MailTransport['send']>[2]

/** `MailTransport` over nodemailer's SMTPConnection, with a pool of our own for each route. */
export function createSmtpTransport(options: SmtpTransportOptions): MailTransport {
  const timeouts = { ...DEFAULT_SMTP_TIMEOUTS, ...options.timeouts }
  const pools = new Map<string, Pool>()

  function poolOf(route: Route): Pool {
    const key = JSON.stringify([route.name, route.host, route.port, route.tls, route.auth?.user, route.auth?.password])
    let pool = pools.get(key)
    if (!pool) {
      pool = createPool(() => connect(route, timeouts, options), {
        connections: Math.max(1, route.connections),
        messagesPerConnection: options.messagesPerConnection ?? 100,
        idleMs: timeouts.idleMs,
      })
      pools.set(key, pool)
    }
    return pool
  }

  async function send(route: Route, envelope: Envelope, content: Content): Promise<TransportResult> {
    const pool = poolOf(route)
    let lease = await pool.lease()
    try {
      return await attempt(lease, envelope, content, timeouts)
    } catch (error) {
      // A kept connection that the next hop had already given up says nothing about this message.
      if (!(lease.reused && !lease.hop.dataBegun && error instanceof Fault && error.code === 'next-hop-unreachable'))
        throw error
    }
    options.log.debug('smtp.reconnect', { route: route.name })
    lease = await pool.lease({ fresh: true })
    return await attempt(lease, envelope, content, timeouts)
  }

  return {
    send,
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
      pools.clear()
    },
  }
}

/** One transaction on one connection, from MAIL to the reply after the end of data. Gives the lease back. */
async function attempt(
  lease: Lease,
  envelope: Envelope,
  content: Content,
  timeouts: SmtpTimeouts,
): Promise<TransportResult> {
  const { hop } = lease
  const facts = () => ({ tls: hop.tlsVersion, remote: hop.remote, dsn: hop.offers('DSN') })
  const before = facts()
  const addresses = envelope.recipients.map((recipient) => recipient.address)
  let keep = false
  try {
    const unfit = await whatIsMissing(hop, envelope, content)
    if (unfit) {
      keep = true
      return { ...before, recipients: addresses.map((address) => resultOf(address, unfit)) }
    }
    const info = await withDeadline(hop, timeouts.attemptMs + (content.size / timeouts.bytesPerSecond) * 1_000, () =>
      transact(hop, envelope, content),
    )
    const refused = new Map(hop.refusals.map(({ address, reply }) => [address, reply]))
    keep = true
    return {
      ...before,
      recipients: addresses.map((address) => resultOf(address, refused.get(address) ?? info.response)),
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const { refusals, dataEnded } = hop
    const outcome = settle({ error: error as SmtpError, recipients: addresses, refusals, dataEnded })
    // "All recipients refused" leaves the transaction open: without RSET the next MAIL is answered 503.
    keep = await reset(hop)
    if (outcome instanceof Fault) throw outcome
    return { ...before, recipients: outcome }
  } finally {
    lease.release(keep)
  }
}

/** What the message needs and the next hop does not offer, as the reply its recipients get; null when it fits. */
async function whatIsMissing(hop: Hop, envelope: Envelope, content: Content): Promise<string | null> {
  const needsUtf8 =
    envelope.smtputf8 || [envelope.mailFrom, ...envelope.recipients.map((r) => r.address)].some(beyondAscii)
  if (needsUtf8 && !hop.offers('SMTPUTF8'))
    return '550 5.6.7 The next mail server does not take internationalised mail (SMTPUTF8)'
  if (envelope.body === '8BITMIME' && !hop.offers('8BITMIME') && (await hasEightBit(content))) {
    return '554 5.6.3 The next mail server does not take 8-bit content (8BITMIME)'
  }
  return null
}

/** Clients declare 8BITMIME out of habit; only content that uses it is in the way. */
async function hasEightBit(content: Content): Promise<boolean> {
  for await (const chunk of content.stream()) if (chunk.some((byte) => byte > 127)) return true
  return false
}

function beyondAscii(text: string): boolean {
  return /[^ -~]/.test(text)
}

function transact(hop: Hop, envelope: Envelope, content: Content): Promise<SMTPConnectionSendInfo> {
  hop.prepare(envelope.recipients, envelope.smtputf8)
  return new Promise((resolve, reject) => {
    const source = Readable.from(faultful(content.stream(), reject), { objectMode: false, highWaterMark: 262_144 })
    hop.send(
      {
        from: envelope.mailFrom || false,
        to: envelope.recipients.map((recipient) => recipient.address),
        size: content.size,
        use8BitMime: envelope.body === '8BITMIME',
        requireTLSExtensionEnabled: envelope.requireTls,
        dsn: { ret: envelope.ret ?? null, envid: envelope.envid ?? null },
      },
      source,
      (error, info) => (error || !info ? reject(error ?? new Error('no result')) : resolve(info)),
    )
  })
}

/** A source that fails is our fault, not the next hop's: its own error goes to the caller and the connection is dropped. */
async function* faultful(source: AsyncIterable<Uint8Array>, fail: (error: Error) => void): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (error) {
    fail(error instanceof Fault ? error : new Fault('store-unavailable', '', { cause: error }))
    throw error
  }
}

async function withDeadline<T>(hop: Hop, ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(Object.assign(new Error('the attempt took too long'), { code: 'ETIMEDOUT' }))
      hop.close()
    }, ms)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

/** True when the connection is fit for another message. */
function reset(hop: Hop): Promise<boolean> {
  if (hop.dataBegun && !hop.dataEnded) return Promise.resolve(false)
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(false), 5_000)
    const answer = (clean: boolean) => {
      clearTimeout(giveUp)
      hop.off('end', ended)
      resolve(clean)
    }
    const ended = () => answer(false)
    hop.once('end', ended)
    hop.reset((error) => answer(!error))
  })
}

async function connect(route: Route, timeouts: SmtpTimeouts, options: SmtpTransportOptions): Promise<Hop> {
  const checked = route.tls === 'verified' || route.tls === 'implicit'
  const settings: SMTPConnectionOptions = {
    name: options.name,
    host: route.host,
    port: route.port,
    secure: route.tls === 'implicit',
    ignoreTLS: route.tls === 'none',
    requireTLS: route.tls === 'required' || route.tls === 'verified',
    opportunisticTLS: route.tls === 'opportunistic',
    tls: { minVersion: 'TLSv1.2', ...options.tlsOptions, rejectUnauthorized: checked },
    connectionTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.connectMs,
    dnsTimeout: timeouts.connectMs,
    socketTimeout: timeouts.replyMs,
    maxResponseSize: 65_536,
    allowInternalNetworkInterfaces: true,
  }
  const hop = new Hop(settings)
  // Errors of a connection nobody is using; those of a transaction reach its callback.
  hop.on('error', (error) => options.log.debug('smtp.connection', { route: route.name, error: error.message }))
  try {
    await new Promise<void>((resolve, reject) => {
      hop.once('error', reject)
      hop.once('end', () => reject(new Error('the connection ended')))
      hop.connect((error) => (error ? reject(error) : resolve()))
    })
    hop.remote = nameOf(hop, route)
    if (route.auth) await signIn(hop, route)
    return hop
  } catch (error) {
    hop.close()
    if (error instanceof Fault) throw error
    const outcome = settle({ error: error as SmtpError, recipients: [], refusals: [], dataEnded: false })
    throw outcome instanceof Fault ? outcome : new Fault('next-hop-unreachable', '', { cause: error })
  }
}

/** Credentials never travel in clear text, except to this very machine. */
async function signIn(hop: Hop, route: Route): Promise<void> {
  const { user, password } = route.auth!
  if (!hop.tlsVersion && !/^(127\.|::1$|localhost$)/.test(route.host))
    throw new Fault('tls-required', 'no sign-in without TLS')
  await new Promise<void>((resolve, reject) => {
    hop.once('error', reject)
    hop.login({ user, credentials: { user, pass: password } }, (error) => (error ? reject(error) : resolve()))
  })
}

/** The next hop's own name stands first in its answer to EHLO (RFC 5321 4.1.1.1). */
function nameOf(hop: Hop, route: Route): string {
  return /^250[ -](\S+)/.exec(hop.lastServerResponse || '')?.[1] ?? route.host
}
