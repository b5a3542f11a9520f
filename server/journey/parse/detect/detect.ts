import { detectArchive } from './archive.ts'
import { detectCad } from './cad.ts'
import { type Content, type Detected, RANGE_MAX } from './content-type.ts'
import { detectCryptographic } from './cryptographic.ts'
import { detectDicom } from './dicom.ts'
import { detectExecutable } from './executable.ts'
import { detectImage } from './image.ts'
import { detectMailItem } from './mail-item.ts'
import { detectOle } from './ole.ts'
import { detectPdf } from './pdf.ts'
import { Watch } from './watch.ts'
import { detectZip } from './zip.ts'

/** In order: certain marks first; DICOM before all because its preamble may hold any other file's mark (PS3.10 7.1). */
const FAMILIES = [
  detectDicom,
  detectZip,
  detectOle,
  detectArchive,
  detectImage,
  detectExecutable,
  detectCryptographic,
  detectCad,
  detectMailItem,
  detectPdf,
] as const

export interface Examined extends Detected {
  readonly size: number
  /** SHA-256, hex. */
  readonly hash: string
  /** It begins as something else and ends as a ZIP (self-extractors, files of two kinds): who unpacks it finds files. */
  readonly endsAsZip: boolean
}

/**
 * Reads decoded content once: size, digest and what its bytes say about its type. `open` is called again only where an answer
 * stands in the middle of a large archive. Memory is constant.
 */
export async function examine(open: () => AsyncIterable<Buffer>): Promise<Examined> {
  const watch = new Watch()
  for await (const chunk of open()) watch.write(chunk)
  watch.settle()
  const { hash, tail, tailStart } = watch.end()
  const { size, head, seen } = watch
  const range = (start: number, end: number) => readRange(open(), start, Math.min(end, start + RANGE_MAX))
  const found = await detectType({ size, head, tail, tailStart, seen, range })
  // An archive's end record is followed by at most 65,535 bytes of comment (APPNOTE 4.3.16).
  const last = tail.subarray(Math.max(0, tail.length - 65_557))
  const end = last.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  const zipped = end >= 0 && end + 22 <= last.length && end + 22 + last.readUInt16LE(end + 20) === last.length
  return { ...found, size, hash, endsAsZip: zipped && head.toString('latin1', 0, 2) !== 'PK' }
}

async function detectType(content: Content): Promise<Detected> {
  for (const detect of FAMILIES) {
    const found = await detect(content)
    if (found) return found
  }
  return { type: null }
}

async function readRange(chunks: AsyncIterable<Buffer>, start: number, end: number): Promise<Buffer> {
  const kept: Buffer[] = []
  let at = 0
  for await (const chunk of chunks) {
    const from = Math.max(0, start - at)
    const to = Math.min(chunk.length, end - at)
    if (from < to) kept.push(Buffer.from(chunk.subarray(from, to)))
    at += chunk.length
    if (at >= end) break
  }
  return Buffer.concat(kept)
}
