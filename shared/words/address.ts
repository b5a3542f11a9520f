import { Fault } from '../fault/index.ts'
import { aLabel } from '../policy/text/domain.ts'

/** Octets (RFC 5321 4.5.3.1.1 and 4.5.3.1.3, less the brackets of a path). */
const LOCAL_MAX = 64
const ADDRESS_MAX = 254
/** RFC 5322 atext, with everything beyond ASCII that RFC 6531 3.3 admits. */
const DOT_ATOM =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a1}-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u{a1}-\u{10ffff}]+)*$/u
const QUOTED = /^"(?:[\x20\x21\x23-\x5b\x5d-\x7e\u{a1}-\u{10ffff}]|\\[\x20-\x7e])*"$/u
const IPV4 = /^\[(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\]$/
const IPV6 = /^\[ipv6:[0-9a-f:.]{2,45}\]$/i

/**
 * The one form in which an address is stored and looked up: trimmed, without brackets, all lower case, the domain as A-labels
 * (UTS 46), the local part NFC and without needless quotes. Mailboxes that differ in case alone are one person here, whatever
 * RFC 5321 2.4 allows; the envelope keeps what the client sent. Raises `address-invalid` (RFC 5321 4.1.2, RFC 6531 3.3).
 */
export function canonicalAddress(text: string): string {
  const { local, domain } = parseAddress(text)
  return `${local.toLowerCase()}@${domain}`
}

/** The form to look somebody up by: canonical, and for what is no address (a stranger may type anything) its lower case. */
export function lookupAddress(text: string): string {
  try {
    return canonicalAddress(text)
  } catch {
    return text.toLowerCase()
  }
}

/** Splits and validates; the local part keeps its case, the domain is canonical. Raises `address-invalid`. */
export function parseAddress(text: string): { readonly local: string; readonly domain: string } {
  const trimmed = text.trim().replace(/^<(.*)>$/s, '$1')
  if (trimmed.length > 1_000) throw invalid(text)
  const at = trimmed.lastIndexOf('@')
  const local = unquoted(trimmed.slice(0, Math.max(0, at)).normalize('NFC'))
  const domain = canonicalDomain(trimmed.slice(at + 1))
  if (at < 1 || domain === null || octets(local) > LOCAL_MAX || octets(local) + 1 + domain.length > ADDRESS_MAX) {
    throw invalid(text)
  }
  if (!local.isWellFormed() || !(DOT_ATOM.test(local) || QUOTED.test(local))) throw invalid(text)
  return { local, domain }
}

/** Domain of a canonical or raw address, lower case; '' for the null sender and for what has none. */
export function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1)
  return address.includes('@') ? (canonicalDomain(domain) ?? domain.toLowerCase()) : ''
}

/** Whether two addresses are the same mailbox; an invalid one equals nothing but its own text. */
export function sameAddress(a: string, b: string): boolean {
  if (a === b) return true
  try {
    return canonicalAddress(a) === canonicalAddress(b)
  } catch {
    return false
  }
}

/** Whether `address` is one of `allowed`: whole addresses, or `@domain` for every address of a domain; in any spelling. */
export function coversAddress(allowed: readonly string[], address: string): boolean {
  // Two addresses run together (`a@x b@y` in a From field) are nobody's: some readers show the first.
  const local = address.slice(0, Math.max(0, address.lastIndexOf('@'))).replace(/"(?:[^"\\]|\\.)*"/g, '')
  const domain = local.includes('@') ? '' : domainOf(address)
  return allowed.some((one) =>
    one.startsWith('@') ? domain !== '' && domainOf(one) === domain : sameAddress(one, address),
  )
}

function canonicalDomain(domain: string): string | null {
  if (IPV4.test(domain) || IPV6.test(domain)) return domain.toLowerCase()
  if (/[\s@"(),:;<>[\\\]]/.test(domain) || domain.endsWith('.')) return null
  const ascii = aLabel(domain)
  // Letter or digit at both ends of a label (RFC 5321 4.1.2, RFC 1123 2.1).
  return ascii !== null && !/(^|\.)-|-(\.|$)/.test(ascii) ? ascii : null
}

/** `"anna"` and `anna` are one mailbox (RFC 5321 4.1.2). */
function unquoted(local: string): string {
  if (!QUOTED.test(local)) return local
  const inner = local.slice(1, -1).replace(/\\(.)/g, '$1')
  return DOT_ATOM.test(inner) ? inner : `"${inner.replace(/["\\]/g, '\\$&')}"`
}

function octets(text: string): number {
  let count = 0
  for (const char of text) {
    const code = char.codePointAt(0)!
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return count
}

function invalid(text: string): Fault {
  return new Fault('address-invalid', JSON.stringify(text.slice(0, 120)))
}
