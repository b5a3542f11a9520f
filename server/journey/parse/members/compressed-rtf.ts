import type { Steps } from '../../../../shared/policy/steps.ts'

/** What every writer and reader has in the dictionary before the first byte (MS-OXRTFCP 2.1.2.1). */
const DICTIONARY = Buffer.from(
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript ' +
    '\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n' +
    '\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx',
  'latin1',
)

/** Runs of eight that are unpacked in one step. */
const RUNS = 1_000

/** RTF of a MAPI property (MS-OXRTFCP), at most `cap` bytes; null when it is none. */
export function* decompressRtf(bytes: Buffer, cap: number): Steps<Buffer | null> {
  if (bytes.length < 16) return null
  const kind = bytes.readUInt32LE(8)
  if (kind === 0x414c454d) return bytes.subarray(16, 16 + Math.min(cap, bytes.readUInt32LE(4)))
  if (kind !== 0x75465a4c) return null
  const ring = Buffer.alloc(4096)
  DICTIONARY.copy(ring)
  const out = Buffer.alloc(Math.min(cap, bytes.readUInt32LE(4)))
  let [write, length, at] = [DICTIONARY.length, 0, 16]
  const put = (byte: number) => {
    out[length++] = byte
    ring[write] = byte
    write = (write + 1) & 4095
  }
  for (let run = 1; at < bytes.length && length < out.length; run++) {
    if (run % RUNS === 0) yield
    const flags = bytes[at++]!
    for (let bit = 0; bit < 8 && at < bytes.length && length < out.length; bit++) {
      if ((flags & (1 << bit)) === 0) {
        put(bytes[at++]!)
        continue
      }
      if (at + 2 > bytes.length) return out.subarray(0, length)
      const reference = bytes.readUInt16BE(at)
      at += 2
      const offset = reference >> 4
      if (offset === write) return out.subarray(0, length)
      for (let count = (reference & 15) + 2, from = offset; count > 0 && length < out.length; count--, from++) {
        put(ring[from & 4095]!)
      }
    }
  }
  return out.subarray(0, length)
}
