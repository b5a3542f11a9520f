/**
 * Checks inline images before the PDF library sees them: PNG and JPEG of bounded size whose structure and data hold.
 * The library would throw in the middle of a document at a corrupt one, or fill the memory at a huge one.
 */
import { crc32, inflateSync } from 'node:zlib'

export interface CheckedImage {
  readonly data: Buffer
  readonly format: 'png' | 'jpg'
  /** Pixels. */
  readonly width: number
  readonly height: number
}

const MAX_BYTES = 8_000_000
const MAX_PIXELS = 25_000_000
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')

/** The image when it can be drawn, else null. The declared media type is not believed. */
export function checkImage(bytes: Uint8Array): CheckedImage | null {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (data.length > MAX_BYTES) return null
  const size = data.subarray(0, 8).equals(PNG_SIGNATURE) ? pngSize(data) : jpegSize(data)
  if (size === null || size.width < 1 || size.height < 1 || size.width * size.height > MAX_PIXELS) return null
  return { data, ...size }
}

interface Size {
  readonly format: 'png' | 'jpg'
  readonly width: number
  readonly height: number
}

/** PNG (ISO/IEC 15948): every chunk's CRC, and pixel data that inflates to exactly the promised length. */
function pngSize(data: Buffer): Size | null {
  let header: Buffer | null = null
  const content: Buffer[] = []
  for (let at = 8; at + 12 <= data.length; ) {
    const length = data.readUInt32BE(at)
    const end = at + 12 + length
    if (end > data.length) return null
    const type = data.toString('latin1', at + 4, at + 8)
    const body = data.subarray(at + 8, end - 4)
    if (crc32(data.subarray(at + 4, end - 4)) !== data.readUInt32BE(end - 4)) return null
    if (type === 'IHDR') header = body
    if (type === 'IDAT') content.push(body)
    if (type === 'IEND') return header?.length === 13 ? pngContent(header, Buffer.concat(content)) : null
    at = end
  }
  return null
}

function pngContent(header: Buffer, content: Buffer): Size | null {
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const [depth, colour, , , interlace] = header.subarray(8) as unknown as [number, number, number, number, number]
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colour]
  if (channels === undefined || ![1, 2, 4, 8, 16].includes(depth) || interlace > 1) return null
  // 25 million pixels of 4 x 16 bits would be 200 MB: what has to be decoded is held to a third of that.
  const expected = height * (1 + Math.ceil((width * channels * depth) / 8))
  if (width * height > MAX_PIXELS || expected > 64_000_000) return null
  try {
    // Interlacing (seven passes) adds filter bytes; the library reads what is there.
    const pixels = inflateSync(content, { maxOutputLength: expected + (interlace ? 8 * (height + width) : 0) })
    return pixels.length >= expected ? { format: 'png', width, height } : null
  } catch {
    return null
  }
}

/** JPEG (ITU-T T.81): markers up to the scan, a frame of a kind that PDF readers decode, and an end marker. */
function jpegSize(data: Buffer): Size | null {
  if (data.length < 4 || data.readUInt16BE(0) !== 0xffd8) return null
  let frame: Size | null = null
  for (let at = 2; at + 4 <= data.length; ) {
    if (data[at] !== 0xff) return null
    const marker = data[at + 1]!
    if (marker === 0xff) {
      at += 1
      continue
    }
    const length = data.readUInt16BE(at + 2)
    if (length < 2 || at + 2 + length > data.length) return null
    if ([0xc0, 0xc1, 0xc2].includes(marker) && length >= 8) {
      const components = data[at + 9]!
      if (data[at + 4] !== 8 || ![1, 3, 4].includes(components)) return null
      frame = { format: 'jpg', height: data.readUInt16BE(at + 5), width: data.readUInt16BE(at + 7) }
    }
    if (marker === 0xda) return data.lastIndexOf(Buffer.from([0xff, 0xd9])) > at ? frame : null
    at += 2 + length
  }
  return null
}
