import { sameMailbox } from '../../../keys/certificate.ts'
import { parseAddresses } from '../../../mime/address-list.ts'
import { decodeWords } from '../../../mime/encoded-word.ts'
import type { HeaderField } from '../../../mime/entity.ts'
import { fieldsOf, fieldValue } from '../../../mime/header.ts'

/** Characters of a From that one person needs; every look at a longer one would cost more than the mail is worth. */
const LONGEST = 2_000

/**
 * The one address every reader shows as the sender, null when two readers could show different ones: several From fields
 * or mailboxes, groups and routes (RFC 5322 3.4, 4.4), a second address in the open or in the name, header lines broken by a
 * bare CR or NUL.
 */
export function soleSender(fields: readonly HeaderField[]): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these begin another line for some reader
  if (fields.some(({ name, raw }) => name === '' || /\r(?!\n)|\u0000|(?<!\r)\n/.test(raw.toString('latin1'))))
    return null
  const [field, ...more] = fieldsOf(fields, 'from')
  if (!field || more.length > 0) return null
  const value = fieldValue(field)
  if (value.length > LONGEST) return null
  const [mailbox, ...others] = parseAddresses(value)
  if (!mailbox || others.length > 0 || mailbox.group !== undefined) return null
  const open = value.replace(/"(?:[^"\\]|\\.)*"/g, ' ')
  if (/[,;:()]/.test(open.replace(/\([^()\\]*\)/g, ' ')) || (open.match(/</g)?.length ?? 0) > 1) return null
  const addresses = open.replace(/\([^()\\]*\)/g, ' ').match(/[^\s<>]+@[^\s<>]+/g) ?? []
  if (addresses.length === 0 || !addresses.every((address) => sameMailbox(address, mailbox.address))) return null
  // Many readers show the name alone: an address in it is the sender for whoever looks at it.
  if (!addressesIn(value).every((address) => sameMailbox(address, mailbox.address))) return null
  return mailbox.address
}

/** What looks like a mail address in names and comments, whatever width its letters have and whatever invisible stands between them. */
function addressesIn(text: string): readonly string[] {
  const shown = decodeWords(text)
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Mn}]/gu, '')
  const found = [...shown.matchAll(/([^\s<>()[\]"',;:]+)(\s*@\s*)([^\s<>()[\]"',;:]+)/gu)]
  // With spaces around it an @ is read as "at" unless a domain follows.
  return found.flatMap(([, local, at, domain]) => (at === '@' || domain!.includes('.') ? [`${local}@${domain}`] : []))
}
