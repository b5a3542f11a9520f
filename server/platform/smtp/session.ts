import { isIP, connect as tcpConnect } from 'node:net'
import { type ConnectionOptions, TLSSocket, connect as tlsConnect } from 'node:tls'
import type { HopFacts, Route } from '../../ports/transport.ts'
import { type CertificateFailure, certificateFailure, type Proof } from './certificate.ts'
import { Conversation, HopError } from './conversation.ts'
import type { Reply } from './reply.ts'
import type { SmtpTimeouts } from './timeouts.ts'

/** What the session's TLS has to be before a byte of mail goes out. */
export interface TlsDemand {
  readonly start: 'never' | 'if-offered' | 'required' | 'implicit'
  /** How the certificate is proved; null takes any. */
  readonly proof: Proof | null
  /** A certificate that fails ends the session; otherwise the failure is only reported (MTA-STS `testing`). */
  readonly binding: boolean
  /** Name sent in the handshake. */
  readonly servername: string
  /** As it stands in the audit. */
  readonly policy: string
}

/** Failures of TLS as TLS-RPT names them (RFC 8460 4.3). */
export type TlsFailure = CertificateFailure | 'starttls-not-supported'

/** TLS that was demanded and not reached. Nothing of the mail was sent. */
export class TlsRefused extends HopError {
  readonly failure: TlsFailure
  constructor(failure: TlsFailure, message: string, options: { reply?: string; cause?: unknown } = {}) {
    super('tls', message, options)
    this.failure = failure
  }
}

export interface SessionTarget {
  readonly host: string
  readonly address: string
  readonly port: number
  readonly demand: TlsDemand
  readonly auth?: Route['auth']
}

export interface SessionOptions {
  /** Our name in EHLO. */
  readonly name: string
  readonly timeouts: SmtpTimeouts
  readonly tlsOptions: ConnectionOptions
}

/** A connection that has greeted, with TLS as demanded, ready for MAIL. */
export interface Session {
  readonly talk: Conversation
  /** By keyword, upper case: its parameters. Empty after HELO. */
  readonly extensions: ReadonlyMap<string, string>
  /** The server's own name (RFC 5321 4.1.1.1). */
  readonly remote: string
  readonly facts: HopFacts
  /** A failure that the policy only wants to know of. */
  readonly noted: TlsFailure | null
  /** DATA even where CHUNKING is offered: this host has shown that it does not work. */
  plainData: boolean
}

/** Connects, says EHLO and reaches the TLS that is demanded. Raises HopError. */
export async function openSession(
  target: SessionTarget,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const { timeouts } = options
  const { demand } = target
  const talk = await dial(target, options, signal)
  const abort = () => talk.fail(new HopError('timeout', 'the attempt took too long'))
  signal.addEventListener('abort', abort, { once: true })
  try {
    const greeting = await talk.expect(timeouts.greetingMs).reply
    if (greeting.code !== 220) throw said('the server refuses connections', greeting)
    let hello = await greet(talk, options, demand.start !== 'required')
    let failure: TlsFailure | null = null
    let secure = talk.socket instanceof TLSSocket ? talk.socket : null
    if (!secure && demand.start !== 'never') {
      secure = await startTls(talk, hello.extensions, target, options)
      if (secure) hello = await greet(talk, options, false)
      else if (demand.proof) failure = 'starttls-not-supported'
    }
    if (secure && demand.proof) failure = certificateFailure(secure, demand.proof, Date.now())
    if (failure && demand.binding)
      throw new TlsRefused(failure, `the certificate of ${target.host} does not hold: ${failure}`)
    if (target.auth) await signIn(talk, hello.extensions, target, secure !== null, timeouts.commandMs)
    const proved = secure !== null && demand.proof !== null && failure === null
    return {
      talk,
      ...hello,
      noted: failure,
      plainData: false,
      facts: {
        host: target.host,
        address: target.address,
        port: target.port,
        version: secure?.getProtocol() ?? null,
        cipher: secure?.getCipher().standardName ?? null,
        level: secure === null ? 'none' : proved ? 'verified' : 'encrypted',
        by: proved ? demand.proof!.by : null,
        policy: demand.policy,
      },
    }
  } catch (error) {
    talk.close()
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** What a reply other than the wanted one means when it ends the session. */
export function said(what: string, reply: Reply): HopError {
  return new HopError('said', what, { reply: reply.text })
}

function dial(target: SessionTarget, options: SessionOptions, signal: AbortSignal): Promise<Conversation> {
  const { connectMs } = options.timeouts
  const { address, port, demand } = target
  const socket =
    demand.start === 'implicit'
      ? tlsConnect({ host: address, port, ...handshake(target, options) })
      : tcpConnect({ host: address, port })
  return new Promise((resolve, reject) => {
    const end = (error: HopError | null) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', late)
      socket.off('error', failed)
      if (error) {
        socket.on('error', () => {})
        socket.destroy()
        reject(error)
      } else resolve(new Conversation(socket))
    }
    const late = () => end(new HopError('timeout', `no connection to ${address} in time`))
    const timer = setTimeout(late, connectMs)
    const failed = (cause: Error) => {
      const tls = demand.start === 'implicit' && !('syscall' in cause)
      end(
        tls
          ? new TlsRefused('validation-failure', 'the TLS handshake failed', { cause })
          : new HopError('closed', cause.message, { cause }),
      )
    }
    if (signal.aborted) {
      late()
      return
    }
    signal.addEventListener('abort', late, { once: true })
    socket.once('error', failed)
    socket.once(demand.start === 'implicit' ? 'secureConnect' : 'connect', () => end(null))
  })
}

/** The certificate is judged by us, after the handshake: DANE has no authorities, and MTA-STS has its own names. */
function handshake({ demand }: SessionTarget, { tlsOptions }: SessionOptions): ConnectionOptions {
  return {
    minVersion: 'TLSv1.2',
    ...tlsOptions,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(isIP(demand.servername) || demand.servername === '' ? {} : { servername: demand.servername }),
  }
}

type Hello = Pick<Session, 'extensions' | 'remote'>

async function greet(talk: Conversation, { name, timeouts }: SessionOptions, orHelo: boolean): Promise<Hello> {
  const reply = await talk.ask(`EHLO ${name}`, timeouts.commandMs)
  const remote = (reply.words[0] ?? '').split(' ', 1)[0] ?? ''
  if (reply.code === 250) {
    const extensions = new Map<string, string>()
    for (const line of reply.words.slice(1)) {
      // `AUTH=LOGIN` is an old way to write `AUTH LOGIN`.
      const [, keyword = '', parameters = ''] = /^([A-Za-z0-9][A-Za-z0-9-]*)[ =]?(.*)$/.exec(line) ?? []
      if (keyword && !extensions.has(keyword.toUpperCase())) extensions.set(keyword.toUpperCase(), parameters.trim())
    }
    return { extensions, remote }
  }
  // Servers that know no EHLO know no TLS either (RFC 5321 3.2).
  if (!orHelo || reply.code < 500) throw said('EHLO was refused', reply)
  const old = await talk.ask(`HELO ${name}`, timeouts.commandMs)
  if (old.code !== 250) throw said('HELO was refused', old)
  return { extensions: new Map(), remote: (old.words[0] ?? '').split(' ', 1)[0] ?? '' }
}

/** The encrypted socket, or null where TLS is not offered and need not be. */
async function startTls(
  talk: Conversation,
  extensions: ReadonlyMap<string, string>,
  target: SessionTarget,
  options: SessionOptions,
): Promise<TLSSocket | null> {
  const needed = target.demand.start === 'required'
  if (!extensions.has('STARTTLS')) {
    if (needed) throw new TlsRefused('starttls-not-supported', 'no STARTTLS is offered')
    return null
  }
  const reply = await talk.ask('STARTTLS', options.timeouts.commandMs)
  if (reply.code !== 220) {
    if (needed) throw new TlsRefused('starttls-not-supported', 'STARTTLS was refused', { reply: reply.text })
    return null
  }
  try {
    return await talk.upgrade(handshake(target, options), options.timeouts.connectMs)
  } catch (error) {
    if (!(error instanceof HopError) || error.kind !== 'tls') throw error
    throw new TlsRefused('validation-failure', error.message, { cause: error.cause })
  }
}

/** Credentials never travel in clear text, except to this very machine. */
async function signIn(
  talk: Conversation,
  extensions: ReadonlyMap<string, string>,
  { auth, host }: SessionTarget,
  secure: boolean,
  ms: number,
): Promise<void> {
  if (!secure && !/^(127\.|::1$|localhost$)/.test(host))
    throw new TlsRefused('starttls-not-supported', 'no sign-in without TLS')
  const { user, password } = auth!
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const mechanisms = (extensions.get('AUTH') ?? '').toUpperCase().split(/\s+/)
  let reply: Reply
  if (mechanisms.includes('LOGIN') && !mechanisms.includes('PLAIN')) {
    reply = await talk.ask('AUTH LOGIN', ms)
    if (reply.code === 334) reply = await talk.ask(base64(user), ms)
    if (reply.code === 334) reply = await talk.ask(base64(password), ms)
  } else {
    reply = await talk.ask(`AUTH PLAIN ${base64(`\0${user}\0${password}`)}`, ms)
  }
  if (reply.code !== 235) throw said('sign-in was refused', reply)
}
