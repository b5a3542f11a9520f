import { contentType } from '../../../mime/build.ts'
import { contentEntity } from '../../../mime/content-of.ts'
import { rawField } from '../../../mime/header.ts'
import type { Inside } from './open-layers.ts'
import { rangeOf } from './range.ts'
import type { OpenedContent } from './result.ts'

/** The Content-* fields and the body. What has no MIME header at all is text from its first byte. */
export function contentOf({ source, index }: Inside): OpenedContent {
  const { root } = index
  const headless = root.fields.some(({ name }) => name === '') && root.type === 'text/plain'
  if (!headless || root.fields.some(({ name }) => name === 'from')) {
    return { ...contentEntity(source, index), bodySource: rangeOf(source, root.bodyStart, root.bodyEnd) }
  }
  return {
    header: [contentType('text/plain', [['charset', 'utf-8']]), rawField('Content-Transfer-Encoding', '8bit')],
    body: () => source.stream(),
    size: source.size,
    bodySource: source,
  }
}
