import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Acceptor } from './accept.ts'
import { PromptServer } from './prompt-server.ts'
import { replyError } from './reply.ts'
import { envelopeOf } from './session-envelope.ts'
import type { SessionPolicy } from './session-policy.ts'
import { createTransaction, isLoopback, type SessionState } from './transaction.ts'

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
  readonly limits?: Partial<SmtpLimits>
}

export interface SmtpLimits {
  /** Announced as SIZE; the acceptor has its own, equal or smaller limit. */
  readonly messageBytes: number
  readonly recipients: number
  readonly connections: number
  readonly connectionsPerPeer: number
  readonly authFailures: number
  /** From 354 to the final dot, ms: what ends a client that drips bytes. */
  readonly messageMs: number
  /** Silence of the client, ms (RFC 5321 4.5.3.2.7 asks for 5 minutes). */
  readonly idleMs: number
  /** How long `close` waits for running messages, ms. */
  readonly drainMs: number
}

export const DEFAULT_SMTP_LIMITS: SmtpLimits = {
  messageBytes: 200 * 1024 * 1024,
  recipients: 1_000,
  connections: 500,
  connectionsPerPeer: 100,
  authFailures: 3,
  messageMs: 30 * 60_000,
  idleMs: 5 * 60_000,
  drainMs: 25_000,
}

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
 * REQUIRETLS. CHUNKING is not in the library and not offered. 250 goes out only after the durable accept; every refusal
 * is a fault's reply, no library's or system's text reaches the wire.
 */
export function createSmtpIngress(options: SmtpIngressOptions, deps: SmtpIngressDeps): SmtpIngress {
  const limits = { ...DEFAULT_SMTP_LIMITS, ...options.limits }
  const sessions = new Map<string, SessionState>()
  const perPeer = new Map<string, number>()
  const disabled = options.tls ? UNWANTED : [...UNWANTED, 'STARTTLS']
  let draining = false
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
    deps.metrics.count('smtp_refused_total', { code: fault.code })
    const fields = { code: fault.code, peer: session.remoteAddress, session: session.id }
    if (fault.code === 'internal') deps.log.error('smtp.failed', { ...fields, cause: String(fault.cause) })
    else deps.log.info('smtp.refused', fields)
  }

  function stateOf(session: SMTPServerSession): SessionState {
    const state = sessions.get(session.id)
    if (!state) throw new Fault('internal', '', { cause: new Error('a session without state') })
    return state
  }

  const server = new PromptServer({
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
    socketTimeout: limits.idleMs,
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
      step(
        session,
        async () => {
          if (draining) throw new Fault('shutting-down')
          const peer = session.remoteAddress
          const ofPeer = perPeer.get(peer) ?? 0
          if (sessions.size >= limits.connections || ofPeer >= limits.connectionsPerPeer) {
            throw new Fault('too-many-connections')
          }
          perPeer.set(peer, ofPeer + 1)
          sessions.set(session.id, {
            identity: null,
            via: 'none',
            tls: null,
            mail: null,
            authFailures: 0,
            receiving: false,
          })
          if (!(options.clearTextAuthFromLoopback && isLoopback(peer))) {
            // The library offers AUTH in clear text, and without STARTTLS even takes it; it comes back after the handshake.
            session.disabledCommands = [...disabled, 'AUTH']
          }
          deps.metrics.gauge('smtp_sessions', sessions.size)
        },
        callback,
      )
    },

    onClose(session) {
      if (!sessions.delete(session.id)) return
      const left = (perPeer.get(session.remoteAddress) ?? 1) - 1
      if (left > 0) perPeer.set(session.remoteAddress, left)
      else perPeer.delete(session.remoteAddress)
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
      transaction.authenticate(state, auth).then(
        (user) => callback(null, { user }),
        (error: unknown) => {
          const fault = toFault(error)
          refused(session, fault)
          // 421 makes the library close the connection: the guessing of passwords ends here.
          const spent = state.authFailures >= limits.authFailures
          callback(replyError(spent ? new Fault('too-many-connections', 'too many failed sign-ins') : fault))
        },
      )
    },

    onMailFrom(address, session, callback) {
      step(session, () => transaction.mail(stateOf(session), address, session), callback)
    },

    onRcptTo(address, session, callback) {
      step(session, () => transaction.recipient(stateOf(session), address, session), callback)
    },

    onData(stream, session, callback) {
      receive(stream, session).then(
        (id) => {
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
  })
  // A client that vanishes is an everyday event; what matters of it was logged by the step it was in.
  server.on('error', (error: Error) => deps.log.debug('smtp.socket', { error: error.message }))

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const state = stateOf(session)
    state.receiving = true
    const deadline = setTimeout(() => {
      const fault = new Fault('session-timeout')
      const reply = replyError(fault)
      server.connectionOf(session.id)?.send(reply.responseCode, reply.message)
      stream.destroy(fault)
    }, limits.messageMs)
    stream.once('close', () => clearTimeout(deadline))
    stream.once('end', () => clearTimeout(deadline))
    stream.on('error', () => {})
    const { id } = await deps.acceptor.accept({
      ...transaction.ready(state, session),
      envelope: envelopeOf(session),
      content: contentOf(stream),
    })
    return id
  }

  /** After a message: in a drain the session ends as soon as its reply is out. */
  function settle(session: SMTPServerSession): void {
    const state = sessions.get(session.id)
    if (state) state.receiving = false
    if (draining) setImmediate(() => dismiss(session.id))
  }

  function dismiss(sessionId: string): void {
    const { responseCode, message } = replyError(new Fault('shutting-down'))
    server.connectionOf(sessionId)?.send(responseCode, message)
  }

  async function close(): Promise<void> {
    if (draining) return
    draining = true
    for (const [id, state] of sessions) if (!state.receiving) dismiss(id)
    const end = Date.now() + limits.drainMs
    while (sessions.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
    for (const id of sessions.keys()) dismiss(id)
    for (const connection of server.connections) connection._socket.destroy()
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

/** The stream survives a reader that stops early, so that the rest of the message can still be drained. */
async function* contentOf(stream: SMTPServerDataStream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('connection-lost', '', { cause: error })
  }
}
