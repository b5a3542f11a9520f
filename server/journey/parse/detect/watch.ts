import { createHash } from 'node:crypto'
import { HEAD_SIZE, TAIL_SIZE } from './content-type.ts'
import { OLE_NAMES } from './ole.ts'

/** Directory entries of a compound file: 128 bytes, aligned; the name in UTF-16LE with its length at 64 (MS-CFB 2.6.1). */
const OLE_PATTERNS = OLE_NAMES.map((name) => ({ name, bytes: Buffer.from(`${name}\0`, 'utf16le') }))
const OLE_MAGIC = Buffer.from([0xd0, 0xcf, 0x11, 0xe0])

/** Takes in the decoded bytes of one attachment, once: size, digest, both ends, and marks on the way. Memory is constant. */
export class Watch {
  readonly #hash = createHash('sha256')
  readonly seen = new Set<string>()
  size = 0
  head: Buffer = Buffer.alloc(0)
  #tail: Buffer[] = []
  #tailSize = 0
  #kind: 'pdf' | 'ole' | 'none' | null = null
  #carry: Buffer = Buffer.alloc(0)

  write(chunk: Buffer): void {
    this.#hash.update(chunk)
    if (this.head.length < HEAD_SIZE)
      this.head = Buffer.concat([this.head, chunk.subarray(0, HEAD_SIZE - this.head.length)])
    this.size += chunk.length
    this.#keepTail(chunk)
    this.#watch(chunk)
  }

  end(): { readonly hash: string; readonly tail: Buffer; readonly tailStart: number } {
    const tail = Buffer.concat(this.#tail)
    const kept = tail.subarray(Math.max(0, tail.length - TAIL_SIZE))
    return { hash: this.#hash.digest('hex'), tail: kept, tailStart: this.size - kept.length }
  }

  #keepTail(chunk: Buffer): void {
    this.#tail.push(chunk)
    this.#tailSize += chunk.length
    while (this.#tail[0] && this.#tailSize - this.#tail[0].length >= TAIL_SIZE)
      this.#tailSize -= this.#tail.shift()!.length
    // Many tiny chunks cost more than their bytes.
    if (this.#tail.length > 256) this.#tail = [Buffer.concat(this.#tail)]
  }

  #watch(chunk: Buffer): void {
    let bytes = this.#carry.length > 0 ? Buffer.concat([this.#carry, chunk]) : chunk
    this.#carry = Buffer.alloc(0)
    if (this.#kind === null) {
      if (this.head.length < 1024 && bytes.length < 1024) {
        this.#carry = Buffer.from(bytes)
        return
      }
      this.#decide()
      bytes = Buffer.from(bytes)
    }
    if (this.#kind === 'pdf') this.#watchPdf(bytes)
    else if (this.#kind === 'ole') this.#watchOle(bytes)
  }

  #decide(): void {
    if (this.head.subarray(0, 4).equals(OLE_MAGIC)) this.#kind = 'ole'
    else this.#kind = this.head.subarray(0, 1024).includes('%PDF-') ? 'pdf' : 'none'
  }

  /** Called after the last chunk: small files are judged here. */
  settle(): void {
    if (this.#kind !== null) return
    this.#decide()
    const bytes = this.#carry
    if (this.#kind === 'pdf') this.#watchPdf(bytes)
    else if (this.#kind === 'ole') this.#watchOle(bytes)
  }

  #watchPdf(bytes: Buffer): void {
    if (bytes.includes('/Encrypt')) this.seen.add('/Encrypt')
    this.#carry = Buffer.from(bytes.subarray(Math.max(0, bytes.length - 7)))
  }

  #watchOle(bytes: Buffer): void {
    let at = 0
    for (; at + 128 <= bytes.length; at += 128) {
      const length = bytes.readUInt16LE(at + 64)
      if (length < 4 || length > 64) continue
      for (const { name, bytes: pattern } of OLE_PATTERNS) {
        if (length === pattern.length && bytes.compare(pattern, 0, length, at, at + length) === 0)
          this.seen.add(`ole:${name}`)
      }
    }
    this.#carry = Buffer.from(bytes.subarray(at))
  }
}
