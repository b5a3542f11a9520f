import { outerFields } from '../../../mime/content-of.ts'
import type { HeaderField } from '../../../mime/entity.ts'
import { editHeader, rawField } from '../../../mime/header.ts'
import type { MimeIndex } from '../../../mime/index-mime.ts'
import { headerBytes } from '../../../mime/write.ts'
import { type ByteSource, bytesOf } from '../../../ports/bytes.ts'
import type { OpenedContent } from './result.ts'

/**
 * The mail with what was inside of its containers in their place: the outer header, with the protected subject where there is
 * one (RFC 9788 section 4.2), and the content. A mail like any other, so that every later stage works on it as on any other.
 */
export function openedMessage(index: MimeIndex, content: OpenedContent, subject: string | null): ByteSource {
  const outer = outerFields(index)
  const versioned = outer.some(({ name }) => name === 'mime-version') || content.header.length === 0
  const fields: readonly HeaderField[] = [
    ...(versioned ? outer : [...outer, rawField('MIME-Version', '1.0')]),
    ...content.header,
  ]
  const set = subject === null ? [] : [{ name: 'Subject', value: subject }]
  return joined(bytesOf(headerBytes(editHeader(fields, { set }))), content.bodySource)
}

/** Two sources, one behind the other. */
function joined(first: ByteSource, second: ByteSource): ByteSource {
  const border = first.size
  const size = border + second.size
  return {
    size,
    async *stream(start = 0, end = size) {
      if (start < border) yield* first.stream(start, Math.min(end, border))
      if (end > border) yield* second.stream(Math.max(0, start - border), end - border)
    },
    async read(start, end) {
      const before = start < border ? await first.read(start, Math.min(end, border)) : Buffer.alloc(0)
      const after = end > border ? await second.read(Math.max(0, start - border), end - border) : Buffer.alloc(0)
      return Buffer.concat([before, after])
    },
  }
}
