import type { ConnectionOptions } from 'node:tls'
import type { Envelope } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { type Log, type Metrics, noMetrics } from '../../ports/log.ts'
import type { MailTransport, OutgoingContent, Route, SendOptions, TransportResult } from '../../ports/transport.ts'
import { createResolver, type DnsOptions } from '../dns/resolver.ts'
import { type Attempted, attempt } from './attempt.ts'
import { type Candidate, domainCandidates, nextHopCandidates } from './candidates.ts'
import { HopError } from './conversation.ts'
import { type CountedPolicy, HostForbidden } from './demand.ts'
import type { OwnIdentity } from './mail-hosts.ts'
import { createPool, type Pool } from './pool.ts'
import { openSession, type Session, type TlsDemand, type TlsFailure, TlsRefused } from './session.ts'
import { faultOf, resultOf } from './settle.ts'
import { createStsPolicies, type StsOptions } from './sts-policies.ts'
import { DEFAULT_SMTP_TIMEOUTS, type SmtpTimeouts } from './timeouts.ts'
import { openTlsLedger } from './tls-ledger.ts'

/** Everything but `log` and `metrics` can be handed to another thread. */
export interface SmtpTransportOptions {
  /** Our name in EHLO. */
  readonly name: string
  readonly timeouts?: Partial<SmtpTimeouts>
  readonly messagesPerConnection?: number
  /** A connection is not used for longer than so many ms. */
  readonly connectionAgeMs?: number
  /** For every route: a private CA, minimum version. Whether certificates are checked is the route's. */
  readonly tlsOptions?: Pick<ConnectionOptions, 'ca' | 'minVersion' | 'ciphers' | 'cert' | 'key'>
  /** Name servers; the system's own when left out, and then no DANE. */
  readonly dns?: DnsOptions
  /** MTA-STS policies and the counts of TLS-RPT are kept here; in memory when left out. */
  readonly stateDir?: string
  readonly sts?: Pick<StsOptions, 'ca' | 'port' | 'allowPrivate'>
  /** Who we are among the MX of a domain; `name` is one of the names. */
  readonly own?: Partial<OwnIdentity>
  /** Hosts and addresses tried in one attempt. */
  readonly hosts?: number
  readonly addresses?: number
  readonly log: Log
  readonly metrics?: Metrics
}

/** One mail on its way to one next hop. */
interface Undertaking {
  readonly route: Route
  readonly envelope: Envelope
  readonly content: OutgoingContent
  readonly sending: SendOptions
  /** Policy domain of TLS-RPT; null for a next hop of the operator's own. */
  readonly domain: string | null
  /** Addresses that may still be tried. */
  readonly budget: { addresses: number }
  /** Aborts when the attempt has taken too long; its time runs from `begin`. */
  readonly signal: AbortSignal
  begin(): void
}

/** Pools of hosts that nobody uses are forgotten above so many. */
const POOLS = 500

/** `MailTransport` over connections of our own: next hops and MX hosts, each with a pool for what TLS it has to have. */
export function createSmtpTransport(options: SmtpTransportOptions): MailTransport {
  const { log, metrics = noMetrics } = options
  const timeouts = { ...DEFAULT_SMTP_TIMEOUTS, ...options.timeouts }
  const resolver = createResolver(options.dns)
  const policies = createStsPolicies({
    ...options.sts,
    resolver,
    directory: options.stateDir ? `${options.stateDir}/mta-sts` : null,
    log,
  })
  const ledger = openTlsLedger({ directory: options.stateDir ? `${options.stateDir}/tls-rpt` : null, log })
  const own: OwnIdentity = {
    names: [options.name, ...(options.own?.names ?? [])].map((name) => name.toLowerCase()),
    addresses: options.own?.addresses ?? [],
    loopback: options.own?.loopback ?? true,
  }
  const pools = new Map<string, Pool>()
  /** Hosts that offer CHUNKING and do not do it. */
  const noChunking = new Set<string>()

  function poolOf(route: Route, candidate: Candidate, demand: TlsDemand, counted: CountedPolicy): Pool {
    const key = JSON.stringify([
      route.name,
      candidate.host,
      candidate.port,
      demand.start,
      demand.proof && [demand.proof.by, demand.proof.names, counted.strings],
      route.auth,
    ])
    let pool = pools.get(key)
    if (!pool) {
      if (pools.size >= POOLS) for (const [old, { unused }] of pools) if (unused) pools.delete(old)
      pool = createPool({
        connections: Math.max(1, route.connections),
        messagesPerConnection: options.messagesPerConnection ?? 100,
        ageMs: options.connectionAgeMs ?? 300_000,
        idleMs: timeouts.idleMs,
      })
      pools.set(key, pool)
    }
    return pool
  }

  async function send(
    route: Route,
    envelope: Envelope,
    content: OutgoingContent,
    sending: SendOptions = {},
  ): Promise<TransportResult> {
    const level = envelope.requireTls && route.tls !== 'implicit' ? 'verified' : route.tls
    const late = new AbortController()
    let timer: NodeJS.Timeout | undefined
    // The time that a mail waits for one of few connections is not the next hop's.
    const begin = () => {
      timer ??= setTimeout(() => late.abort(), timeouts.attemptMs + (content.size / timeouts.bytesPerSecond) * 1_000)
    }
    try {
      const found = route.mx
        ? await domainCandidates({ resolver, policies, own }, route, level, domainOf(envelope))
        : nextHopCandidates(resolver, route, level)
      if ('reply' in found) return told(envelope, found.reply, domainOf(envelope))
      if (found.sts?.problem && found.domain) {
        const counted: CountedPolicy = { type: 'sts', strings: [], mx: [] }
        ledger.note({ domain: found.domain, counted, failure: { type: found.sts.problem } })
      }
      const budget = { addresses: options.addresses ?? 10 }
      const { domain } = found
      const mail: Undertaking = { route, envelope, content, sending, domain, budget, signal: late.signal, begin }
      return await sendToOne(found.hosts, mail)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Host by host until one has settled somebody's fate; the last failure is that of the attempt. */
  async function sendToOne(hosts: readonly Candidate[], mail: Undertaking): Promise<TransportResult> {
    const { route, budget, signal } = mail
    let unfit: TransportResult | null = null
    let failed: Fault | null = null
    for (const candidate of hosts.slice(0, options.hosts ?? 5)) {
      if (budget.addresses <= 0 || signal.aborted) break
      const outcome = await tryHost(candidate, mail)
      if ('result' in outcome) {
        if (!outcome.unfit) return outcome.result
        unfit ??= outcome.result
        continue
      }
      // What TLS forbids outweighs what a later host did not answer: it is what somebody has to mend.
      if (failed?.code !== 'tls-required') failed = outcome.fault
      if (!outcome.untouched) throw outcome.fault
      log.debug('smtp.next-host', { route: route.name, host: candidate.host, fault: outcome.fault.code })
    }
    if (unfit) return unfit
    throw failed ?? new Fault('next-hop-timeout')
  }

  async function tryHost(candidate: Candidate, mail: Undertaking): Promise<Attempted> {
    const { route, envelope, content, sending, domain, signal } = mail
    try {
      const { demand, counted } = await candidate.demand()
      const pool = poolOf(route, candidate, demand, counted)
      const connect = () => reach(candidate, demand, counted, mail)
      const on = async (fresh: boolean) => {
        const lease = await pool.lease(connect, { fresh })
        mail.begin()
        lease.session.plainData = noChunking.has(candidate.host)
        const outcome = await attempt(lease, envelope, content, timeouts, sending, signal)
        return { outcome, reused: lease.reused }
      }
      const first = await on(false)
      if (!('fault' in first.outcome)) return first.outcome
      const { fault, untouched, chunkingRefused } = first.outcome
      if (chunkingRefused) {
        if (noChunking.size >= POOLS) noChunking.clear()
        noChunking.add(candidate.host)
      }
      // A kept connection that the next hop had already given up says nothing about this message.
      const stale = first.reused && untouched && fault.code !== 'next-hop-timeout'
      if (signal.aborted || !(stale || chunkingRefused)) return first.outcome
      log.debug('smtp.reconnect', { route: route.name, host: candidate.host })
      return (await on(true)).outcome
    } catch (error) {
      if (!(error instanceof Fault || error instanceof HopError)) throw error
      if (error instanceof TlsRefused && error.failure === 'starttls-not-supported' && envelope.requireTls) {
        return {
          result: told(envelope, '550 5.7.30 REQUIRETLS support required (RFC 8689)', candidate.host),
          unfit: true,
        }
      }
      if (error instanceof HostForbidden && domain) {
        ledger.note({ domain, counted: error.counted, failure: { type: error.failure, host: candidate.host } })
      }
      const fault = faultOf(error)
      if (!OF_THE_HOST.has(fault.code)) throw fault
      return { fault, untouched: true, chunkingRefused: false }
    }
  }

  /** A new session with the first address that gives one. Raises HopError, and what the look-up raises. */
  async function reach(
    candidate: Candidate,
    demand: TlsDemand,
    counted: CountedPolicy,
    { route, domain, budget, signal, begin }: Undertaking,
  ): Promise<Session> {
    begin()
    const { host, port } = candidate
    let last: unknown = new Fault('next-hop-unreachable', `${host} has no address`)
    for (const address of await candidate.addresses()) {
      if (signal.aborted) throw new HopError('timeout', 'the attempt took too long')
      if (budget.addresses-- <= 0) break
      try {
        const target = { host, address, port, demand, ...(route.auth ? { auth: route.auth } : {}) }
        const session = await open(target)
        count(session.noted, address, session.remote)
        metrics.count('smtp_sessions_total', { tls: session.facts.level, by: session.facts.by ?? '' })
        return session
      } catch (error) {
        last = error
        if (error instanceof TlsRefused) count(error.failure, address, '', error.message)
        log.debug('smtp.connection', { route: route.name, host, error: String(error) })
      }
    }
    throw last

    function count(type: TlsFailure | null, address: string, helo: string, reason = ''): void {
      if (!domain) return
      const failure = type && { type, host, address, ...(helo ? { helo } : {}), ...(reason ? { reason } : {}) }
      ledger.note({ domain, counted, failure })
    }

    async function open(target: Parameters<typeof openSession>[0]): Promise<Session> {
      const tlsOptions = options.tlsOptions ?? {}
      try {
        return await openSession(target, { name: options.name, timeouts, tlsOptions }, signal)
      } catch (error) {
        // Opportunistic: a handshake that fails is worth no more than none at all (RFC 7435 3).
        if (!(error instanceof TlsRefused) || demand.start !== 'if-offered' || demand.binding || route.auth) throw error
        if (error.failure === 'starttls-not-supported') throw error
        count(error.failure, target.address, '', error.message)
        log.info('smtp.without-tls', { route: route.name, host })
        const plain = { ...target, demand: { ...demand, start: 'never' as const, proof: null } }
        return await openSession(plain, { name: options.name, timeouts, tlsOptions }, signal)
      }
    }
  }

  return {
    send,
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()))
      pools.clear()
      await ledger.close()
    },
  }
}

/** Faults that another host of the same next hop may not have. */
const OF_THE_HOST = new Set([
  'next-hop-unreachable',
  'next-hop-timeout',
  'next-hop-temporary',
  'tls-required',
  'dns-unavailable',
])

function told(envelope: Envelope, reply: string, remote: string): TransportResult {
  return {
    recipients: envelope.recipients.map(({ address }) => resultOf(address, reply)),
    tls: null,
    remote,
    dsn: false,
  }
}

function domainOf({ recipients }: Envelope): string {
  const domains = new Set(recipients.map(({ address }) => address.slice(address.lastIndexOf('@') + 1).toLowerCase()))
  const [domain, ...others] = domains
  if (domain === undefined || others.length > 0) throw new Fault('internal', 'MX delivery takes one domain at a time')
  return domain
}
