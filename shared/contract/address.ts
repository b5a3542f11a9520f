import { z } from 'zod'
import { parseAddress } from '../words/address.ts'

/** An address as a person or a program writes it into a field: a mailbox (RFC 5321 4.1.2, RFC 6531), no brackets, no literal. */
export function isMailAddress(text: string): boolean {
  if (/^[\s<]|[\s>\]]$/.test(text)) return false
  try {
    parseAddress(text)
    return true
  } catch {
    return false
  }
}

/** zod's own `z.email()` knows ASCII only and would refuse the SMTPUTF8 addresses that the relay takes. */
export const Address = z
  .string()
  .max(320)
  .refine(isMailAddress, { error: 'not a mail address' })
  .meta({ id: 'Address', format: 'idn-email', description: 'Mail address (RFC 5321, RFC 6531).' })
