import { type MimeIndex, type MimePart, partsOf } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { othersTurn } from '../../threads/turn.ts'
import { EMBEDDED } from './members/embedded.ts'

/** Bytes before the first and after the last delimiter of one multipart that are looked at. */
const AROUND_MAX = 65_536
/** What programs write there for readers without MIME, without the white space around it. */
const COMMONPLACE = /^this is an? [^\r\n]{0,80}(mime|multi-?part|openpgp)[^\r\n]{0,200}$/i
const COMMONPLACE_MAX = 320
/** A delimiter of some other boundary with a header after it: a reader that takes that boundary shows a part here. */
const PART = /^--[^\r\n]{1,500}\r?\n(?:[!-9;-~]{1,100}[ \t]*:|\r?\n)/m

/**
 * Words in the preambles and epilogues (RFC 2046 5.1.1) of the message itself. Readers with MIME leave them out and others show
 * them, so they count as words of the body. What would be a part or a file for some reader is the defect `part-outside`.
 */
export async function wordsAround(source: ByteSource, index: MimeIndex, defects: Set<string>): Promise<string[]> {
  const words: string[] = []
  for (const part of partsOf(index.root)) {
    if (part.shape !== 'multipart') continue
    for (const { start, end } of rangesAround(part)) {
      if (end - start > AROUND_MAX) defects.add('part-outside')
      await othersTurn()
      const text = (await source.read(start, Math.min(end, start + AROUND_MAX))).toString('latin1')
      const shown = text.trim()
      if (shown === '' || (shown.length <= COMMONPLACE_MAX && COMMONPLACE.test(shown))) continue
      if (PART.test(text) || EMBEDDED.test(text)) defects.add('part-outside')
      words.push(shown)
    }
  }
  return words
}

function rangesAround(part: MimePart): { readonly start: number; readonly end: number }[] {
  const first = part.children[0]?.line ?? part.closeLine ?? part.bodyEnd
  const last = part.children.at(-1)
  const before = { start: part.bodyStart, end: first }
  if (part.closeLine === null || !last) return [before].filter(({ start, end }) => end > start)
  // The closing line itself: "--", the boundary, "--", and white space.
  const boundary = Buffer.byteLength((part.parameters.get('boundary') ?? '').trimEnd())
  const after = { start: Math.min(part.closeLine + boundary + 4, part.bodyEnd), end: part.bodyEnd }
  return [before, after].filter(({ start, end }) => end > start)
}
