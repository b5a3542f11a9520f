/**
 * Where opened content waits until its integrity is known: in memory while it is small, else in a file without a name,
 * encrypted (AES-256-CTR) under a key that only this object has. What a crash leaves behind nobody can read.
 */
import { createCipheriv, randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OpenByteSource } from '../../../ports/bytes.ts'

/** Held in memory up to here, bytes. */
const IN_MEMORY = 2 * 1024 * 1024
/** Written to the file, and read from it, at once: larger buffers are mapped one by one and pile up until they are collected. */
const BATCH = 65_536
const BLOCK = 16

export class Spool implements AsyncDisposable {
  readonly #directory: string
  readonly #inMemory: number
  #held: Buffer[] = []
  #heldBytes = 0
  #file: SealedFile | null = null
  size = 0

  /** `directory` is on a disk with room for the content; the system's own for temporary files by default. */
  constructor({ directory = tmpdir(), inMemory = IN_MEMORY }: { directory?: string; inMemory?: number } = {}) {
    this.#directory = directory
    this.#inMemory = inMemory
  }

  /** The bytes belong to the spool from here on. */
  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    this.size += bytes.length
    if (this.#heldBytes < (this.#file ? BATCH : this.#inMemory)) return
    this.#file ??= await SealedFile.create(this.#directory)
    await this.#flush(this.#file)
  }

  /** All that was written; it is gone when the spool is disposed of. */
  async source(): Promise<OpenByteSource> {
    const file = this.#file
    const { size } = this
    const dispose = () => this[Symbol.asyncDispose]()
    if (!file) {
      const bytes = Buffer.concat(this.#held)
      this.#held = [bytes]
      return {
        size,
        async *stream(start = 0, end = size) {
          for (let at = start; at < end; at += BATCH) yield bytes.subarray(at, Math.min(at + BATCH, end))
        },
        read: async (start, end) => bytes.subarray(start, end),
        [Symbol.asyncDispose]: dispose,
      }
    }
    await this.#flush(file)
    return {
      size,
      async *stream(start = 0, end = size) {
        for (let at = start; at < end; at += BATCH) yield await file.read(at, Math.min(at + BATCH, end))
      },
      read: (start, end) => file.read(start, end),
      [Symbol.asyncDispose]: dispose,
    }
  }

  async #flush(file: SealedFile): Promise<void> {
    const bytes = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    await file.append(bytes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#held = []
    const file = this.#file
    this.#file = null
    await file?.close()
  }
}

class SealedFile {
  readonly #handle: FileHandle
  readonly #name: string
  readonly #key = randomBytes(32)
  readonly #cipher = createCipheriv('aes-256-ctr', this.#key, Buffer.alloc(BLOCK))

  private constructor(handle: FileHandle, name: string) {
    this.#handle = handle
    this.#name = name
  }

  static async create(directory: string): Promise<SealedFile> {
    const name = join(directory, `secflow-open-${randomBytes(16).toString('hex')}`)
    const handle = await open(name, 'wx+', 0o600)
    // Systems that keep the name of an open file have it removed when the file is closed.
    await unlink(name).catch(() => {})
    return new SealedFile(handle, name)
  }

  async append(bytes: Buffer): Promise<void> {
    await this.#handle.appendFile(this.#cipher.update(bytes))
  }

  async read(start: number, end: number): Promise<Buffer> {
    const first = start - (start % BLOCK)
    const counter = Buffer.alloc(BLOCK)
    counter.writeBigUInt64BE(BigInt(first / BLOCK), 8)
    const sealed = Buffer.allocUnsafe(end - first)
    for (let done = 0; done < sealed.length; ) {
      const { bytesRead } = await this.#handle.read(sealed, done, sealed.length - done, first + done)
      if (bytesRead === 0) throw new Error('the spool of opened content ends too early')
      done += bytesRead
    }
    return createCipheriv('aes-256-ctr', this.#key, counter)
      .update(sealed)
      .subarray(start - first)
  }

  async close(): Promise<void> {
    await this.#handle.close()
    await unlink(this.#name).catch(() => {})
  }
}
