import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Acceptor } from './accept.ts'
import { networksOf } from './networks.ts'
import { type Counted, createPeerCounters } from './peer-limits.ts'
import { PromptServer } from './prompt-server.ts'
import { createRefusals } from './refusals.ts'
import { replyError } from './reply.ts'
import { envelopeOf } from './session-envelope.ts'
import type { SessionPolicy } from './session-policy.ts'
import { DEFAULT_SMTP_LIMITS, type SmtpIngressOptions } from './smtp-options.ts'
import { createTransaction, isLoopback, type SessionState } from './transaction.ts'
import { watchSessions } from './watch.ts'

export type { SmtpIngressOptions, SmtpLimits } from './smtp-options.ts'

export interface SmtpIngressDeps {
  readonly acceptor: Acceptor
  readonly policy: SessionPolicy
  readonly log: Log
  readonly metrics: Metrics
}

export interface SmtpIngress {
  listen(): Promise<{ readonly port: number }>
  /**
   * Graceful: greets newcomers with 421, ends idle sessions with 421, lets running messages finish, at most `drainMs`;
   * then stops listening.
   */
  close(): Promise<void>
}

/** Commands of smtp-server that are jokes or trust the peer's word. */
const UNWANTED = ['WIZ', 'SHELL', 'KILL', 'XCLIENT', 'XFORWARD', 'VRFY', 'HELP']
/** Recipients are tried from this part of their limit on: from here the answers take longer and longer. */
const SLOW_FROM = 0.2

/**
 * SMTP in (RFC 5321) with STARTTLS, AUTH, SIZE, 8BITMIME, SMTPUTF8, PIPELINING, ENHANCEDSTATUSCODES, DSN and
 * REQUIRETLS. CHUNKING is not in the library and not offered. 250 goes out only after the durable accept. A refusal is a
 * fault's reply, or the library's own where a command has no syntax or comes out of turn; no system's text reaches the wire.
 */
export function createSmtpIngress(options: SmtpIngressOptions, deps: SmtpIngressDeps): SmtpIngress {
  const limits = { ...DEFAULT_SMTP_LIMITS, ...options.limits }
  const sessions = new Map<string, SessionState>()
  const peers = createPeerCounters(limits, Date.now)
  const refusals = createRefusals(deps.log, deps.metrics, Date.now)
  const trusted = networksOf(options.trusted ?? [])
  const known = networksOf(options.known ?? [])
  const disabled = options.tls ? UNWANTED : [...UNWANTED, 'STARTTLS']
  const drain = new AbortController()
  const transaction = createTransaction({ ...deps, limits, requireTls: options.requireTls ?? false })

  /** Runs one step of the dialogue and answers with its fault if it has one. */
  function step(session: SMTPServerSession, work: () => Promise<void>, callback: (error?: Error | null) => void): void {
    work().then(
      () => callback(),
      (error: unknown) => {
        const fault = toFault(error)
        refused(session, fault)
        callback(replyError(fault))
      },
    )
  }

  function refused(session: SMTPServerSession, fault: Fault): void {
    refusals.note(session, fault.code, sessions.get(session.id)?.told, fault)
  }

  function stateOf(session: SMTPServerSession): SessionState {
    const state = sessions.get(session.id)
    if (!state) throw new Fault('internal', '', { cause: new Error('a session without state') })
    return state
  }

  function standingOf(peer: string, local: boolean): SessionState['standing'] {
    // The loopback interface of a proxy's machine is not ours.
    if (trusted(peer) && (local || !isLoopback(peer))) return 'trusted'
    return known(peer) ? 'known' : 'stranger'
  }

  /** Counts what a stranger sends; raises `rate-exceeded`. */
  function atMost(what: Counted, session: SMTPServerSession): void {
    if (stateOf(session).standing !== 'stranger' || peers.count(session.remoteAddress, what) <= 1) return
    deps.metrics.count('smtp_limited_total', { limit: what })
    throw new Fault('rate-exceeded')
  }

  /** Whoever tries recipients waits longer and longer for his answer, then he has to go: raises `too-many-refusals`. */
  async function slowDown(session: SMTPServerSession): Promise<void> {
    if (stateOf(session).standing === 'trusted') return
    const fullness = peers.count(session.remoteAddress, 'refusedRecipients')
    if (fullness > 1) {
      deps.metrics.count('smtp_limited_total', { limit: 'refusedRecipients' })
      throw new Fault('too-many-refusals')
    }
    const delay = Math.ceil(((fullness - SLOW_FROM) / (1 - SLOW_FROM)) * limits.slowDownMs)
    // In a drain nobody waits.
    if (delay > 0) await sleep(delay, undefined, { signal: drain.signal }).catch(() => {})
  }

  const server = new PromptServer(
    {
      name: options.name,
      banner: 'ready',
      size: limits.messageBytes,
      authOptional: true,
      authMethods: ['PLAIN', 'LOGIN'],
      allowInsecureAuth: options.clearTextAuthFromLoopback ?? false,
      disabledCommands: [...disabled],
      heloResponse: '%s',
      disableReverseLookup: true,
      hideDSN: false,
      hideENHANCEDSTATUSCODES: false,
      hideREQUIRETLS: false,
      logger: false,
      // Of the socket, whatever else is wrong; deadlines of the dialogue come before it.
      socketTimeout: limits.idleMs + 60_000,
      closeTimeout: 1_000,
      maxCommandLength: 4_096,
      ...(options.tls
        ? {
            key: options.tls.key,
            cert: options.tls.cert,
            ...(options.tls.ca ? { ca: options.tls.ca } : {}),
            minVersion: 'TLSv1.2' as const,
            requestCert: options.tls.requestClientCertificate ?? false,
            rejectUnauthorized: false,
          }
        : {}),

      onConnect(session, callback) {
        step(session, () => enter(session), callback)
      },

      onClose(session) {
        if (!sessions.delete(session.id)) return
        peers.leave(session.remoteAddress)
        deps.metrics.gauge('smtp_sessions', sessions.size)
      },

      onSecure(socket, session, callback) {
        step(
          session,
          async () => {
            delete session.disabledCommands
            const state = stateOf(session)
            // RFC 3207 4.2: what was said before TLS is forgotten.
            Object.assign(state, { identity: null, via: 'none', mail: null, tls: (socket as TLSSocket).getProtocol() })
            await transaction.certificate(state, socket as TLSSocket)
          },
          callback,
        )
      },

      onAuth(auth, session, callback) {
        const state = stateOf(session)
        const judged = state.standing !== 'trusted'
        const barred = judged && peers.spent(session.remoteAddress, 'failedSignIns')
        const answer = barred ? Promise.reject(new Fault('too-many-sign-ins')) : transaction.authenticate(state, auth)
        answer.then(
          (user) => callback(null, { user }),
          (error: unknown) => {
            const fault = toFault(error)
            if (judged && fault.code === 'credentials-wrong') peers.count(session.remoteAddress, 'failedSignIns')
            if (barred) deps.metrics.count('smtp_limited_total', { limit: 'failedSignIns' })
            refused(session, fault)
            // 421 makes the library close the connection: the guessing of passwords ends here.
            const spent = state.authFailures >= limits.authFailures
            callback(replyError(spent ? new Fault('too-many-sign-ins') : fault))
          },
        )
      },

      onMailFrom(address, session, callback) {
        const begin = async () => {
          const state = stateOf(session)
          state.told.clear()
          mustBeFresh(session, state)
          atMost('messages', session)
          await transaction.mail(state, address, session)
        }
        step(session, begin, (error) => {
          // The library has set the parameters already; those of a refused MAIL are not the next one's.
          if (error) Object.assign(session.envelope, { ...UNSAID, dsn: { ret: null, envid: null } })
          callback(error)
        })
      },

      onRcptTo(address, session, callback) {
        const add = async () => {
          atMost('recipients', session)
          try {
            await transaction.recipient(stateOf(session), address, session)
          } catch (error) {
            const { code } = toFault(error)
            if (code === 'relay-denied' || code === 'address-invalid') await slowDown(session)
            throw error
          }
        }
        step(session, add, callback)
      },

      onData(stream, session, callback) {
        receive(stream, session).then(
          (id) => {
            server.open.get(session.id)?.forgive()
            callback(null, `2.0.0 accepted ${id}`)
            settle(session)
          },
          (error: unknown) => {
            const fault = toFault(error)
            refused(session, fault)
            // Whoever was refused in the middle still sends the rest; it is read and thrown away up to the deadline.
            stream.resume()
            callback(replyError(fault))
            settle(session)
          },
        )
      },
    },
    {
      proxies: networksOf(options.proxyFrom ?? []),
      limits,
      refused: (session, code) => refusals.note(session, code, sessions.get(session.id)?.told),
    },
  )
  // A client that vanishes is an everyday event; what matters of it was logged by the step it was in.
  server.on('error', (error: Error) => deps.log.debug('smtp.socket', { error: error.message }))
  const watch = watchSessions(server, limits, (id) => sessions.get(id))

  async function enter(session: SMTPServerSession): Promise<void> {
    if (drain.signal.aborted) throw new Fault('shutting-down')
    const peer = session.remoteAddress
    const local = isLoopback(peer) && server.open.get(session.id)?.proxied === false
    const standing = standingOf(peer, local)
    const room = limits.connections - (standing === 'stranger' ? limits.reserved : 0)
    const full = sessions.size >= room
    if (full || !peers.enter(peer, standing === 'stranger')) {
      deps.metrics.count('smtp_limited_total', { limit: full ? 'connections' : 'connectionsPerPeer' })
      throw new Fault('too-many-connections')
    }
    sessions.set(session.id, {
      local,
      standing,
      told: new Set(),
      messages: 0,
      identity: null,
      via: 'none',
      tls: null,
      mail: null,
      authFailures: 0,
      receiving: false,
    })
    if (!(options.clearTextAuthFromLoopback && local)) {
      // The library offers AUTH in clear text, and without STARTTLS even takes it; it comes back after the handshake.
      session.disabledCommands = [...disabled, 'AUTH']
    }
    deps.metrics.gauge('smtp_sessions', sessions.size)
  }

  /** A session does not go on for ever; raises `session-spent`. */
  function mustBeFresh(session: SMTPServerSession, { standing, messages }: SessionState): void {
    const age = performance.now() - (server.open.get(session.id)?.startedAt ?? 0)
    if (standing === 'stranger' && (messages >= limits.messages || age > limits.sessionMs))
      throw new Fault('session-spent')
  }

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const state = stateOf(session)
    state.receiving = true
    const deadline = setTimeout(() => watch.tooLong(session.id), limits.messageMs)
    stream.once('close', () => clearTimeout(deadline))
    stream.once('end', () => clearTimeout(deadline))
    stream.on('error', () => {})
    const { id } = await deps.acceptor.accept({
      ...transaction.ready(state, session),
      envelope: envelopeOf(session),
      content: contentOf(stream),
    })
    state.messages++
    return id
  }

  /** After a message: in a drain the session ends as soon as its reply is out. */
  function settle(session: SMTPServerSession): void {
    const state = sessions.get(session.id)
    if (state) {
      state.receiving = false
      state.mail = null
    }
    if (drain.signal.aborted) setImmediate(() => dismiss(session.id))
  }

  function dismiss(sessionId: string): void {
    server.open.get(sessionId)?.dismiss('shutting-down')
  }

  async function close(): Promise<void> {
    if (drain.signal.aborted) return
    drain.abort()
    for (const [id, state] of sessions) if (!state.receiving) dismiss(id)
    const end = Date.now() + limits.drainMs
    while (sessions.size > 0 && Date.now() < end) await sleep(20)
    for (const id of sessions.keys()) dismiss(id)
    watch.stop()
    for (const connection of server.open.values()) connection.cut()
    await new Promise<void>((resolve) => server.close(resolve))
  }

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.server.once('error', reject)
        server.listen(options.port, options.host, 1_024, () => {
          server.server.off('error', reject)
          resolve({ port: (server.server.address() as AddressInfo).port })
        })
      }),
    close,
  }
}

/** What a MAIL without parameters says. */
const UNSAID = { bodyType: '7bit', smtpUtf8: false, requireTLS: false } as const

/** The stream survives a reader that stops early, so that the rest of the message can still be drained. */
async function* contentOf(stream: SMTPServerDataStream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('connection-lost', '', { cause: error })
  }
}
