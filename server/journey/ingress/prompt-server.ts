import { randomUUID } from 'node:crypto'
import type net from 'node:net'
import type tls from 'node:tls'
import { SMTPServer } from 'smtp-server'
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import { Fault, type FaultCode, toFault } from '../../../shared/fault/index.ts'
import { readAddressPath } from './address-path.ts'
import { wrongWithCommand } from './command-line.ts'
import { type Networks, plainAddress } from './networks.ts'
import { takeProxyHeader } from './proxy-reader.ts'
import { replyError } from './reply.ts'
import { SmtpInput } from './smtp-input.ts'
import type { SmtpLimits } from './smtp-options.ts'

export interface PromptOptions {
  readonly proxies: Networks
  readonly limits: Pick<SmtpLimits, 'errors' | 'idleCommands' | 'handshakeMs' | 'connections'>
  /** Told of every refusal that no handler of ours gave. `code` is a fault's, or the number of the library's own reply. */
  refused(session: { readonly id: string; readonly remoteAddress: string }, code: FaultCode | `${number}`): void
}

/** Commands that move a message or end the session; all others only cost time. */
const MOVING = new Set(['MAIL', 'RCPT', 'DATA', 'AUTH', 'STARTTLS', 'QUIT'])
/** A client that was refused at once and does not leave loses its socket after so many ms. */
const LINGER_MS = 2_000

/**
 * smtp-server with its weak sides covered, only by overriding methods that its declarations publish; no source is patched and
 * the exact version is pinned (docs/decisions/0033):
 *
 * - `init` waits 100 ms before the greeting to catch early talkers. With one message per connection that wait, not the
 *   work, limits the rate (50 connections: 500 messages/s). Here the greeting goes out at once. A client that speaks
 *   before it is greeted is still refused: nothing is read before `connectionReady`.
 * - `send` puts an enhanced status code of its own in front of every text. Our texts bring the code of the fault
 *   catalogue along, so a text that begins with one is sent as it is. The library's own 421 becomes a fault's.
 * - Bytes become commands and content in `SmtpInput`, paths and parameters are read by `readAddressPath`.
 * - The PROXY protocol is ours (the library knows version 1 only).
 */
export class PromptConnection extends SMTPConnection {
  declare _server: PromptServer
  readonly startedAt = performance.now()
  /** When we began to wait for the next command. */
  waitingSince = performance.now()
  /** Between a command and our reply. */
  working = false
  /** The handshake after STARTTLS began; null while there is none. */
  upgradingSince: number | null = null
  #errors = 0
  #idleCommands = 0
  #first = true
  #top: net.Socket = this._socket

  get input(): SmtpInput | null {
    return this._parser instanceof SmtpInput ? this._parser : null
  }

  /** A message went through: the client knows how to speak. */
  forgive(): void {
    this.#errors = this.#idleCommands = 0
  }

  /** Its address is a proxy's word. */
  readonly proxied: boolean

  constructor(server: PromptServer, socket: net.Socket | tls.TLSSocket, options: PeerOptions) {
    super(server, socket, options)
    this.proxied = options.remoteAddress !== undefined
  }

  /** Ends the session with a fault's reply, or without a word where a handshake is under way. */
  dismiss(code: FaultCode): void {
    if (this._upgrading) {
      this._server.own.refused(this, code)
      this.cut()
    } else this.refuse(code)
  }

  /** Ends the connection without a word; with TLS half made from the top, from below Node would break. */
  cut(): void {
    this.#top.destroy()
  }

  override init(): void {
    this._setListeners(() => this.connectionReady())
  }

  override _createParser(): SmtpInput {
    const input = new SmtpInput({ maxCommandLength: this._server.options.maxCommandLength })
    input.oncommand = (command, next) => this._onCommand(command, next)
    input.onrefused = (code, next) => this.refuse(code, next)
    input.on('error', () => this.refuse('protocol-violation'))
    return input
  }

  override _armTimeout(socket: net.Socket = this._socket): void {
    this.#top = socket
    super._armTimeout(socket)
  }

  override upgrade(callback: () => void, secured?: () => void): void {
    this.upgradingSince = performance.now()
    super.upgrade(callback, secured)
  }

  override _onCommand(command: Buffer, callback?: () => void): void {
    if (this._upgrading) {
      super._onCommand(command, callback)
      return
    }
    const next = () => {
      this.working = false
      this.waitingSince = performance.now()
      callback?.()
    }
    this.upgradingSince = null
    const first = this.#first
    this.#first = false
    // A proxy that is not in our list, or the second version's first line.
    if (first && (command.length === 0 || command.toString('latin1', 0, 6) === 'PROXY ')) {
      this.refuse('proxy-header')
      return
    }
    const wrong = wrongWithCommand(command, this.session.envelope?.smtpUtf8 ?? false)
    if (wrong) {
      // An exchange of AUTH that this line was to go on with is over.
      this._nextHandler = false
      this.refuse(wrong, next)
      return
    }
    const verb = command.toString('latin1').split(' ', 1)[0]!.toUpperCase()
    if (!this._nextHandler && !MOVING.has(verb) && ++this.#idleCommands > this._server.own.limits.idleCommands) {
      this.refuse('too-many-errors')
      return
    }
    this.working = true
    super._onCommand(command, next)
  }

  override _parseAddressCommand(name: string, command: Buffer | string) {
    const path = readAddressPath(name.toUpperCase() as 'MAIL FROM' | 'RCPT TO', command.toString())
    return path ?? false
  }

  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (typeof data === 'string' && /^[245]\.\d{1,3}\.\d{1,3} /.test(data)) super.send(code, data, false)
    else if (code === 421) this.refuse(reasonOf(String(data)))
    else if (code >= 500 && this.#isOneTooMany(code)) this.refuse('too-many-errors')
    else {
      if (code >= 400) this._server.own.refused(this, `${code}`)
      super.send(code, data, context)
    }
  }

  override _onClose(): void {
    super._onClose()
    this._server.open.delete(this.id)
  }

  override _refuse(error: Error, context?: string | false): void {
    super._refuse(error, context)
    setTimeout(() => this._socket.destroy(), LINGER_MS).unref()
  }

  /** Commands out of order cost a reply and nothing else: whoever pipelines sends many when the first one was refused. */
  #isOneTooMany(code: number): boolean {
    return code !== 503 && ++this.#errors >= this._server.own.limits.errors
  }

  /** Replies with a fault outside of our handlers; goes on with `next` unless the reply ends the session. */
  refuse(code: FaultCode, next?: () => void): void {
    if (this._closing || this._closed) return
    const given = new Fault(code)
    const last = replyError(given).responseCode !== 421 && this.#isOneTooMany(500)
    const fault = last ? new Fault('too-many-errors') : given
    const { responseCode, message } = replyError(fault)
    this._server.own.refused(this, fault.code)
    super.send(responseCode, message, false)
    if (responseCode !== 421) next?.()
  }
}

/** What the library means where it ends a session by itself. */
function reasonOf(text: string): FaultCode {
  if (text.startsWith('Timeout')) return 'command-timeout'
  if (text.includes('too many')) return 'too-many-errors'
  return text.includes('shutting down') ? 'shutting-down' : 'protocol-violation'
}

/** Address and port are what a PROXY header says; absent without one. */
interface PeerOptions {
  /** Of the session. */
  readonly id: string
  readonly remoteAddress?: string
  readonly remotePort?: number
}

export class PromptServer extends SMTPServer {
  /** Open connections by the id of their session. */
  readonly open = new Map<string, PromptConnection>()
  readonly own: PromptOptions

  constructor(options: ConstructorParameters<typeof SMTPServer>[0], own: PromptOptions) {
    super(options)
    this.own = own
    // Sockets without a session count here: half closed, or before their PROXY header.
    this.server.maxConnections = own.limits.connections * 2 + 100
    this.server.on('drop', (peer) => {
      own.refused({ id: '', remoteAddress: plainAddress(peer?.remoteAddress ?? '') }, 'too-many-connections')
    })
  }

  override connect(socket: net.Socket | tls.TLSSocket, peer?: PeerOptions | null): void {
    const connection = new PromptConnection(this, socket, peer ?? { id: randomUUID() })
    this.connections.add(connection)
    this.open.set(connection.id, connection)
    connection.on('error', (error: Error) => this._onError(error))
    connection.on('connect', (info: unknown) => this.emit('connect', info))
    connection.init()
  }

  override _expectsProxyHeader(socket: net.Socket): boolean {
    return this.own.proxies(plainAddress(socket.remoteAddress ?? ''))
  }

  override _handleProxy(socket: net.Socket, callback: (error: Error | null, peer?: PeerOptions) => void): void {
    if (!this._expectsProxyHeader(socket)) {
      callback(null, { id: randomUUID() })
      return
    }
    takeProxyHeader(socket, this.own.limits.handshakeMs).then(
      ({ source }) => {
        const id = randomUUID()
        callback(null, source ? { id, remoteAddress: source.address, remotePort: source.port } : { id })
      },
      (error: unknown) => {
        const fault = toFault(error)
        // A proxy that only looks whether we listen says nothing; that is no news.
        if (fault.code !== 'connection-lost')
          this.own.refused({ id: '', remoteAddress: plainAddress(socket.remoteAddress ?? '') }, fault.code)
        const { responseCode, message } = replyError(fault)
        socket.on('error', () => {})
        socket.end(`${responseCode} ${message}\r\n`)
        setTimeout(() => socket.destroy(), LINGER_MS).unref()
        callback(fault)
      },
    )
  }
}
