import { randomBytes } from 'node:crypto'
import type { ByteSource, ByteStream } from '../ports/bytes.ts'
import { base64Lines, base64Size, encodeBase64, encodeQuotedPrintable } from './encode.ts'
import type { Entity, HeaderField } from './entity.ts'
import { rawField } from './header.ts'
import { writeParameters } from './parameters.ts'
import type { MimePart } from './part.ts'

/** Content-Type field with parameters (RFC 2045 5, RFC 2231). */
export function contentType(type: string, parameters: Iterable<readonly [string, string]> = []): HeaderField {
  return rawField('Content-Type', `${type}${writeParameters(parameters)}`)
}

export function transferEncoding(encoding: '7bit' | 'quoted-printable' | 'base64'): HeaderField {
  return rawField('Content-Transfer-Encoding', encoding)
}

/**
 * A text part in UTF-8, safe on a 7-bit wire. Line ends become CRLF. Encoded as plain 7bit where the text allows, else as
 * quoted-printable, or base64 where most of it is not ASCII.
 */
export function textPart(
  subtype: 'plain' | 'html',
  text: string,
  parameters: Iterable<readonly [string, string]> = [],
): Entity {
  const bytes = Buffer.from(text.toWellFormed().replace(/\r\n|\r|\n/g, '\r\n'))
  const encoding = encodingFor(bytes)
  const body = encodedText(bytes, encoding)
  return {
    header: [contentType(`text/${subtype}`, [['charset', 'utf-8'], ...parameters]), transferEncoding(encoding)],
    body,
    ...(encoding === '7bit' ? { size: bytes.length } : encoding === 'base64' ? { size: base64Size(bytes.length) } : {}),
  }
}

/** The encoding that fits text with CRLF line ends. */
export function encodingFor(bytes: Buffer): '7bit' | 'quoted-printable' | 'base64' {
  let special = 0
  let column = 0
  let longest = 0
  for (const byte of bytes) {
    if (byte > 126 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13)) special++
    column = byte === 10 ? 0 : column + 1
    if (column > longest) longest = column
  }
  if (special === 0 && longest <= 900 && !/(^|\n)(\.|From )|[ \t](\r\n|$)/.test(bytes.toString('latin1'))) return '7bit'
  return special * 3 > bytes.length ? 'base64' : 'quoted-printable'
}

/** Text bytes in one of the encodings of `encodingFor`. */
export function encodedText(bytes: Buffer, encoding: '7bit' | 'quoted-printable' | 'base64'): ByteStream {
  return async function* () {
    if (encoding === '7bit') yield bytes
    else if (encoding === 'base64') yield base64Lines(bytes)
    else yield* encodeQuotedPrintable(once(bytes))
  }
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}

/**
 * A multipart entity (RFC 2046 5.1). The boundary holds `=_`, which neither quoted-printable nor base64 can produce, and 128
 * random bits against everything else. Header fields of the parts are theirs; give Content-* only.
 */
export function multipart(
  subtype: string,
  parts: readonly Entity[],
  parameters: Iterable<readonly [string, string]> = [],
): Entity {
  const boundary = `=_secflow_${randomBytes(16).toString('hex')}`
  const open = Buffer.from(`--${boundary}\r\n`)
  const close = Buffer.from(`--${boundary}--\r\n`)
  const heads = parts.map(({ header }) => Buffer.concat([...header.flatMap(({ raw }) => [raw, CRLF]), CRLF]))
  let size: number | undefined = close.length
  for (const [at, part] of parts.entries()) {
    size =
      size === undefined || part.size === undefined ? undefined : size + open.length + heads[at]!.length + part.size + 2
  }
  return {
    header: [contentType(`multipart/${subtype}`, [...parameters, ['boundary', boundary]])],
    body: async function* () {
      for (const [at, part] of parts.entries()) {
        yield open
        yield heads[at]!
        yield* part.body()
        yield CRLF
      }
      yield close
    },
    ...(parts.some((part) => part.once) ? { once: true } : {}),
    ...(size === undefined ? {} : { size }),
  }
}

const CRLF = Buffer.from('\r\n')

/** A file as a part: base64 in lines of 76 columns, streamed; the name as RFC 2231 wants it. `size` is that of the file in bytes. */
export function filePart(file: {
  readonly name: string
  readonly mediaType: string
  readonly disposition: 'attachment' | 'inline'
  readonly size?: number
  readonly stream: ByteStream
  readonly contentId?: string
}): Entity {
  const type = /^[\w!#$&.+^-]+\/[\w!#$&.+^-]+$/.test(file.mediaType) ? file.mediaType : 'application/octet-stream'
  return {
    header: [
      contentType(type, file.name ? [['name', file.name]] : []),
      transferEncoding('base64'),
      rawField(
        'Content-Disposition',
        `${file.disposition}${writeParameters(file.name ? [['filename', file.name]] : [])}`,
      ),
      ...(file.contentId ? [rawField('Content-ID', `<${file.contentId}>`)] : []),
    ],
    body: () => encodeBase64(file.stream()),
    ...(file.size === undefined ? {} : { size: base64Size(file.size) }),
  }
}

/** A part as it stands in the source: its own header fields and the exact bytes of its body. */
export function rangeEntity(source: ByteSource, part: MimePart): Entity {
  return {
    header: part.fields,
    body: () => source.stream(part.bodyStart, part.bodyEnd),
    size: part.bodyEnd - part.bodyStart,
  }
}

/**
 * The message of outer fields and a content entity. Content-* fields that were read from the same header go back to their place, so
 * that an unchanged mail keeps its bytes; new ones follow at the end.
 */
export function messageOf(fields: readonly HeaderField[], content: Entity): Entity {
  const placed = content.header.filter(({ at }) => at !== undefined)
  const header: HeaderField[] = []
  let next = 0
  for (const field of fields) {
    while (field.at !== undefined && next < placed.length && placed[next]!.at! < field.at) header.push(placed[next++]!)
    header.push(field)
  }
  header.push(...placed.slice(next), ...content.header.filter(({ at }) => at === undefined))
  return { ...content, header }
}
