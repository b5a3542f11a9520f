/** One reply of a server (RFC 5321 4.2): three digits, then lines of text. */
export interface Reply {
  readonly code: number
  /** All lines as they came, joined by CRLF. */
  readonly text: string
  /** Lines without their code, for the extensions that EHLO names. */
  readonly words: readonly string[]
}

/** RFC 5321 4.5.3.1.5 allows 512 octets; real servers write longer ones. */
const LINE_BYTES = 4_096
const REPLY_BYTES = 65_536
const REPLY_LINES = 256

/** A server that does not speak SMTP, or speaks without end. */
export class GarbledReply extends Error {
  override readonly name = 'GarbledReply'
}

/** Bytes of the server to replies. Holds at most one reply, and never more than 64 KiB. */
export class ReplyReader {
  #rest = ''
  #lines: string[] = []
  #bytes = 0

  /** Replies that are complete with these bytes. Raises GarbledReply; nothing can be read after that. */
  feed(chunk: Buffer): Reply[] {
    // Latin-1 keeps every byte apart and never joins two chunks wrongly; the text is decoded line by line.
    this.#rest += chunk.toString('latin1')
    const replies: Reply[] = []
    for (let end = this.#rest.indexOf('\n'); end >= 0; end = this.#rest.indexOf('\n')) {
      const line = this.#rest.slice(0, end).replace(/\r$/, '')
      this.#rest = this.#rest.slice(end + 1)
      const reply = this.#line(line)
      if (reply) replies.push(reply)
    }
    if (this.#rest.length > LINE_BYTES) throw new GarbledReply('a reply line without end')
    return replies
  }

  /** Bytes of a reply that is not complete yet: there must be none before TLS begins (RFC 3207 6). */
  get pending(): boolean {
    return this.#rest !== '' || this.#lines.length > 0
  }

  #line(line: string): Reply | null {
    if (line.length > LINE_BYTES) throw new GarbledReply('a reply line too long')
    const parts = /^([2-5][0-9][0-9])(?:([ -])(.*))?$/s.exec(line)
    if (!parts) throw new GarbledReply('no SMTP reply')
    const code = parts[1]!
    if (this.#lines.length > 0 && !this.#lines[0]!.startsWith(code)) throw new GarbledReply('a reply of two codes')
    this.#lines.push(line)
    this.#bytes += line.length
    if (this.#bytes > REPLY_BYTES || this.#lines.length > REPLY_LINES) throw new GarbledReply('a reply without end')
    if (parts[2] === '-') return null
    const lines = this.#lines.map((one) => Buffer.from(one, 'latin1').toString('utf8'))
    this.#lines = []
    this.#bytes = 0
    return { code: Number(code), text: lines.join('\r\n'), words: lines.map((one) => one.slice(4)) }
  }
}
