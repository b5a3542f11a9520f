import { Transform, type TransformCallback } from 'node:stream'

const LF = 0x0a
const DOT = 0x2e
const STUFFED = Buffer.from('.')
const LINE_THEN_DOT = Buffer.from('\n.')

/**
 * Transparency of DATA (RFC 5321 4.5.2): a dot is put before every line that begins with one, and the end of data follows
 * the last byte. Content is canonical (CRLF only; `MailTransport`), so nothing else needs a look: the native search jumps
 * from one `\n.` to the next, where a loop over every byte took a third of the time of a 1 MB mail.
 */
export class DotStuffing extends Transform {
  /** nodemailer reports the two counts with its result. */
  inByteCount = 0
  outByteCount = 0
  /** The end of data has been handed on: from here the next hop may have taken the message. */
  ended = false
  #lineStart = true

  constructor() {
    super({ writableHighWaterMark: 262_144, readableHighWaterMark: 262_144 })
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (chunk.length === 0) {
      done()
      return
    }
    this.inByteCount += chunk.length
    const pieces: Buffer[] = []
    let from = 0
    if (this.#lineStart && chunk[0] === DOT) pieces.push(STUFFED)
    for (let at = chunk.indexOf(LINE_THEN_DOT); at >= 0; at = chunk.indexOf(LINE_THEN_DOT, at + 1)) {
      pieces.push(chunk.subarray(from, at + 1), STUFFED)
      from = at + 1
    }
    this.#lineStart = chunk[chunk.length - 1] === LF
    pieces.push(from === 0 ? chunk : chunk.subarray(from))
    // One buffer per chunk: a mail full of dots must not become a write to the socket for each of them.
    const out = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
    this.outByteCount += out.length
    done(null, out)
  }

  override _flush(done: TransformCallback): void {
    const end = Buffer.from(this.#lineStart ? '.\r\n' : '\r\n.\r\n')
    this.outByteCount += end.length
    this.ended = true
    done(null, end)
  }
}
