/** OpenPGP that stands in a text as such, without MIME saying so (RFC 9580 6.2 and 7). */

import { checked, type PgpSignatureCheck, signaturesOf } from './check.ts'
import { Digests } from './digest.ts'
import { malformed } from './piece-reader.ts'
import { publicKeysOf } from './public-key.ts'

/**
 * A stretch of a text, byte offsets. `text` is what no OpenPGP block covers; `signed-text` reaches from its own first line
 * to the end of the signature below it; `damaged` begins like a block and has no proper end.
 */
export interface PgpBlock {
  readonly kind: 'text' | 'message' | 'signed-text' | 'signature' | 'public-key' | 'private-key' | 'damaged'
  readonly start: number
  readonly end: number
}

export interface PgpSignedText {
  /** What is signed and nothing else: dashes unescaped, lines without white space at their end, joined with CRLF. */
  readonly content: Buffer
  readonly signatures: readonly PgpSignatureCheck[]
}

/** More blocks than any honest text has; each may cost a private-key operation. The rest is `damaged`. */
const MAX_BLOCKS = 64
const DASHES = Buffer.from('-----BEGIN PGP ')
const SIGNED = '-----BEGIN PGP SIGNED MESSAGE-----'
const SIGNATURE = '-----BEGIN PGP SIGNATURE-----'
/** Names of RFC 9580 9.5 and nothing else: readers show this line, and nobody signs it. */
const HASH = 'MD5|RIPEMD160|SHA(?:1|224|256|384|512|3-256|3-512)'
const HASHES = new RegExp(`^Hash: (?:${HASH})(?:, ?(?:${HASH}))*$`)
const KINDS: ReadonlyMap<string, { readonly kind: PgpBlock['kind']; readonly end: string }> = new Map([
  ['-----BEGIN PGP MESSAGE-----', { kind: 'message', end: '-----END PGP MESSAGE-----' }],
  [SIGNED, { kind: 'signed-text', end: '-----END PGP SIGNATURE-----' }],
  [SIGNATURE, { kind: 'signature', end: '-----END PGP SIGNATURE-----' }],
  ['-----BEGIN PGP PUBLIC KEY BLOCK-----', { kind: 'public-key', end: '-----END PGP PUBLIC KEY BLOCK-----' }],
  ['-----BEGIN PGP PRIVATE KEY BLOCK-----', { kind: 'private-key', end: '-----END PGP PRIVATE KEY BLOCK-----' }],
] as const)

/**
 * Parts a text (its transfer encoding removed, any charset that contains ASCII) into OpenPGP blocks and what stands between
 * them; white space alone is left out. A text without OpenPGP gives one block `text`. Only a line that holds the armor's
 * words and nothing else begins or ends a block: what is quoted or indented is text.
 */
export function pgpBlocksOf(text: Buffer): readonly PgpBlock[] {
  const blocks: PgpBlock[] = []
  let from = 0
  const between = (end: number) => {
    if (text.subarray(from, end).toString('latin1').trim() !== '') blocks.push({ kind: 'text', start: from, end })
  }
  for (let at = text.indexOf(DASHES); at !== -1; at = text.indexOf(DASHES, Math.max(at + 1, from))) {
    if (at > 0 && text[at - 1] !== 0x0a) continue
    const begin = lineAt(text, at)
    const known = KINDS.get(begin.words)
    if (!known) continue
    between(at)
    const end = blocks.length < MAX_BLOCKS ? endOf(text, begin.next, known.end) : null
    blocks.push({ kind: end === null ? 'damaged' : known.kind, start: at, end: end ?? text.length })
    from = end ?? text.length
    if (end === null) break
  }
  between(text.length)
  return blocks
}

/** Just after the line that ends a block; null when it never comes, or another block begins before it. */
function endOf(text: Buffer, start: number, words: string): number | null {
  for (let at = text.indexOf('-----', start); at !== -1; at = text.indexOf('-----', at + 1)) {
    if (text[at - 1] !== 0x0a) continue
    const line = lineAt(text, at)
    if (line.words === words) return line.next
    // Of a signed text the signature is a part; nothing else begins inside a block.
    if (KINDS.has(line.words) && !(line.words === SIGNATURE && words.includes('END PGP SIGNATURE'))) return null
  }
  return null
}

/**
 * Reads a block `signed-text` (RFC 9580 section 7): what was signed, and what each signature proves with the armored keys
 * of the supposed sender at the time of receipt (epoch ms). Raises `container-malformed`.
 */
export async function pgpReadSignedText(
  block: Buffer,
  keys: readonly string[],
  { time }: { readonly time: number },
): Promise<PgpSignedText> {
  const { content, signature } = splitSignedText(block)
  const read = await signaturesOf(signature)
  const digests = new Digests(read.fields)
  digests.update(content)
  return { content, signatures: await checked(read, digests, await publicKeysOf(keys), time) }
}

function splitSignedText(block: Buffer): { content: Buffer; signature: Buffer } {
  let line = lineAt(block, 0)
  if (line.words !== SIGNED) throw malformed('not a signed text')
  // Only hashes may be named above the text (7.1): anything else there would look signed and is not.
  for (line = lineAt(block, line.next); line.words !== ''; line = lineAt(block, line.next)) {
    if (!HASHES.test(line.words)) throw malformed('a signed text with a header other than Hash')
    if (line.next === block.length) throw malformed('a signed text without an end')
  }
  const lines: Buffer[] = []
  for (let at = line.next; at < block.length; at = line.next) {
    line = lineAt(block, at)
    if (line.words === SIGNATURE) return { content: joined(lines), signature: block.subarray(at) }
    const dashed = block[at] === 0x2d
    if (dashed && block[at + 1] !== 0x20) throw malformed('a line of a signed text with a bare dash')
    lines.push(block.subarray(dashed ? at + 2 : at, Math.max(line.end, dashed ? at + 2 : at)))
  }
  throw malformed('a signed text without a signature')
}

const CRLF = Buffer.from('\r\n')

const joined = (lines: readonly Buffer[]) =>
  Buffer.concat(lines.flatMap((line, at) => (at === 0 ? [line] : [CRLF, line])))

/** One line: `end` without the white space at its end, `next` after its line end, `words` for short lines of an armor. */
function lineAt(text: Buffer, start: number): { words: string; end: number; next: number } {
  const lf = text.indexOf(0x0a, start)
  const next = lf === -1 ? text.length : lf + 1
  let end = lf === -1 ? text.length : lf
  while (end > start && (text[end - 1] === 0x20 || text[end - 1] === 0x09 || text[end - 1] === 0x0d)) end -= 1
  return { words: text.toString('latin1', start, Math.min(end, start + 200)), end, next }
}
