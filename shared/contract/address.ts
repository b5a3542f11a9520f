import { z } from 'zod'

const ATEXT = "[\\w!#$%&'*+/=?^`{|}~\\-\\u0080-\\u{10ffff}]+"
const LOCAL = new RegExp(`^(?:${ATEXT}(?:\\.${ATEXT})*|"(?:[^"\\\\\\p{Cc}]|\\\\[ -~])*")$`, 'u')
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]{0,61}[\\p{L}\\p{M}\\p{N}])?'
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'u')

/** Length in UTF-8, which is what the limits of RFC 5321 4.5.3.1 count. */
function octets(text: string): number {
  let sum = 0
  for (const character of text) {
    const point = character.codePointAt(0)!
    sum += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return sum
}

/** A mailbox of RFC 5321 4.1.2 with the international characters of RFC 6531; no address literals, no display name. */
export function isMailAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 1) return false
  const local = text.slice(0, at)
  const domain = text.slice(at + 1)
  return octets(local) <= 64 && octets(domain) <= 255 && LOCAL.test(local) && DOMAIN.test(domain)
}

/** zod's own `z.email()` knows ASCII only and would refuse the SMTPUTF8 addresses that the relay takes. */
export const Address = z
  .string()
  .max(320)
  .refine(isMailAddress, { error: 'not a mail address' })
  .meta({ id: 'Address', format: 'idn-email', description: 'Mail address (RFC 5321, RFC 6531).' })
