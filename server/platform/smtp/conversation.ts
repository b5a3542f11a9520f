import type { Socket } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { type Reply, ReplyReader } from './reply.ts'

/** Why a conversation ended before a reply said so. */
export class HopError extends Error {
  override readonly name = 'HopError'
  readonly kind: 'timeout' | 'closed' | 'garbled' | 'tls' | 'said'
  /** The reply it stands for, with `said`. */
  readonly reply: string
  constructor(
    kind: HopError['kind'],
    message: string,
    { reply = '', cause }: { reply?: string; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause })
    this.kind = kind
    this.reply = reply
  }
}

interface Waiter {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  readonly ms: number
  /** The clock runs only from here: the reply to the end of data is awaited before the data has gone. */
  armed: boolean
}

export interface Expected {
  readonly reply: Promise<Reply>
  /** It came, although it may not have been due yet. */
  readonly came: boolean
  arm(): void
}

/**
 * Bytes to and from one server. Replies are matched to what was asked, in order, each within its own deadline that no
 * trickle of bytes extends; a reply that nobody asked for, or that is no reply, ends it.
 */
export class Conversation {
  #socket: Socket
  #reader = new ReplyReader()
  #waiting: Waiter[] = []
  #timer: NodeJS.Timeout | undefined
  #error: HopError | null = null
  #ended: (() => void)[] = []
  /** What the server said before it hung up (421, RFC 5321 3.8). */
  #farewell = ''

  constructor(socket: Socket) {
    this.#socket = socket
    this.#listen()
  }

  get socket(): Socket {
    return this.#socket
  }

  /** Nothing has gone wrong, and the server has neither hung up nor spoken out of turn. */
  get alive(): boolean {
    return this.#error === null && !this.#socket.destroyed && this.#socket.writable
  }

  /** Called once, when the server is gone. */
  onEnd(act: () => void): () => void {
    this.#ended.push(act)
    return () => {
      this.#ended = this.#ended.filter((other) => other !== act)
    }
  }

  /** The next reply that is not yet spoken for, within `ms`. Raises HopError. */
  expect(ms: number, armed = true): Expected {
    let came = false
    let waiter: Waiter | undefined
    const reply = new Promise<Reply>((resolve, reject) => {
      if (this.#error) {
        reject(this.#error)
        return
      }
      waiter = { resolve, reject, ms, armed }
      this.#waiting.push(waiter)
      if (this.#waiting[0] === waiter) this.#clock()
    })
    reply.then(
      () => {
        came = true
      },
      () => {
        came = true
      },
    )
    return {
      reply,
      get came() {
        return came
      },
      arm: () => {
        if (!waiter) return
        waiter.armed = true
        if (this.#waiting[0] === waiter) this.#clock()
      },
    }
  }

  /** One command and its reply. */
  async ask(line: string, ms: number): Promise<Reply> {
    const expected = this.expect(ms)
    if (this.#error === null) this.#socket.write(`${line}\r\n`)
    return await expected.reply
  }

  /** Hands bytes on; waits, at most `ms`, while the server takes no more of them. Raises HopError. */
  async write(bytes: Buffer | string | readonly Buffer[], ms: number): Promise<void> {
    if (this.#error) throw this.#error
    if (this.#put(bytes)) return
    await new Promise<void>((resolve, reject) => {
      const socket = this.#socket
      const settle = (act: () => void) => {
        clearTimeout(timer)
        socket.off('drain', drained)
        forget()
        act()
      }
      const drained = () => settle(resolve)
      const timer = setTimeout(() => {
        settle(() => reject(this.fail(new HopError('timeout', 'the server takes no data'))))
      }, ms)
      const forget = this.onEnd(() => settle(() => reject(this.#error ?? new HopError('closed', 'hung up'))))
      socket.once('drain', drained)
    })
  }

  /** Several pieces are one call to the system, without a copy. True while there is room for more. */
  #put(bytes: Buffer | string | readonly Buffer[]): boolean {
    const socket = this.#socket
    if (typeof bytes === 'string' || Buffer.isBuffer(bytes)) return socket.write(bytes)
    socket.cork()
    let room = true
    for (const piece of bytes) room = socket.write(piece)
    socket.uncork()
    return room
  }

  /** TLS over the same connection, right after the reply to STARTTLS. Raises HopError `tls`. */
  async upgrade(options: ConnectionOptions, ms: number): Promise<TLSSocket> {
    // What came with the reply came without TLS: it must not be taken for what comes with it (RFC 3207 6).
    if (this.#reader.pending || this.#error || this.#waiting.length > 0)
      throw this.fail(new HopError('tls', 'words before TLS began'))
    const plain = this.#socket
    this.#silence()
    const secure = tlsConnect({ ...options, socket: plain })
    this.#socket = secure
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => refuse(new HopError('timeout', 'no TLS in time')), ms)
      const refuse = (error: unknown) => {
        clearTimeout(timer)
        const cause =
          error instanceof HopError ? error : new HopError('tls', 'the TLS handshake failed', { cause: error })
        reject(this.fail(cause))
      }
      secure.once('error', refuse)
      const hungUp = () => refuse(new Error('hung up'))
      secure.once('close', hungUp)
      secure.once('secureConnect', () => {
        clearTimeout(timer)
        secure.off('error', refuse)
        secure.off('close', hungUp)
        resolve()
      })
    })
    this.#reader = new ReplyReader()
    this.#listen()
    return secure
  }

  /** Ends it for everyone who waits, and answers the error they get. */
  fail(error: HopError): HopError {
    if (this.#error) return this.#error
    this.#error = error
    clearTimeout(this.#timer)
    this.#socket.destroy()
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    for (const act of this.#ended.splice(0)) act()
    return error
  }

  /** Hangs up. */
  close(): void {
    this.fail(new HopError('closed', 'closed by us'))
  }

  #listen(): void {
    this.#socket.setNoDelay(true)
    this.#socket.on('data', this.#data)
    this.#socket.on('error', this.#failed)
    this.#socket.on('end', this.#gone)
    this.#socket.on('close', this.#gone)
  }

  #silence(): void {
    this.#socket.off('data', this.#data)
    this.#socket.off('error', this.#failed)
    this.#socket.off('end', this.#gone)
    this.#socket.off('close', this.#gone)
    this.#socket.on('error', () => {})
  }

  #data = (chunk: Buffer): void => {
    try {
      for (const reply of this.#reader.feed(chunk)) {
        const waiter = this.#waiting.shift()
        if (!waiter) {
          const said = reply.code >= 400
          this.fail(new HopError(said ? 'said' : 'garbled', 'a reply to nothing', said ? { reply: reply.text } : {}))
          return
        }
        if (reply.code === 421) this.#farewell = reply.text
        waiter.resolve(reply)
        this.#clock()
      }
    } catch (cause) {
      this.fail(new HopError('garbled', cause instanceof Error ? cause.message : 'no SMTP reply', { cause }))
    }
  }

  #failed = (cause: Error): void => {
    this.fail(new HopError('closed', cause.message, { cause }))
  }

  #gone = (): void => {
    const reply = this.#farewell
    this.fail(new HopError(reply === '' ? 'closed' : 'said', 'the server hung up', { reply }))
  }

  #clock(): void {
    clearTimeout(this.#timer)
    const first = this.#waiting[0]
    if (!first?.armed) return
    this.#timer = setTimeout(() => this.fail(new HopError('timeout', 'no reply in time')), first.ms)
  }
}
