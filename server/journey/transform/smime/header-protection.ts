import type { Entity, HeaderField } from '../../../mime/entity.ts'
import { editHeader, fieldOf, rawField } from '../../../mime/header.ts'

/** What a reader shows or answers to; trace and authentication fields belong to the way, not to the mail (RFC 9788 section 1.1.1). */
const PROTECTED: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'comments',
  'keywords',
])
/** Those that `hcp_baseline` takes from the outside altogether (RFC 9788 3.2.1); the subject is replaced. */
const REMOVED: ReadonlySet<string> = new Set(['comments', 'keywords'])
const OBSCURED_SUBJECT = '[...]'

export interface ProtectedHeader {
  /** As everybody on the way reads it. */
  readonly header: readonly HeaderField[]
  /** The payload, its Content-Type with the parameter `hp`. */
  readonly content: Entity
  /** Fields for the inside: `inside` of the innermost `signEntity` or `encryptEntity`. */
  readonly inside: readonly HeaderField[]
}

const CONTAINER = /^content-type:\s*(multipart\/(signed|encrypted)|application\/(x-)?pkcs7-mime)/i

/**
 * Protects the header of a mail that is about to be signed, encrypted or both (RFC 9788): the fields of a person's concern
 * stand inside as well, `hp="clear"` or `hp="cipher"` says so, and inside an encryption `HP-Outer` repeats what stands
 * outside, so that an answer does not give away what was hidden. `obscure` hides the subject (`[...]`) of an encrypted
 * mail; without encryption nothing is hidden. A content that is a container of the sender's own is left alone: null.
 */
export function protectHeader(
  header: readonly HeaderField[],
  content: Entity,
  { encrypted, obscure }: { readonly encrypted: boolean; readonly obscure: boolean },
): ProtectedHeader | null {
  const type = fieldOf(content.header, 'content-type')
  if (type && CONTAINER.test(type.raw.toString('latin1'))) return null
  const inside = header.filter(({ name }) => PROTECTED.has(name))
  const outer = encrypted && obscure ? obscured(header) : header
  const seen = encrypted ? outer.filter(({ name }) => PROTECTED.has(name)).map(outside) : []
  return { header: outer, content: marked(content, encrypted ? 'cipher' : 'clear'), inside: [...inside, ...seen] }
}

function obscured(header: readonly HeaderField[]): readonly HeaderField[] {
  const subject = fieldOf(header, 'subject') ? [{ name: 'Subject', value: OBSCURED_SUBJECT }] : []
  return editHeader(header, { remove: REMOVED, set: subject })
}

/** The line as it stands outside, folds and all, as the value of a field of its own. */
const outside = ({ raw }: HeaderField): HeaderField => ({
  name: 'hp-outer',
  raw: Buffer.concat([Buffer.from('HP-Outer: '), raw]),
})

function marked(content: Entity, hp: 'clear' | 'cipher'): Entity {
  const type = fieldOf(content.header, 'content-type')
  const parameter = Buffer.from(`;\r\n\thp="${hp}"`)
  const made = type
    ? {
        ...type,
        raw: Buffer.concat([Buffer.from(withoutLastSemicolon(type.raw.toString('latin1')), 'latin1'), parameter]),
      }
    : rawField('Content-Type', `text/plain; charset=us-ascii${parameter.toString()}`)
  const others = content.header.filter((field) => field !== type)
  return { ...content, header: [made, ...others] }
}

/** Patterns that look for white space at the end take a time of the square of how much there is elsewhere. */
function withoutLastSemicolon(field: string): string {
  const text = field.trimEnd()
  return text.endsWith(';') ? text.slice(0, -1) : text
}
