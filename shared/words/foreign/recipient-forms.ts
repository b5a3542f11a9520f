import { parseProtection, serializeProtection } from '../protection.ts'
import type { ForeignIntent, ForeignRecipient } from './mapping.ts'

/** Who is meant by an address as clients of other gateways write it. */
export interface ForeignAddress {
  /** The real person's address: without the forms. */
  readonly address: string
  /** What the forms ask for, in the grammar of `X-Secflow-Protection`, '' for nothing. Never less protection. */
  readonly protection: string
  /** Forms that were found, as the mapping writes them. */
  readonly found: readonly string[]
  /** Unsafe forms, for the audit. */
  readonly warnings: readonly string[]
}

const WHOLE = '{address}'
/** Forms in one address. */
const FORMS_MAX = 4
/** Longer ones are no addresses (RFC 5321 4.5.3.1). */
const ADDRESS_MAX = 320
/** An address speaks of one recipient and reaches everybody's eyes: it can ask for protection, never waive it. */
const WAIVERS: ReadonlySet<string> = new Set(['plain', 'none'])

export function hasRecipientForms({ products }: ForeignIntent): boolean {
  return products.some(({ recipients = [] }) => recipients.length > 0)
}

/**
 * Takes the forms of the tenant's products off an address (`anna@clinic.example.s`); null where it bears none. Whether the
 * sender's word counts is the caller's to know. Never throws.
 */
export function readForeignAddress(typed: string, foreign: ForeignIntent): ForeignAddress | null {
  if (typed.length > ADDRESS_MAX) return null
  const forms = foreign.products.flatMap(({ recipients = [] }) => recipients)
  const found = new Set<ForeignRecipient>()
  let address = typed
  for (let rounds = 0; rounds < FORMS_MAX; rounds++) {
    const hit = forms
      .map((form) => ({ form, left: without(address, form) }))
      .find((one): one is { form: ForeignRecipient; left: string } => one.left !== null)
    if (!hit) break
    found.add(hit.form)
    address = hit.left
  }
  if (found.size === 0) return null
  const meant = [...found].flatMap(({ unsafe, protection, instead }) => {
    const wish = unsafe && !foreign.unsafe ? (instead ?? protection) : protection
    return wish === undefined ? [] : [wish]
  })
  const { protection } = parseProtection(meant)
  return {
    address,
    protection: serializeProtection(protection.filter(({ token }) => !WAIVERS.has(token))),
    found: [...found].map(({ recipient }) => recipient),
    warnings: [...found]
      .filter(({ unsafe }) => unsafe)
      .map(({ recipient }) => `${recipient} is unsafe and ${foreign.unsafe ? 'allowed' : 'replaced by a safe form'}`),
  }
}

/**
 * The same in the text of a To or Cc field, names and comments included: every address that bears a form gives it up, and all
 * else keeps its place. Takes time linear in the text.
 */
export function withoutRecipientForms(text: string, foreign: ForeignIntent): string {
  if (!hasRecipientForms(foreign)) return text
  return text.replace(/[^\s<>",:;()]+/g, (token) => {
    if (!token.includes('@')) return token
    // Outlook writes the address once more as a name in single quotes.
    const open = token.startsWith("'") ? 1 : 0
    const close = token.length > open + 1 && token.endsWith("'") ? 1 : 0
    const bare = token.slice(open, token.length - close)
    // After a quoted local part the domain stands alone.
    const local = bare.startsWith('@') ? '"' : ''
    const read = readForeignAddress(local + bare, foreign)
    if (!read) return token
    return token.slice(0, open) + read.address.slice(local.length) + token.slice(token.length - close)
  })
}

/** The address without one form, or null: what is left has a local part and a domain of at least two labels. */
function without(address: string, { recipient, caseSensitive }: ForeignRecipient): string | null {
  const [before = '', after = ''] = recipient.split(WHOLE)
  const at = address.lastIndexOf('@')
  if (at < 1 || address.length <= before.length + after.length) return null
  const front = address.slice(0, before.length)
  const back = after === '' ? '' : address.slice(-after.length)
  // Domains know no case (RFC 4343).
  if (back.toLowerCase() !== after.toLowerCase()) return null
  if (caseSensitive ? front !== before : front.toLowerCase() !== before.toLowerCase()) return null
  const left = address.slice(before.length, address.length - after.length)
  return /^.+@[^@.[\]]+(\.[^@.[\]]+)+$/s.test(left) ? left : null
}
