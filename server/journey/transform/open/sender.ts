import { sameMailbox } from '../../../keys/certificate.ts'
import { parseAddresses } from '../../../mime/address-list.ts'
import type { HeaderField } from '../../../mime/entity.ts'
import { fieldsOf, fieldValue } from '../../../mime/header.ts'

/**
 * The one address every reader shows as the sender, null when two readers could show different ones: several From fields
 * or mailboxes, groups and routes (RFC 5322 3.4, 4.4), a second address in the open, header lines broken by a bare CR or NUL.
 */
export function soleSender(fields: readonly HeaderField[]): string | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these begin another line for some reader
  if (fields.some(({ name, raw }) => name === '' || /\r(?!\n)|\u0000|(?<!\r)\n/.test(raw.toString('latin1'))))
    return null
  const [field, ...more] = fieldsOf(fields, 'from')
  if (!field || more.length > 0) return null
  const value = fieldValue(field)
  const [mailbox, ...others] = parseAddresses(value)
  if (!mailbox || others.length > 0 || mailbox.group !== undefined) return null
  const open = value.replace(/"(?:[^"\\]|\\.)*"/g, ' ')
  if (/[,;:()]/.test(open.replace(/\([^()\\]*\)/g, ' ')) || (open.match(/</g)?.length ?? 0) > 1) return null
  const addresses = open.replace(/\([^()\\]*\)/g, ' ').match(/[^\s<>]+@[^\s<>]+/g) ?? []
  if (addresses.length === 0 || !addresses.every((address) => sameMailbox(address, mailbox.address))) return null
  return mailbox.address
}
