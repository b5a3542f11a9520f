import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import type { SMTPServerAuthentication, SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Acceptor } from './accept.ts'
import { contentOf } from './content.ts'
import { dialogueOptions } from './dialogue-options.ts'
import { isLoopback, networksOf } from './networks.ts'
import { createPeerRules } from './peer-rules.ts'
import { PromptServer } from './prompt-server.ts'
import { createRefusals } from './refusals.ts'
import { replyError } from './reply.ts'
import { envelopeOf } from './session-envelope.ts'
import type { SessionPolicy } from './session-policy.ts'
import { DEFAULT_SMTP_LIMITS, type SmtpIngressOptions } from './smtp-options.ts'
import { createTransaction, type SessionState } from './transaction.ts'
import { watchSessions } from './watch.ts'

export type { SmtpIngressOptions } from './smtp-options.ts'

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

/**
 * SMTP in (RFC 5321) with STARTTLS, AUTH, SIZE, 8BITMIME, SMTPUTF8, PIPELINING, ENHANCEDSTATUSCODES, DSN and
 * REQUIRETLS. CHUNKING is not in the library and not offered. 250 goes out only after the durable accept. A refusal is a
 * fault's reply, or the library's own where a command has no syntax or comes out of turn; no system's text reaches the wire.
 */
export function createSmtpIngress(options: SmtpIngressOptions, deps: SmtpIngressDeps): SmtpIngress {
  const limits = { ...DEFAULT_SMTP_LIMITS, ...options.limits }
  const sessions = new Map<string, SessionState>()
  const refusals = createRefusals(deps.log, deps.metrics, Date.now)
  const disabled = options.tls ? UNWANTED : [...UNWANTED, 'STARTTLS']
  const drain = new AbortController()
  const peers = createPeerRules(options, limits, deps.metrics, drain.signal)
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

  function peerOf(session: SMTPServerSession) {
    return { address: session.remoteAddress, standing: stateOf(session).standing }
  }

  const server = new PromptServer(
    {
      ...dialogueOptions(options, limits),
      disabledCommands: [...disabled],

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
        signIn(auth, session).then(
          (user) => callback(null, { user }),
          (error: unknown) => {
            const fault = toFault(error)
            refused(session, fault)
            // 421 makes the library close the connection: the guessing of passwords ends here.
            const spent = stateOf(session).authFailures >= limits.authFailures
            callback(replyError(spent ? new Fault('too-many-sign-ins') : fault))
          },
        )
      },

      onMailFrom(address, session, callback) {
        const begin = async () => {
          const state = stateOf(session)
          state.told.clear()
          mustBeFresh(session, state)
          peers.sends(peerOf(session), 'messages')
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
          peers.sends(peerOf(session), 'recipients')
          try {
            await transaction.recipient(stateOf(session), address, session)
          } catch (error) {
            const { code } = toFault(error)
            if (code === 'relay-denied' || code === 'address-invalid') await peers.wasRefused(peerOf(session))
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
    const standing = peers.standingOf(peer, local)
    peers.enter({ address: peer, standing }, sessions.size)
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

  async function signIn(auth: SMTPServerAuthentication, session: SMTPServerSession): Promise<string> {
    const peer = peerOf(session)
    peers.signsIn(peer)
    try {
      return await transaction.authenticate(stateOf(session), auth)
    } catch (error) {
      if (toFault(error).code === 'credentials-wrong') peers.failedToSignIn(peer)
      throw error
    }
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
