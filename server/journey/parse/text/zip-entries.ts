import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'

const inflate = promisify(inflateRaw)

/** Entries of one archive that are looked at. */
const ENTRIES_MAX = 20_000

export interface ZipEntry {
  readonly name: string
  readonly method: number
  readonly packed: number
  /** Position of the local header. */
  readonly at: number
}

/** Files of a ZIP by its central directory (APPNOTE 4.3.12, 4.3.16); null when there is none, or parts of it are locked. */
export function zipEntries(bytes: Buffer): readonly ZipEntry[] | null {
  const end = bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0 || end + 22 > bytes.length) return null
  const size = bytes.readUInt32LE(end + 12)
  // Bytes in front of the archive shift its offsets.
  const shift = end - size - bytes.readUInt32LE(end + 16)
  const entries: ZipEntry[] = []
  for (let at = end - size; at >= 0 && at + 46 <= end && bytes.readUInt32LE(at) === 0x02014b50; ) {
    if (entries.length >= ENTRIES_MAX || bytes.readUInt16LE(at + 8) & 0x2041) return null
    const nameLength = bytes.readUInt16LE(at + 28)
    entries.push({
      name: bytes.toString('utf8', at + 46, at + 46 + nameLength),
      method: bytes.readUInt16LE(at + 10),
      packed: bytes.readUInt32LE(at + 20),
      at: bytes.readUInt32LE(at + 42) + shift,
    })
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  return entries.length > 0 ? entries : null
}

/** Content of one file, at most `cap` bytes unpacked; null when it is damaged, larger, or packed in another way than deflate. */
export async function unzip(bytes: Buffer, entry: ZipEntry, cap: number): Promise<Buffer | null> {
  const { at, packed, method } = entry
  if (at < 0 || at + 30 > bytes.length || bytes.readUInt32LE(at) !== 0x04034b50) return null
  const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)
  const content = bytes.subarray(start, start + packed)
  if (content.length < packed) return null
  if (method === 0) return packed <= cap ? content : null
  if (method !== 8 || cap <= 0) return null
  try {
    return await inflate(content, { maxOutputLength: cap })
  } catch {
    return null
  }
}
