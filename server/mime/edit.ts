import { Fault } from '../../shared/fault/index.ts'
import type { ByteSource } from '../ports/bytes.ts'
import { othersTurn, turnIsOver } from '../threads/turn.ts'
import { contentType, multipart, textPart, transferEncoding } from './build.ts'
import { canDecode, readText } from './charset.ts'
import { contentEntity, isContentField } from './content-of.ts'
import { decodeStream } from './decode.ts'
import { encodeBase64, encodeQuotedPrintable } from './encode.ts'
import type { Entity, HeaderField } from './entity.ts'
import { editHeader, withField } from './header.ts'
import { type BodyBlock, insertHtml, insertText } from './insert-block.ts'
import { type MimeIndex, type MimePart, partsOf } from './part.ts'
import { readableParts } from './readable.ts'
import { type Ranges, type Splice, spliced } from './splice.ts'
import { headerBytes } from './write.ts'

export type { BodyBlock } from './insert-block.ts'

/** What is to change in a mail's content. */
export interface ContentEdit {
  /** Parts that go, by `MimePart.id`; a multipart whose last part goes, goes too. */
  readonly remove?: ReadonlySet<number>
  /** Blocks for the readable body, in order. */
  readonly insert?: readonly BodyBlock[]
}

/** A text part beyond this is not rewritten in memory: the block then stands in a part of its own. */
const REWRITE_MAX = 2 * 1_048_576

/**
 * The mail's content with attachments removed and blocks put into the readable body. Only the text parts that get a block are
 * decoded and encoded anew (UTF-8); every other byte is copied from the source. Where no text part can take the block (signed or
 * encrypted content, none there, too large, a form nobody can extend), the content stays as it is behind a new first part with
 * the block. Raises `action-impossible` for removing something signed or encrypted.
 */
export function editContent(source: ByteSource, index: MimeIndex, edit: ContentEdit): Entity {
  const gone = withEmptied(index, edit.remove ?? new Set())
  const blocks = edit.insert ?? []
  if (gone.has(0)) return blocks.length > 0 ? blockEntity(blocks) : textPart('plain', '')
  const splices = removals(index, gone)
  const targets = blocks.length > 0 ? targetsOf(index, gone, blocks) : new Map<MimePart, BodyBlock[]>()
  if (targets === null) return multipart('mixed', [blockEntity(blocks), contentWith(source, index, splices)])
  const own = targets.get(index.root)
  if (own) return rewritten(source, index.root, own)
  for (const [part, inserted] of targets) {
    const { header, body } = rewritten(source, part, inserted)
    splices.push({ start: part.start, end: part.bodyEnd, write: () => whole(header, body) })
  }
  return contentWith(source, index, splices)
}

async function* whole(header: readonly HeaderField[], body: Entity['body']): AsyncGenerator<Uint8Array> {
  yield headerBytes(header)
  yield* body()
}

function contentWith(source: ByteSource, index: MimeIndex, splices: readonly Splice[]): Entity {
  if (splices.length === 0) return contentEntity(source, index)
  const { root } = index
  const size = splices.every((splice) => !splice.write)
    ? root.bodyEnd - root.bodyStart - splices.reduce((sum, { start, end }) => sum + end - start, 0)
    : undefined
  return {
    header: root.fields.filter(isContentField),
    body: () => spliced(source, root.bodyStart, root.bodyEnd, splices),
    ...(size === undefined ? {} : { size }),
  }
}

/** Adds every multipart and message that would be left without a part. */
function withEmptied(index: MimeIndex, remove: ReadonlySet<number>): ReadonlySet<number> {
  const gone = new Set(remove)
  for (const part of index.parts.toReversed()) {
    if (part.children.length > 0 && part.children.every((child) => gone.has(child.id))) gone.add(part.id)
    if (gone.has(part.id) && part.parent !== null && index.parts[part.parent]?.opaque) {
      throw new Fault('action-impossible', 'the part is signed or encrypted')
    }
  }
  return gone
}

function removals(index: MimeIndex, gone: ReadonlySet<number>): Splice[] {
  return index.parts
    .filter((part) => gone.has(part.id) && (part.parent === null || !gone.has(part.parent)))
    .map((part) => ({ start: part.line, end: part.end }))
}

/** Which text parts take which blocks; null when a reader could miss one. */
function targetsOf(
  index: MimeIndex,
  gone: ReadonlySet<number>,
  blocks: readonly BodyBlock[],
): Map<MimePart, BodyBlock[]> | null {
  const lost = new Set(index.parts.filter((part) => gone.has(part.id)).flatMap((part) => [...partsOf(part)]))
  const groups = readableParts(index.root, { enterSigned: false })
    .groups.map((group) => ({
      plain: group.plain.filter((part) => !lost.has(part)),
      html: group.html.filter((part) => !lost.has(part)),
      other: group.other,
    }))
    .filter((group) => group.plain.length + group.html.length > 0)
  const targets = new Map<MimePart, BodyBlock[]>()
  for (const block of blocks) {
    const end = block.position === 'top' ? 0 : -1
    const group = groups.at(end)
    if (!group || group.other) return null
    for (const part of [group.plain.at(end), group.html.at(end)]) {
      if (!part) continue
      if (!canRewrite(part)) return null
      targets.set(part, [...(targets.get(part) ?? []), block])
    }
  }
  return targets
}

function canRewrite(part: MimePart): boolean {
  return (
    part.bodyEnd - part.bodyStart <= REWRITE_MAX &&
    part.encoding !== 'unknown' &&
    canDecode(part.parameters.get('charset'))
  )
}

/** What no longer holds when the body changes. */
const STALE = new Set(['content-md5', 'content-length', 'lines'])

function rewritten(source: Ranges, part: MimePart, blocks: readonly BodyBlock[]): Entity {
  const encoding = part.encoding === 'base64' ? 'base64' : 'quoted-printable'
  const parameters = [...part.parameters].filter(([name]) => name !== 'charset' && /^[a-z0-9._-]{1,60}$/.test(name))
  const type = contentType(part.type, [['charset', 'utf-8'], ...parameters])
  const root = part.parent === null
  const kept = root ? part.fields.filter(isContentField) : part.fields
  const header = withField(withField(editHeader(kept, { remove: STALE }), type), transferEncoding(encoding))
  return {
    header,
    body: async function* () {
      const bytes = decodeStream(source.stream(part.bodyStart, part.bodyEnd), part.encoding)
      const { text } = await readText(bytes, part.parameters.get('charset'), REWRITE_MAX)
      const changed = part.type === 'text/html' ? await insertHtml(text, blocks) : insertText(text, blocks)
      yield* encoded(wireLines(changed), encoding)
    },
  }
}

const encoded = (bytes: AsyncIterable<Buffer>, encoding: 'base64' | 'quoted-printable') =>
  encoding === 'base64' ? encodeBase64(bytes) : encodeQuotedPrintable(bytes)

/** Characters that become bytes between two looks at the clock. */
const PIECE = 16_384

/** Text as UTF-8 with CRLF line ends, in pieces. */
async function* wireLines(text: string): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; ) {
    if (turnIsOver()) await othersTurn()
    let end = at + PIECE
    // Neither a line end nor a character in halves.
    if (/\r\n|[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(end - 1, end + 1))) end++
    yield Buffer.from(
      text
        .slice(at, end)
        .toWellFormed()
        .replace(/\r\n|\r|\n/g, '\r\n'),
    )
    at = end
  }
}

/** The blocks as an entity of their own. */
function blockEntity(blocks: readonly BodyBlock[]): Entity {
  const text = blocks.map((block) => block.text.trim()).join('\n\n')
  const html = blocks.map((block) => block.html).join('\n')
  const page = `<!doctype html>\n<html><head><meta charset="utf-8"></head><body>\n${html}\n</body></html>\n`
  return multipart('alternative', [textPart('plain', `${text}\n`), textPart('html', page)])
}
