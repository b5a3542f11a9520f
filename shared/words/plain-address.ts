/** RFC 5322 atext with dots between. */
const LOCAL = /^[a-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[a-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/
/** RFC 1123 2.1 host name of two labels or more, no A-labels: those want the tables of UTS 46. */
const DOMAIN = /^(?!.*(?:^|\.)xn--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/

/**
 * The canonical form of an address that needs no tables, for runtimes with room for none: equal to `canonicalAddress` wherever it
 * answers, null for what only that can judge (beyond ASCII, quoted, A-labels, literals).
 */
export function plainAddress(text: string): string | null {
  const address = text.trim().toLowerCase()
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(0, at))
  const domain = address.slice(at + 1)
  if (at < 1 || local.length > 64 || address.length > 254) return null
  return LOCAL.test(local) && DOMAIN.test(domain) ? address : null
}
