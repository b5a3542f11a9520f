import type { ByteSource } from '../ports/bytes.ts'
import type { Entity, HeaderField } from './entity.ts'
import type { MimeIndex } from './part.ts'

/** Whether a field describes the content and so travels with it into a signed or encrypted entity (RFC 8551 3.1). */
export function isContentField(field: HeaderField): boolean {
  return field.name.startsWith('content-')
}

/** The mail's content as an entity: its Content-* fields and its body, byte for byte. */
export function contentEntity(source: ByteSource, index: MimeIndex): Entity {
  const { root } = index
  return {
    header: root.fields.filter(isContentField),
    body: () => source.stream(root.bodyStart, root.bodyEnd),
    size: root.bodyEnd - root.bodyStart,
    ...(root.bodyEnd === source.size ? { tailFrom: root.bodyStart } : {}),
  }
}

/** The message header without Content-*, in order; MIME-Version stays. */
export function outerFields(index: MimeIndex): readonly HeaderField[] {
  return index.root.fields.filter((field) => !isContentField(field))
}
