import { Fault } from '../../../../shared/fault/index.ts'
import { contentType, encodedText, transferEncoding } from '../../../mime/build.ts'
import { canDecode, readText } from '../../../mime/charset.ts'
import { decodedBody } from '../../../mime/decode.ts'
import type { MimePart } from '../../../mime/part.ts'
import { readableParts } from '../../../mime/readable.ts'
import { headerBytes } from '../../../mime/write.ts'
import { type ByteSource, bytesOf } from '../../../ports/bytes.ts'
import { pgpCheckSignature, pgpDecrypt } from '../openpgp/index.ts'
import { collect } from '../smime/index.ts'
import { judgePgp, layerOf } from './judge.ts'
import { type Inside, type Opened, type Opening, orFault } from './open-layers.ts'

const MARK = /-----BEGIN PGP (SIGNED )?MESSAGE-----/
/** Text that is searched, and the longest that is opened. */
const SEARCHED = 262_144
const LONGEST = 4 * 1_048_576

/**
 * OpenPGP in the text (RFC 9580 section 7 and 6): opened only where it is the whole mail, one text from its first line to its last.
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
  const sole = root.shape === 'leaf' && root.type === 'text/plain' && parts.length === 1
  const text = sole ? await orFault(collect(decodedBody(source, root), LONGEST)) : null
  if (text === null) return partial()
  if (text instanceof Fault) return { layers: [layerOf('pgp-inline', 'not-opened')], inner: null }
  const lines = linesOf(text)
  const signed = lines[0] === '-----BEGIN PGP SIGNED MESSAGE-----'
  return signed ? openClear(lines, root, await opening()) : openArmor(lines, await opening())
}

const partial = (): Opened => ({ layers: [layerOf('pgp-inline', 'not-covered')], inner: null })
const broken = (): Opened => ({ layers: [layerOf('pgp-signed', 'broken')], inner: null })

async function holdsMark(source: ByteSource, part: MimePart): Promise<boolean> {
  const charset = part.parameters.get('charset')
  return MARK.test((await readText(decodedBody(source, part), charset, SEARCHED)).text)
}

/** Lines without their ends as latin1, without empty ones at beginning and end. */
function linesOf(text: Buffer): string[] {
  return text
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trim()
    .split(/\r?\n/)
}

/** One armored message from the first line to the last. */
async function openArmor(lines: readonly string[], opening: Opening): Promise<Opened> {
  const ends = lines.flatMap((line, at) => (/^-----/.test(line) ? [at] : []))
  const whole =
    lines[0] === '-----BEGIN PGP MESSAGE-----' &&
    lines.at(-1)?.trimEnd() === '-----END PGP MESSAGE-----' &&
    ends.length === 2
  if (!whole) return partial()
  const armor = Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1')
  const opened = await orFault(pgpDecrypt(bytesOf(armor), opening.keys.pgp, opening.sender.pgp, { time: opening.at }))
  if (opened instanceof Fault) return { layers: [layerOf('pgp-encrypted', 'undecryptable')], inner: null }
  const charset = /^Charset: ([\w.:+-]{1,40})$/im.exec(lines.slice(1, 8).join('\n'))?.[1] ?? 'utf-8'
  const encrypted = layerOf('pgp-encrypted', 'decrypted', { algorithm: 'OpenPGP' })
  const inner = await entityOf(opened.content, canDecode(charset) ? charset : 'utf-8')
  if (opened.signatures.length === 0) return { layers: [encrypted], inner }
  const layer = judgePgp(opened.signatures, opening)
  return { layers: [encrypted, layer], inner: layer.state === 'broken' ? null : inner }
}

/**
 * The cleartext signature framework (RFC 9580 section 7). Only the signed text comes out: the lines around it (armor headers,
 * a comment in the signature) are shown by readers and signed by nobody.
 */
async function openClear(lines: readonly string[], root: MimePart, opening: Opening): Promise<Opened> {
  const empty = lines.indexOf('')
  const start = lines.indexOf('-----BEGIN PGP SIGNATURE-----')
  const hashes = lines.slice(1, Math.max(1, empty))
  if (empty < 0 || start < empty || !hashes.every((line) => /^Hash: [A-Za-z0-9, -]{1,100}$/.test(line))) return broken()
  const armor = lines.slice(start)
  const ends = armor.flatMap((line, at) => (/^-----/.test(line) ? [at] : []))
  if (armor.at(-1)?.trimEnd() !== '-----END PGP SIGNATURE-----' || ends.length !== 2) return partial()
  const text: string[] = []
  for (const line of lines.slice(empty + 1, start)) {
    const escaped = line.startsWith('- ')
    // What begins with a dash is escaped by whoever follows the standard; readers differ in what they make of the rest.
    if (line.startsWith('-') && !escaped) return broken()
    text.push((escaped ? line.slice(2) : line).replace(/[ \t\r]+$/, ''))
  }
  const signed = Buffer.from(text.join('\r\n'), 'latin1')
  const signature = Buffer.from(`${armor.join('\r\n')}\r\n`, 'latin1')
  const checks = await orFault(pgpCheckSignature(bytesOf(signed), signature, opening.sender.pgp, { time: opening.at }))
  if (checks instanceof Fault) return broken()
  const layer = judgePgp(checks, opening)
  const charset = root.parameters.get('charset') ?? 'utf-8'
  if (layer.state === 'broken' || !canDecode(charset)) return { layers: [layer], inner: null }
  return { layers: [layer], inner: await entityOf(Buffer.concat([signed, Buffer.from('\r\n')]), charset) }
}

async function entityOf(text: Buffer, charset: string): Promise<ByteSource> {
  const header = headerBytes([contentType('text/plain', [['charset', charset]]), transferEncoding('quoted-printable')])
  const pieces: Uint8Array[] = [header]
  for await (const piece of encodedText(text, 'quoted-printable')()) pieces.push(piece)
  return bytesOf(Buffer.concat(pieces))
}
