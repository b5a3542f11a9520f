import type net from 'node:net'
import { TLSSocket } from 'node:tls'
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection'
import type { EnvelopeRecipient } from '../../../shared/domain/index.ts'
import { DotStuffing } from './dot-stuffing.ts'

type Done = (error: Error | null, reply?: string) => void

/**
 * What this file uses of nodemailer's SMTPConnection beyond its published declarations. The version is pinned to the
 * digit; `transport.test.ts` fails when one of these goes away or changes its meaning.
 */
interface Internals {
  _envelope:
    | { dsn?: Dsn | undefined; rejectedErrors?: { recipient?: string; response?: string }[]; mailError?: Error }
    | false
  _supportedExtensions: string[]
  _responseActions: ((reply: string) => void)[]
  _currentDataStream: DotStuffing | false
  _socket: net.Socket | false | null
  _createSendStream(callback: Done): DotStuffing
  _actionSMTPStream(reply: string, callback: Done): void
  _sendRcpt(recipient: string, callback: Done): void
  _sendCommand(line: string, logged?: string): void
}

interface Dsn {
  ret?: string | null
  envid?: string | null
  notify?: string | null
  orcpt?: string | null
}

const Base = SMTPConnection as unknown as new (options: SMTPConnectionOptions) => SMTPConnection & Internals

/**
 * One connection to a next hop. Adds to nodemailer what its envelope cannot say or is slow at:
 * DSN parameters per recipient (RFC 3461 4.1, nodemailer knows one set for all), SMTPUTF8 for a message whose header
 * needs it while its addresses do not (RFC 6531 3.4), and a faster dot-stuffer.
 */
export class Hop extends Base {
  /** Name of the next hop, known once it has answered EHLO. */
  remote = ''
  #recipients: ReadonlyMap<string, EnvelopeRecipient> = new Map()
  #smtputf8 = false
  #data: DotStuffing | null = null

  /** To be called before each `send`. */
  prepare(recipients: readonly EnvelopeRecipient[], smtputf8: boolean): void {
    this.#recipients = new Map(recipients.map((recipient) => [recipient.address, recipient]))
    this.#smtputf8 = smtputf8
    this.#data = null
  }

  offers(extension: 'DSN' | 'SMTPUTF8' | '8BITMIME' | 'REQUIRETLS'): boolean {
    return this._supportedExtensions.includes(extension)
  }

  /** Content of the current message has begun to flow. */
  get dataBegun(): boolean {
    return this.#data !== null
  }

  /** The end of data of the current message was handed to the socket. */
  get dataEnded(): boolean {
    return this.#data?.ended ?? false
  }

  /**
   * Replies to the recipients refused so far in the current transaction. None after a refused MAIL: what a pipelined RCPT
   * is then answered (503, no transaction) says nothing about the recipient.
   */
  get refusals(): { readonly address: string; readonly reply: string }[] {
    const envelope = this._envelope
    if (!envelope || envelope.mailError) return []
    const errors = envelope.rejectedErrors ?? []
    return errors.map(({ recipient = '', response = '' }) => ({ address: recipient, reply: response }))
  }

  /** TLS version in use, or null. */
  get tlsVersion(): string | null {
    return this._socket instanceof TLSSocket ? this._socket.getProtocol() : null
  }

  override _createSendStream(callback: Done): DotStuffing {
    const stream = new DotStuffing()
    this.#data = stream
    this._responseActions.push((reply) => this._actionSMTPStream(reply, callback))
    // `close` unpipes this one, so that the end of data never follows a message that was cut short.
    this._currentDataStream = stream
    stream.pipe(this._socket as net.Socket, { end: false })
    stream.once('end', () => {
      if (this._currentDataStream === stream) this._currentDataStream = false
    })
    return stream
  }

  override _sendRcpt(recipient: string, callback: Done): void {
    const { notify, orcpt } = this.#recipients.get(recipient) ?? {}
    if (this._envelope) {
      this._envelope.dsn = { ...this._envelope.dsn, notify: notify?.join(',') ?? null, orcpt: orcpt ?? null }
    }
    super._sendRcpt(recipient, callback)
  }

  override _sendCommand(line: string, logged?: string): void {
    const needed = this.#smtputf8 && line.startsWith('MAIL FROM:') && !/ SMTPUTF8\b/.test(line)
    super._sendCommand(needed ? `${line} SMTPUTF8` : line, logged)
  }
}
