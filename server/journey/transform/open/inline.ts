import { Fault } from '../../../../shared/fault/index.ts'
import { contentType, encodedText, transferEncoding } from '../../../mime/build.ts'
import { canDecode, decodeCharset, readText } from '../../../mime/charset.ts'
import { decodedBody } from '../../../mime/decode.ts'
import type { MimePart } from '../../../mime/part.ts'
import { readableParts } from '../../../mime/readable.ts'
import { headerBytes } from '../../../mime/write.ts'
import { type ByteSource, bytesOf } from '../../../ports/bytes.ts'
import { pgpBlocksOf, pgpReadSigned, pgpReadSignedText } from '../openpgp/index.ts'
import { collect } from '../smime/index.ts'
import { judgePgp, layerOf } from './judge.ts'
import { type Inside, type Opened, type Opening, openPgpMessage, orFault, proves } from './open-layers.ts'

const MARK = /-----BEGIN PGP (SIGNED )?MESSAGE-----/
/** Text that is searched, and the longest that is opened. */
const SEARCHED = 262_144
const LONGEST = 4 * 1_048_576
/** The longest text that may come out of one that was compressed. */
const UNPACKED = 16 * 1_048_576

/**
 * OpenPGP in the text (RFC 9580 6.2 and 7): opened only where it is the whole mail, one block from its first line to its last.
 * Anything around it is from nobody, and must not stand beside what was decrypted (EFAIL): that is `not-covered` and stays
 * closed. null where there is none.
 */
export async function openInline(inside: Inside, opening: () => Promise<Opening>): Promise<Opened | null> {
  const { source, index } = inside
  const { root } = index
  const { groups } = readableParts(root, { enterSigned: false })
  const parts = groups.flatMap(({ plain, html }) => [...plain, ...html])
  let marked = false
  for (const part of parts) marked ||= await holdsMark(source, part)
  if (!marked) return null
  if (root.shape !== 'leaf' || root.type !== 'text/plain' || parts.length !== 1) return partial()
  const text = await orFault(collect(decodedBody(source, root), LONGEST))
  if (text instanceof Fault) return { layers: [layerOf('pgp-inline', 'not-opened')], inner: null }
  const [block, ...more] = await pgpBlocksOf(text)
  if (!block || more.length > 0) return partial()
  const bytes = text.subarray(block.start, block.end)
  if (block.kind === 'signed-text') return openSignedText(bytes, root, await opening())
  return block.kind === 'message' ? openMessage(bytes, await opening()) : partial()
}

const partial = (): Opened => ({ layers: [layerOf('pgp-inline', 'not-covered')], inner: null })

async function holdsMark(source: ByteSource, part: MimePart): Promise<boolean> {
  const charset = part.parameters.get('charset')
  return MARK.test((await readText(decodedBody(source, part), charset, SEARCHED)).text)
}

async function openMessage(armor: Buffer, opening: Opening): Promise<Opened> {
  const opened = (await openSignedMessage(armor, opening)) ?? (await openPgpMessage(bytesOf(armor).stream(), opening))
  if (!opened.inner) return opened
  if (opened.inner.size > UNPACKED) {
    return { ...opened, layers: [...opened.layers, layerOf('content', 'not-opened')], inner: null }
  }
  const charset = /^Charset: ([\w.:+-]{1,40})\s*$/im.exec(armor.toString('latin1', 0, 1_000))?.[1] ?? 'utf-8'
  return { ...opened, inner: await entityOf(opened.inner, holdsAscii(charset) ? charset : 'utf-8') }
}

/** What `gpg --sign` makes: a signature and no encryption (RFC 9580 10.3); null for anything else. */
async function openSignedMessage(armor: Buffer, opening: Opening): Promise<Opened | null> {
  const options = { time: opening.at, most: UNPACKED, unpacking: opening.unpacking }
  const read = await orFault(pgpReadSigned(bytesOf(armor).stream(), opening.sender.pgp, options))
  if (read instanceof Fault) return null
  const { content, signatures } = read
  const layer = signatures.length > 0 ? judgePgp(signatures, opening) : layerOf('pgp-inline', 'not-opened')
  return { layers: [layer], inner: signatures.length > 0 && proves(layer) ? content : null, held: content }
}

/** Only the signed text comes out: armor headers and comments are shown by readers and signed by nobody. */
async function openSignedText(block: Buffer, root: MimePart, opening: Opening): Promise<Opened> {
  const read = await orFault(pgpReadSignedText(block, opening.sender.pgp, { time: opening.at }))
  if (read instanceof Fault) return { layers: [layerOf('pgp-signed', 'broken')], inner: null }
  const layer = judgePgp(read.signatures, opening)
  const charset = root.parameters.get('charset') ?? 'utf-8'
  if (!proves(layer)) return { layers: [layer], inner: null }
  if (!holdsAscii(charset)) return { layers: [layer, ...partial().layers], inner: null }
  return { layers: [layer], inner: await entityOf(bytesOf(Buffer.concat([read.content, CRLF])), charset) }
}

/** A charset stands in a header that nobody signs: it may not turn what was signed into another text. */
const holdsAscii = (charset: string) => canDecode(charset) && decodeCharset(ASCII, charset) === ASCII.toString('latin1')
const ASCII = Buffer.from(Array.from({ length: 95 }, (_, at) => at + 32))

const CRLF = Buffer.from('\r\n')

/** Text as an entity that survives every way. */
async function entityOf(text: ByteSource, charset: string): Promise<ByteSource> {
  const header = headerBytes([contentType('text/plain', [['charset', charset]]), transferEncoding('quoted-printable')])
  const pieces: Uint8Array[] = [header]
  const bytes = await text.read(0, text.size)
  for await (const piece of encodedText(bytes, 'quoted-printable')()) pieces.push(piece)
  return bytesOf(Buffer.concat(pieces))
}
