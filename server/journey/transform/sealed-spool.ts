import { type Cipheriv, createCipheriv, createDecipheriv, type Decipheriv, randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenByteSource } from '../../ports/bytes.ts'
import { othersTurn, turnIsOver } from '../../threads/turn.ts'
import { letGo } from './let-go.ts'

/** Up to so many bytes stay in memory. */
const IN_MEMORY = 1024 * 1024
/** Bytes that are gathered for one write. */
const BATCH = 128 * 1024
/** Bytes that are handed on at a time: memory that is let go of piles up until V8 looks, and with larger pieces sooner. */
const PIECE = 64 * 1024
const BLOCK = 16

/**
 * Holds what was decrypted until it may be released. Up to 1 MiB stays in memory; more goes to a file without a name,
 * readable by nobody else and sealed (AES-256-CTR) with a key that only this object knows: neither a crash nor a disk
 * gives plaintext away. Nothing can be read before `release`.
 */
export class SealedSpool implements AsyncDisposable {
  readonly #folder: string | undefined
  #pieces: Buffer[] = []
  #seal: Seal | null = null
  #waiting: Buffer[] = []
  #waitingSize = 0
  #size = 0
  #file: FileHandle | null = null
  #written = 0

  /** `folder` is where a large one has its file; the system's place for temporary files when left out. */
  constructor(folder?: string) {
    this.#folder = folder
  }

  get size(): number {
    return this.#size
  }

  /** Takes a piece over. Answers a promise only when there is something to wait for. */
  write(piece: Buffer): Promise<void> | undefined {
    if (piece.length === 0) return undefined
    this.#size += piece.length
    if (this.#size <= IN_MEMORY) {
      this.#pieces.push(piece)
      return undefined
    }
    this.#seal ??= this.#begin()
    this.#waiting.push(this.#seal.cipher.update(piece))
    this.#waitingSize += piece.length
    return this.#waitingSize >= BATCH ? this.#flush() : undefined
  }

  /** The same with a piece that stays the caller's and may change afterwards: it is copied, or sealed at once. */
  append(piece: Buffer): Promise<void> | undefined {
    return this.write(this.#size + piece.length <= IN_MEMORY ? Buffer.from(piece) : piece)
  }

  /** The content, to be read from any offset until it is disposed of. */
  async release(): Promise<OpenByteSource> {
    if (this.#size > IN_MEMORY) await this.#flush()
    return this.#file ? this.#sealed() : this.#plain()
  }

  #sealed(): OpenByteSource {
    const size = this.#size
    return {
      size,
      stream: (start = 0, end = size) => this.#stream(start, Math.min(end, size)),
      read: (start, end) => this.#read(start, end),
      [Symbol.asyncDispose]: () => this[Symbol.asyncDispose](),
    }
  }

  /** In memory: the pieces are joined when a range of bytes runs over the end of one, and a stream hands them on as they are. */
  #plain(): OpenByteSource {
    let held: readonly Buffer[] | null = this.#pieces
    this.#pieces = []
    const size = this.#size
    const pieces = () => {
      if (!held) throw new Error('read after disposal')
      return held
    }
    const read = (start: number, end: number) => {
      const [first = NOTHING, ...more] = pieces()
      if (more.length === 0 || end <= first.length) return first.subarray(start, end)
      const whole = Buffer.concat([first, ...more])
      held = [whole]
      return whole.subarray(start, end)
    }
    return {
      size,
      stream: (start = 0, end = size) => ranged(pieces, start, end),
      read: async (start, end) => read(start, end),
      [Symbol.asyncDispose]: async () => {
        held = null
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pieces = []
    this.#seal?.key.fill(0)
    const file = this.#file
    this.#file = null
    await file?.close()
  }

  /** The first piece that does not fit brings those before it along. */
  #begin(): Seal {
    const key = randomBytes(32)
    const cipher = createCipheriv('aes-256-ctr', key, counter(0))
    this.#waiting = this.#pieces.map((piece) => cipher.update(piece))
    for (const piece of this.#pieces) this.#waitingSize += piece.length
    this.#pieces = []
    return { key, cipher }
  }

  async #flush(): Promise<void> {
    this.#file ??= await nameless(this.#folder ?? tmpdir())
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingSize = 0
    if (batch.length === 0) return
    this.#written += await writeAll(this.#file, batch, this.#written)
    for (const sealed of batch) letGo(sealed)
  }

  async *#stream(start: number, end: number): AsyncGenerator<Buffer> {
    if (start >= end) return
    const from = start - (start % BLOCK)
    const decipher = this.#unsealing(from)
    // One place for what is sealed: it is read over and over, while what is handed on is new each time.
    const scratch = Buffer.allocUnsafe(Math.min(PIECE, end - from))
    for (let at = from; at < end; at += PIECE) {
      const plain = decipher.update(await this.#load(scratch.subarray(0, end - at), at))
      yield at < start ? plain.subarray(start - at) : plain
    }
  }

  async #read(start: number, end: number): Promise<Buffer> {
    const from = start - (start % BLOCK)
    const decipher = this.#unsealing(from)
    return decipher.update(await this.#load(Buffer.allocUnsafe(end - from), from)).subarray(start - from)
  }

  #unsealing(from: number): Decipheriv {
    if (!this.#seal) throw new Error('read after disposal')
    return createDecipheriv('aes-256-ctr', this.#seal.key, counter(from / BLOCK))
  }

  /** Fills `sealed` with what the file holds from `at` on. */
  async #load(sealed: Buffer, at: number): Promise<Buffer> {
    for (let done = 0; done < sealed.length; ) {
      if (!this.#file) throw new Error('read after disposal')
      const { bytesRead } = await this.#file.read(sealed, done, sealed.length - done, at + done)
      if (bytesRead === 0) throw new Error('the spool is shorter than what was written')
      done += bytesRead
    }
    return sealed
  }
}

const NOTHING = Buffer.alloc(0)

/** Bytes `start` to `end` of pieces that follow each other; they are asked for when the first byte is. */
async function* ranged(pieces: () => readonly Buffer[], start: number, end: number): AsyncGenerator<Buffer> {
  let at = 0
  for (const piece of pieces()) {
    const from = Math.max(start - at, 0)
    const to = Math.min(end - at, piece.length)
    for (let next = from; next < to; next += PIECE) {
      if (turnIsOver()) await othersTurn()
      yield piece.subarray(next, Math.min(next + PIECE, to))
    }
    at += piece.length
  }
}

interface Seal {
  readonly key: Buffer
  readonly cipher: Cipheriv
}

/** Counter block of CTR mode; the key is used for one spool only, so it may begin at zero. */
function counter(block: number): Buffer {
  const initial = Buffer.alloc(BLOCK)
  initial.writeBigUInt64BE(BigInt(block), 8)
  return initial
}

/** Writes all pieces in their order from `position` on and answers their size. */
async function writeAll(file: FileHandle, pieces: readonly Buffer[], position: number): Promise<number> {
  let written = 0
  for (let rest = pieces; rest.length > 0; ) {
    const { bytesWritten } = await file.writev(rest, position + written)
    written += bytesWritten
    rest = behind(rest, bytesWritten)
  }
  return written
}

/** What is left of pieces of which so many bytes are written. */
function behind(pieces: readonly Buffer[], bytes: number): readonly Buffer[] {
  let left = bytes
  for (const [at, piece] of pieces.entries()) {
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(at + 1)]
    left -= piece.length
  }
  return []
}

/** A file that is gone from the directory before its first byte is written. */
async function nameless(folder: string): Promise<FileHandle> {
  const path = join(folder, `secflow-${randomBytes(16).toString('hex')}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
