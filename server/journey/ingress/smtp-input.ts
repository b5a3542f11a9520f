import { SMTPStream } from 'smtp-server/lib/smtp-stream.js'
import type { FaultCode } from '../../../shared/fault/index.ts'
import { unstuffer } from './unstuff.ts'

const LF = 0x0a
const CR = 0x0d
/** Pipelined commands that are answered before the event loop gets its turn. */
const COMMANDS_AT_ONCE = 50
/** A "command" of so many bytes without an end is a flood. */
const FLOOD_BYTES = 65_536

type Next = (error?: Error | null) => void

/**
 * What the client sends, as commands and content. In place of the library's own reading, which takes a bare LF for the end of
 * a command, keeps a dot that nobody stuffed, gives the event loop a turn for every stuffed dot (1 MB of `..` takes 1 to 2 s)
 * and looks at every byte of content in JavaScript. The dialogue stays the library's.
 */
export class SmtpInput extends SMTPStream {
  /** Bytes that have come: what a deadline is held against. */
  received = 0
  /** Content waits for us, not for the client. */
  held = false
  /** A line that is no command; `next` goes on with the line behind it. */
  onrefused: (code: FaultCode, next: () => void) => void = (_code, next) => next()

  #unfinished: Buffer[] = []
  #unfinishedBytes = 0
  #content = unstuffer()

  override startDataMode(maxBytes?: number | string | null) {
    this.#content = unstuffer()
    return super.startDataMode(maxBytes)
  }

  override _write(chunk: Buffer, _encoding: string, next: Next): void {
    if (this.isClosed || chunk.length === 0) {
      next()
      return
    }
    this.received += chunk.length
    if (this._dataMode) this._feedDataStream(chunk, next)
    else this.#readCommands(chunk, next)
  }

  /** Hands over one command after the other; each calls back, at once or later, before the next one is looked at. */
  #readCommands(chunk: Buffer, next: Next): void {
    let at = 0
    let running = false
    let again = false
    let answered = 0
    const step = () => {
      if (running) {
        again = true
        return
      }
      running = true
      try {
        do {
          again = false
          // Nobody is there any more, or it is TLS that comes now: what was sent behind the last command is not one.
          if (this.isClosed) return next()
          if (this._dataMode) return at < chunk.length ? this._feedDataStream(chunk.subarray(at), next) : next()
          const end = chunk.indexOf(LF, at)
          if (end < 0) {
            this.#keep(chunk.subarray(at))
            if (this.#unfinishedBytes <= FLOOD_BYTES) return next()
            this.isClosed = true
            return this.onrefused('too-many-errors', next)
          }
          const line = chunk.subarray(at, end)
          at = end + 1
          this.#finish(line, step)
          if (again && ++answered >= COMMANDS_AT_ONCE) {
            answered = 0
            again = false
            setImmediate(step)
          }
        } while (again)
      } finally {
        running = false
      }
    }
    step()
  }

  /** Never more than a command may have: of what is longer only the length counts. */
  #keep(piece: Buffer): void {
    this.#unfinishedBytes += piece.length
    if (this.#unfinishedBytes <= this._maxCommandLength) this.#unfinished.push(piece)
    else this.#unfinished = []
  }

  #finish(line: Buffer, next: () => void): void {
    this.#keep(line)
    const length = this.#unfinishedBytes
    const command = this.#unfinished.length === 1 ? line : Buffer.concat(this.#unfinished)
    this.#unfinished = []
    this.#unfinishedBytes = 0
    if (length > this._maxCommandLength) this.onrefused('command-too-long', next)
    else if (command.at(-1) !== CR) this.onrefused('command-malformed', next)
    else this.oncommand(command.subarray(0, -1), next)
  }

  override _feedDataStream(chunk: Buffer, next: Next): void {
    const stream = this._dataStream
    if (!stream) {
      next()
      return
    }
    const { content, end } = this.#content.push(chunk)
    this._countDataBytes(content.length)
    if (end >= 0) {
      this._endDataMode(content, chunk.subarray(end), next)
      return
    }
    if (content.length === 0 || !stream.writable || stream.write(content) || stream.destroyed) {
      next()
      return
    }
    this.held = true
    const goOn = () => {
      stream.off('drain', goOn)
      stream.off('close', goOn)
      this.held = false
      next()
    }
    stream.once('drain', goOn)
    // A stream that its reader gives up never drains.
    stream.once('close', goOn)
  }
}
