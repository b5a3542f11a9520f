import type { AttachmentFacts } from '../../../shared/domain/index.ts'
import type { MimeIndex, MimePart } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { FileList } from './list-files.ts'

export interface Attachments {
  readonly facts: readonly AttachmentFacts[]
  /** `MimePart.id` of the attachment with the same position, -1 for one that stands in a text. */
  readonly parts: readonly number[]
  /** Words that some readers show as body: those of TNEF and of named texts that are no attachments. */
  readonly bodyWords: readonly string[]
  readonly bodyCut: boolean
}

/**
 * Every file a reader could show: leaves that are not the readable body, messages inside, members of archives and TNEF, files in a
 * text (looked for with `textFiles`). What is inside of another file follows it and names it (`within`). What cannot be read to the end is a defect.
 */
export async function readAttachments(
  source: ByteSource,
  index: MimeIndex,
  body: ReadonlySet<MimePart>,
  defects: Set<string>,
  { fileText, textFiles }: { readonly fileText: boolean; readonly textFiles: boolean },
): Promise<Attachments> {
  const list = new FileList(source.size, defects, fileText)
  if (textFiles) await list.inBody(source, body)
  await list.below(source, index.parts, index.root, body, { depth: 0 })
  return { facts: list.facts, parts: list.parts, bodyWords: list.bodyWords, bodyCut: list.bodyCut }
}
