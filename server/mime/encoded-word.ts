import { completed, type Steps } from '../../shared/policy/steps.ts'
import { decodeCharset } from './charset.ts'

/** RFC 2047 2 with the language tag of RFC 2231 5. White space inside the text is what mailers wrongly send in Q words. */
const WORD = /=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bq])\?([^?\r\n]*)\?=/gi

/**
 * Decodes RFC 2047 encoded words in unfolded header text; white space between adjacent words goes (6.2). Words of one charset
 * that follow each other are decoded together, because mailers split characters across them. Never throws: what is not an
 * encoded word stays as it stands.
 */
export function decodeWords(text: string): string {
  return text.includes('=?') ? completed(decodingWords(text)) : text
}

/** Words that are decoded in one step. */
const WORDS = 100

/** The same in steps. */
export function* decodingWords(text: string): Steps<string> {
  if (!text.includes('=?')) return text
  let words = 0
  let out = ''
  let last = 0
  let run: { charset: string; bytes: Buffer[] } | null = null
  const flush = () => {
    if (run) out += decodeCharset(Buffer.concat(run.bytes), run.charset)
    run = null
  }
  for (const match of text.matchAll(WORD)) {
    if (++words % WORDS === 0) yield
    const [whole, charset, encoding, payload] = match as unknown as [string, string, string, string]
    const between = text.slice(last, match.index)
    const bytes = encoding.toLowerCase() === 'b' ? Buffer.from(payload, 'base64') : decodeQ(payload)
    const open: { charset: string; bytes: Buffer[] } | null = run
    if (open && between.trim() === '' && open.charset === charset.toLowerCase()) {
      open.bytes.push(bytes)
    } else {
      const adjacent = open !== null && between.trim() === ''
      flush()
      if (!adjacent) out += between
      run = { charset: charset.toLowerCase(), bytes: [bytes] }
    }
    last = match.index + whole.length
  }
  flush()
  return out + text.slice(last)
}

/** RFC 2047 4.2. */
function decodeQ(text: string): Buffer {
  const literal = text.replaceAll('_', ' ')
  return Buffer.from(
    literal.replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

/**
 * Header text that is safe on a 7-bit wire: unchanged when it is printable ASCII that no reader takes for an encoded word, else
 * encoded words (RFC 2047, UTF-8, base64), each at most 75 characters and split between code points.
 */
export function encodeWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?') && text.trim() === text && !hasLongWord(text)) return text
  const words: string[] = []
  let piece = ''
  let size = 0
  for (const char of text.toWellFormed()) {
    const bytes = Buffer.byteLength(char)
    if (size + bytes > 45) {
      words.push(piece)
      piece = ''
      size = 0
    }
    piece += char
    size += bytes
  }
  if (piece || words.length === 0) words.push(piece)
  return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ')
}

/** A word that folding could not bring under the 998 octets of RFC 5322 2.1.1. */
function hasLongWord(text: string): boolean {
  return text.length > 900 && /[^ ]{900}/.test(text)
}
