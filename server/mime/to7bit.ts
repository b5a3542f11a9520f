import { isAscii } from 'node:buffer'
import { transferEncoding } from './build.ts'
import { decodeStream } from './decode.ts'
import { encodeBase64, encodeQuotedPrintable } from './encode.ts'
import type { Entity, HeaderField } from './entity.ts'
import { withField } from './header.ts'
import { indexStream } from './index-mime.ts'
import type { MimeIndex, MimePart } from './part.ts'
import { forwardRanges, type Ranges, type Splice, spliced } from './splice.ts'
import { headerBytes, writeEntity } from './write.ts'

/**
 * A content entity that survives 7-bit transport, as RFC 8551 3.1.3 wants it before signing: no byte above 127, no NUL, no line
 * beyond 998 octets. Content that is so already comes back unchanged, the same object. Otherwise the leaf parts that break the
 * rule are encoded anew (text as quoted-printable, the rest as base64) and everything else is copied. Parts that are signed or
 * encrypted already, and bytes above 127 in the headers of parts, stay as they are. An entity that can be read only once is
 * returned unchanged: what makes such entities (encryption) writes 7-bit.
 */
export async function sevenBitSafe(content: Entity): Promise<Entity> {
  if (content.once || (await isSevenBit(content.body()))) return content
  const index = await indexStream(writeEntity(content))
  const offset = index.root.bodyStart
  const dirty = await dirtyLeaves(index, forwardRanges(content.body(), offset))
  const splices = index.parts.flatMap((part) => spliceOf(part, dirty.has(part)))
  const root = index.root
  return {
    header: needsHeader(root, dirty.has(root)) ? headerOf(content.header, root, dirty.has(root)) : content.header,
    body: () => spliced(forwardRanges(content.body(), offset), offset, index.size, splices),
  }
}

async function dirtyLeaves(index: MimeIndex, ranges: Ranges): Promise<Set<MimePart>> {
  const dirty = new Set<MimePart>()
  for (const part of index.parts) {
    if (part.shape !== 'leaf' || part.opaque || part.encoding === 'unknown') continue
    if (!(await isSevenBit(ranges.stream(part.bodyStart, part.bodyEnd)))) dirty.add(part)
  }
  return dirty
}

/** Whether bytes keep to 7bit as RFC 2045 2.7 defines it. */
async function isSevenBit(chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  let column = 0
  for await (const chunk of chunks) {
    if (!isAscii(chunk) || chunk.includes(0)) return false
    let from = 0
    for (let lf = chunk.indexOf(10); lf >= 0; lf = chunk.indexOf(10, from)) {
      if (column + lf - from > 999) return false
      column = 0
      from = lf + 1
    }
    column += chunk.length - from
    if (column > 999) return false
  }
  return true
}

/** A leaf that is encoded anew, or a multipart or message that said 8bit only for the sake of such a leaf. */
function needsHeader(part: MimePart, dirty: boolean): boolean {
  return dirty || (part.shape !== 'leaf' && !part.opaque && (part.encoding === '8bit' || part.encoding === 'binary'))
}

function headerOf(fields: readonly HeaderField[], part: MimePart, dirty: boolean): readonly HeaderField[] {
  return withField(fields, transferEncoding(dirty ? encodingOf(part) : '7bit'))
}

function encodingOf(part: MimePart): 'quoted-printable' | 'base64' {
  if (part.encoding === 'quoted-printable' || part.encoding === 'base64') return part.encoding
  return part.type.startsWith('text/') ? 'quoted-printable' : 'base64'
}

function spliceOf(part: MimePart, dirty: boolean): Splice[] {
  if (!needsHeader(part, dirty)) return []
  const splices: Splice[] = []
  if (part.parent !== null) {
    const header = headerBytes(headerOf(part.fields, part, dirty))
    splices.push({
      start: part.start,
      end: part.bodyStart,
      write: async function* () {
        yield header
      },
    })
  }
  if (dirty) {
    const encode = encodingOf(part) === 'base64' ? encodeBase64 : encodeQuotedPrintable
    splices.push({
      start: part.bodyStart,
      end: part.bodyEnd,
      write: (ranges) => encode(decodeStream(ranges.stream(part.bodyStart, part.bodyEnd), part.encoding)),
    })
  }
  return splices
}
