import type { AttachmentFacts } from '../../../shared/domain/index.ts'
import { decodedBody } from '../../mime/decode.ts'
import { type MimeIndex, type MimePart, partsOf } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { contradicts } from './detect/contradiction.ts'
import { examine } from './detect/detect.ts'
import { FileTexts } from './text/file-text.ts'

export interface Attachments {
  readonly facts: readonly AttachmentFacts[]
  /** `MimePart.id` of the attachment with the same position. */
  readonly parts: readonly number[]
}

const SIGNATURE = /^application\/(x-)?(pkcs7|pgp)-signature$/

/**
 * Every part that a reader lists as a file: leaves that are not the readable body, and whole messages inside. A message inside
 * counts as one file; what its own attachments are made of (macros, encryption) is told of it. Each file is decoded once.
 */
export async function readAttachments(
  source: ByteSource,
  index: MimeIndex,
  body: ReadonlySet<MimePart>,
  defects: Set<string>,
  fileText: boolean,
): Promise<Attachments> {
  const parts = attachmentParts(index.root, body)
  const facts: AttachmentFacts[] = []
  const texts = new FileTexts(fileText)
  for (const [at, part] of parts.entries()) {
    facts.push(
      part.shape === 'message'
        ? await messageFacts(source, part, at, defects, texts)
        : await fileFacts(source, part, at, defects, texts),
    )
  }
  return { facts, parts: parts.map((part) => part.id) }
}

function attachmentParts(root: MimePart, body: ReadonlySet<MimePart>): MimePart[] {
  const found: MimePart[] = []
  const stack = [root]
  for (let part = stack.pop(); part; part = stack.pop()) {
    if (body.has(part)) continue
    if (part.shape === 'multipart') {
      const children =
        part.type === 'multipart/signed' ? part.children.filter(({ type }) => !SIGNATURE.test(type)) : part.children
      stack.push(...children.toReversed())
    } else if (!isEmptyText(part)) found.push(part)
  }
  return found
}

/** An empty, unnamed text part is nothing a reader shows. */
function isEmptyText(part: MimePart): boolean {
  return part.type.startsWith('text/') && part.fileName === '' && part.bodyEnd - part.bodyStart <= 2
}

async function fileFacts(
  source: ByteSource,
  part: MimePart,
  index: number,
  defects: Set<string>,
  texts: FileTexts,
): Promise<AttachmentFacts> {
  let first = true
  const found = await examine(() => {
    // Decoding again finds the same defects.
    const report = first ? defects : undefined
    first = false
    return decodedBody(source, part, report)
  })
  const extension = extensionOf(part.fileName)
  const { type } = found
  if (type === 'tnef' || part.type === 'application/ms-tnef') defects.add('tnef-members')
  const facts = { type, extension, declaredType: part.type, size: found.size, encrypted: found.encrypted ?? false }
  const text = await texts.of(facts, part.parameters.get('charset'), () => decodedBody(source, part))
  return {
    index,
    name: part.fileName,
    extension,
    type,
    declaredType: part.type,
    mismatch: contradicts(type, extension, part.type),
    size: found.size,
    hash: found.hash,
    ...(found.encrypted === undefined ? {} : { encrypted: found.encrypted }),
    ...(found.macro === undefined ? {} : { macro: found.macro }),
    ...(found.archiveDepth === undefined ? {} : { archiveDepth: found.archiveDepth }),
    ...text,
  }
}

async function messageFacts(
  source: ByteSource,
  part: MimePart,
  index: number,
  defects: Set<string>,
  texts: FileTexts,
): Promise<AttachmentFacts> {
  const whole = await examine(() => source.stream(part.bodyStart, part.bodyEnd))
  let macro = false
  let encrypted = false
  let files = 0
  const words: string[] = []
  let cut = false
  for (const inner of partsOf(part)) {
    if (inner.shape !== 'leaf') continue
    const charset = inner.parameters.get('charset')
    const read = (file: Parameters<FileTexts['of']>[0]) => texts.of(file, charset, () => decodedBody(source, inner))
    const keep = ({ text, textCut }: Awaited<ReturnType<typeof read>>) => {
      if (typeof text === 'string') words.push(text)
      cut ||= text === undefined || textCut === true
    }
    const listed = inner.fileName !== '' || inner.disposition === 'attachment' || !inner.type.startsWith('text/')
    if (!listed) {
      const size = inner.bodyEnd - inner.bodyStart
      keep(await read({ type: null, extension: '', declaredType: inner.type, size }))
      continue
    }
    const found = await examine(() => decodedBody(source, inner, defects))
    keep(await read({ ...found, extension: extensionOf(inner.fileName), declaredType: inner.type }))
    files++
    macro ||= found.macro ?? false
    encrypted ||= found.encrypted ?? false
  }
  const name = part.fileName
  return {
    index,
    name,
    extension: extensionOf(name),
    type: 'eml',
    declaredType: part.type,
    mismatch: name !== '' && extensionOf(name) !== '' && extensionOf(name) !== 'eml',
    size: whole.size,
    hash: whole.hash,
    macro,
    encrypted,
    ...(files > 0 ? { archiveDepth: 1 } : {}),
    text: words.join('\n'),
    ...(cut ? { textCut: true } : {}),
  }
}

/** What stands after the last dot, lower case, in the compatibility form in which rules compare. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0
    ? ''
    : name
        .slice(dot + 1)
        .normalize('NFKC')
        .trim()
        .toLowerCase()
}
