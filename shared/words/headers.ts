/** Header names that steer Secflow or a gateway before or beside it (CONTRACT, Headers; research/peers.md part 2). */

export { HEADER } from './header-names.ts'

export interface ForeignHeader {
  readonly product: string
  /** Lower case; a final `*` stands for any rest. */
  readonly pattern: string
  /** `intent`: a client steers a gateway by it. `state`: a gateway says what it did, and anybody can write the same. */
  readonly kind: 'intent' | 'state'
}

const of = (product: string, kind: ForeignHeader['kind'], patterns: string): ForeignHeader[] =>
  patterns.split(' ').map((pattern) => ({ product, kind, pattern }))

/** Every trigger and state header of the peers. An operator's own names (CipherMail, Titus, VIPRE, Intermedia) come with the tenant's mapping. */
export const FOREIGN_HEADERS: readonly ForeignHeader[] = [
  ...of('SEPPmail', 'intent', 'x-smplain x-smenc x-smwebmail x-eswmail-noreply x-sm-origto x-sm-origcc x-sm-origbcc'),
  ...of('SEPPmail', 'intent', 'sensitivity'),
  ...of('SEPPmail', 'state', 'x-sm-* x-sepp-smarthost x-eswmail-*'),
  ...of('NoSpamProxy', 'intent', 'x-nospamproxy-*'),
  ...of('CipherMail', 'state', 'x-ciphermail-*'),
  ...of('Microsoft 365', 'intent', 'msip_labels'),
  ...of('Australian marking', 'intent', 'x-protective-marking'),
  ...of('MYDATA Control', 'intent', 'x-classification'),
  ...of('PrivaSphere', 'intent', 'x-psph-*'),
  ...of('Cisco', 'intent', 'x-postx-*'),
  ...of('PostGuard', 'state', 'x-postguard'),
]

const EXACT = new Set(FOREIGN_HEADERS.filter(({ pattern }) => !pattern.endsWith('*')).map(({ pattern }) => pattern))
const PREFIXES = [
  'x-secflow-',
  ...FOREIGN_HEADERS.filter(({ pattern }) => pattern.endsWith('*')).map(({ pattern }) => pattern.slice(0, -1)),
]

/**
 * Whether a header field is removed at the edge: from inbound mail and from every outgoing copy. `more` are names the tenant's
 * mapping adds (lower case, a final `*` stands for any rest).
 */
export function isSteeringHeader(name: string, more: readonly string[] = []): boolean {
  const lower = name.toLowerCase()
  if (EXACT.has(lower) || PREFIXES.some((prefix) => lower.startsWith(prefix))) return true
  return more.some((pattern) => (pattern.endsWith('*') ? lower.startsWith(pattern.slice(0, -1)) : lower === pattern))
}
