import type { HeaderField } from '../../mime/entity.ts'

/** What a signature covers unless told otherwise (RFC 6376 5.4.1): what a reader sees, and what says how the body is read. */
export const SIGNED_FIELDS: readonly string[] = [
  'From',
  'Sender',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'To',
  'Cc',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'Content-ID',
  'Content-Description',
  'In-Reply-To',
  'References',
  'List-Id',
  'List-Help',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'List-Subscribe',
  'List-Post',
  'List-Owner',
  'List-Archive',
]

/** Of one name: a mail has one or two; each costs time on the event loop, and a stranger may write forty thousand. */
const FIELDS_MAX = 50

/**
 * The fields a signer has to look at: those of these names, and of each name the lowest, which is where a verifier begins as
 * well (RFC 6376 5.4.2). Pure.
 */
export function fieldsToSign(header: readonly HeaderField[], names: readonly string[]): readonly HeaderField[] {
  const left = new Map(names.map((name) => [name.toLowerCase(), FIELDS_MAX]))
  const taken = header.toReversed().filter(({ name }) => {
    const more = left.get(name) ?? 0
    if (more > 0) left.set(name, more - 1)
    return more > 0
  })
  return taken.reverse()
}
