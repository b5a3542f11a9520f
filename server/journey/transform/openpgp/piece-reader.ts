import { Fault } from '../../../../shared/fault/index.ts'

/** The structure is not one that RFC 9580 allows, or its end is missing. */
export const malformed = (detail: string, options?: { readonly cause: unknown }): Fault =>
  new Fault('container-malformed', detail, options)

/** Takes bytes off the front of a stream, in the pieces that a parser wants. One piece of the stream is held at a time. */
export class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)
  /** Bytes taken so far. */
  offset = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  async #fill(): Promise<boolean> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done) return false
      this.#held = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
    return true
  }

  async atEnd(): Promise<boolean> {
    return !(await this.#fill())
  }

  /** Exactly `count` bytes. Raises `container-malformed` when the stream ends before. */
  async exactly(count: number): Promise<Buffer> {
    if (this.#held.length >= count) return this.#taken(count)
    const parts: Buffer[] = []
    for (let missing = count; missing > 0; ) {
      const part = await this.some(missing)
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts, count)
  }

  /** `count` bytes, fewer at the end of the stream. */
  async upTo(count: number): Promise<Buffer> {
    if (this.#held.length >= count) return this.#taken(count)
    const parts: Buffer[] = []
    let missing = count
    while (missing > 0 && !(await this.atEnd())) {
      const part = this.#taken(Math.min(missing, this.#held.length))
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }

  /** Fills `room`, less of it at the end of the stream: of thousands of short pieces one, for what has a price per call. */
  async into(room: Buffer): Promise<Buffer> {
    let filled = 0
    while (filled < room.length && (this.#held.length > 0 || (await this.#fill()))) {
      const part = this.#taken(Math.min(room.length - filled, this.#held.length))
      room.set(part, filled)
      filled += part.length
    }
    return room.subarray(0, filled)
  }

  async byte(): Promise<number> {
    return (await this.exactly(1))[0]!
  }

  /** One to `most` bytes, without a copy. Raises `container-malformed` at the end of the stream. */
  async some(most: number): Promise<Buffer> {
    if (!(await this.#fill())) throw malformed('the data ends too early')
    return this.#taken(Math.min(most, this.#held.length))
  }

  /** The source may hold a file: whoever stops early says so. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  #taken(count: number): Buffer {
    const taken = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    this.offset += count
    return taken
  }
}
