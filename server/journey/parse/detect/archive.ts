import { type Content, type Detect, type Detected, startsWith } from './content-type.ts'

/** Archives other than ZIP. Only what stands in clear at the beginning or end is read; the rest stays unknown. */
export const detectArchive: Detect = (content) => {
  if (startsWith(content, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])) return sevenZip(content)
  if (startsWith(content, 'Rar!\x1a\x07\x01\x00')) return rar5(content)
  if (startsWith(content, 'Rar!\x1a\x07\x00')) return rar4(content)
  if (startsWith(content, [0x1f, 0x8b, 0x08])) return { type: 'gz', encrypted: false, archiveDepth: 1 }
  if (startsWith(content, 'BZh') && startsWith(content, '1AY&SY', 4)) {
    return { type: 'bz2', encrypted: false, archiveDepth: 1 }
  }
  if (startsWith(content, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]))
    return { type: 'xz', encrypted: false, archiveDepth: 1 }
  if (startsWith(content, [0x28, 0xb5, 0x2f, 0xfd])) return { type: 'zst', encrypted: false, archiveDepth: 1 }
  if (startsWith(content, 'ustar', 257)) return { type: 'tar', encrypted: false, archiveDepth: 1 }
  if (startsWith(content, 'MSCF\0\0\0\0')) return { type: 'cab', archiveDepth: 1 }
  return null
}

/** The end header names the coders; 06F10701 is AES-256 + SHA-256 (7zFormat.txt, Methods.txt). */
function sevenZip(content: Content): Detected {
  const unknown = { type: '7z', archiveDepth: 1 }
  if (content.head.length < 32) return unknown
  const start = 32n + content.head.readBigUInt64LE(12)
  const end = start + content.head.readBigUInt64LE(20)
  if (start < BigInt(content.tailStart) || end > BigInt(content.size)) return unknown
  const header = content.tail.subarray(Number(start) - content.tailStart, Number(end) - content.tailStart)
  if (header.includes(Buffer.from([0x06, 0xf1, 0x07, 0x01]))) return { ...unknown, encrypted: true }
  // 0x01 is a header in clear: what is not in it is not there. 0x17 is a packed one.
  return header[0] === 0x01 ? { ...unknown, encrypted: false } : unknown
}

/** Flags of the main header (0x80: headers encrypted) and of the first file header (0x04). */
function rar4(content: Content): Detected {
  const { head } = content
  const result = { type: 'rar', archiveDepth: 1 }
  if (head.length < 27 || head[9] !== 0x73) return result
  const fileAt = 7 + head.readUInt16LE(12)
  const encrypted =
    (head.readUInt16LE(10) & 0x80) !== 0 ||
    (head.length > fileAt + 5 && head[fileAt + 2] === 0x74 && (head.readUInt16LE(fileAt + 3) & 0x04) !== 0)
  return encrypted ? { ...result, encrypted } : result
}

/** Header type 4 encrypts the headers; a record of type 1 in the extra area of a file header encrypts that file. */
function rar5(content: Content): Detected {
  const result = { type: 'rar', archiveDepth: 1 }
  let at = 8
  for (let headers = 0; headers < 4; headers++) {
    const size = vint(content.head, at + 4)
    if (!size) return result
    const type = vint(content.head, size.next)
    const flags = type && vint(content.head, type.next)
    if (!type || !flags) return result
    if (type.value === 4) return { ...result, encrypted: true }
    const extra = flags.value & 1 ? vint(content.head, flags.next) : null
    const end = size.next + size.value
    if (type.value === 2) {
      const record = extra ? vint(content.head, end - extra.value) : null
      const kind = record ? vint(content.head, record.next) : null
      return kind?.value === 1 ? { ...result, encrypted: true } : result
    }
    at = end
  }
  return result
}

function vint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | null {
  let value = 0
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return null
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, next: at + index + 1 }
  }
  return null
}
