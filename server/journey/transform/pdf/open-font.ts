/** Font files as the shaping library reads them best. */
import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { create, type FontFile } from 'fontkit'
import { withOptionalAnchors } from './layout.ts'

/** A font with TrueType outlines, from a WOFF 1.0 or bare file; null for anything else: as if it were not installed. */
export function openFont(path: string): FontFile | null {
  try {
    const data = readFileSync(path)
    const font = create(data.toString('latin1', 0, 4) === 'wOFF' ? unpacked(data) : data)
    if (font.directory?.tables.glyf === undefined || !font.hasGlyphForCodePoint(0x20)) return null
    return withOptionalAnchors(withOwnCharacters(font))
  } catch {
    return null
  }
}

/**
 * The library keeps one object for each glyph with the characters it stood for first. Two letters may share a shape (in
 * Arabic most do, the dots being glyphs of their own), so each use gets an object with its own characters.
 */
function withOwnCharacters(font: FontFile): FontFile {
  const glyphOf = font.getGlyph.bind(font)
  font.getGlyph = (id, codePoints = []) => Object.create(glyphOf(id, codePoints), { codePoints: { value: codePoints } })
  return font
}

/**
 * A WOFF file (W3C Recommendation, 2012) as the bare font. The library would inflate a table anew for every glyph that it
 * reads from it, in JavaScript: fifty times the cost of the page.
 */
function unpacked(woff: Buffer): Buffer {
  const count = woff.readUInt16BE(12)
  const tables = Array.from({ length: count }, (_, n) => {
    const at = 44 + n * 20
    const [offset, packed, length] = [woff.readUInt32BE(at + 4), woff.readUInt32BE(at + 8), woff.readUInt32BE(at + 12)]
    const stored = woff.subarray(offset, offset + packed)
    const data = packed < length ? inflateSync(stored, { maxOutputLength: length }) : stored
    return { tag: woff.subarray(at, at + 4), checksum: woff.subarray(at + 16, at + 20), data }
  })
  const head = Buffer.alloc(12 + 16 * count)
  woff.copy(head, 0, 4, 8)
  const power = Math.floor(Math.log2(count))
  head.writeUInt16BE(count, 4)
  head.writeUInt16BE(16 * 2 ** power, 6)
  head.writeUInt16BE(power, 8)
  head.writeUInt16BE(16 * (count - 2 ** power), 10)
  const parts = [head]
  let offset = head.length
  for (const [n, { tag, checksum, data }] of tables.entries()) {
    const at = 12 + n * 16
    tag.copy(head, at)
    checksum.copy(head, at + 4)
    head.writeUInt32BE(offset, at + 8)
    head.writeUInt32BE(data.length, at + 12)
    const padded = Buffer.alloc(Math.ceil(data.length / 4) * 4)
    data.copy(padded)
    parts.push(padded)
    offset += padded.length
  }
  return Buffer.concat(parts)
}
