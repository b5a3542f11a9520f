import { HEADER } from '../../shared/words/header-names.ts'
import { HEADER_MAX, NONE } from '../../shared/words/stamp.ts'
import { bindsDraft, bindsWishes, claimsOf, type StampClaims } from './claims.ts'
import { highestClass } from './classes.ts'
import type { SeenDraft, SeenHeaders } from './draft.ts'
import type { Notebook } from './notebook.ts'

/** What to write on the draft, and what the service said of it. */
export interface Stamping {
  /** All three headers; null when nothing may be written, because what stands there could not be read. */
  readonly headers: Readonly<Record<string, string>> | null
  /** The verdict whose stamp stands in the headers. */
  readonly verdict: AppliedVerdict | null
}

export interface AppliedVerdict {
  readonly claims: StampClaims
  readonly lines: readonly string[]
}

interface Choice {
  readonly classification: string | null
  readonly protection: string
}

/** The header names, as they are asked for and written. */
export const STAMPED_HEADERS = [HEADER.classification, HEADER.protection, HEADER.stamp] as const

/**
 * The three headers for a draft. What the headers say counts before what the pane noted; what could not be read is not
 * written over. A stamp is applied only while sender, recipients, subject, attachments and choice are those it was made for;
 * otherwise the wish goes unsigned and the gateway decides. Pure.
 */
export function stampDraft(draft: SeenDraft): Stamping {
  const choice = choiceOf(draft)
  if (choice === null) return { headers: null, verdict: null }
  const verdict = verdictFor(draft, choice)
  const stamp = verdict ? verdict.stamp : NONE
  return {
    headers: {
      [HEADER.classification]: fittingClass(choice.classification),
      [HEADER.protection]: fittingProtection(choice.protection),
      [HEADER.stamp]: stamp,
    },
    verdict: verdict ? { claims: verdict.claims, lines: verdict.lines } : null,
  }
}

/** What of a wish asks for more, without quotes: words and parameters. */
const WORD = /^(?:sign|encrypt|smime|pgp|pdf|portal|filelink|receipt)$/i
const MORE = /^(?:expires=\w+|second-factor)$/i

/**
 * A draft as its sender found it. What it brings along of the mail that it answers somebody else wrote: wishes for more protection
 * stay, but a telephone for a password, or that less will do, only the sender says. What the pane noted is the sender's.
 */
export function asBegun(draft: SeenDraft): SeenDraft {
  const { headers, notebook } = draft
  const brought = headers && said(headers, HEADER.protection)
  if (!brought || !notebook || notebook.protection !== '') return draft
  const wishes = brought.split(',').map((member) => member.split(';').map((part) => part.trim()))
  const more = wishes
    .filter(([word]) => WORD.test(word!))
    .map(([word, ...parts]) => [word, ...parts.filter((part) => MORE.test(part))].join(';'))
  const name = HEADER.protection.toLowerCase()
  return Object.assign({}, draft, { headers: Object.assign({}, headers, { [name]: more.join(', ') }) })
}

/** Whether the draft carries these headers already, so that nothing needs to be written. */
export function carries(seen: SeenHeaders | null, headers: Readonly<Record<string, string>>): boolean {
  return seen !== null && Object.keys(headers).every((name) => seen[name.toLowerCase()] === headers[name])
}

function choiceOf({ headers, notebook }: SeenDraft): Choice | null {
  if (headers === null) {
    // A choice may stand there that we cannot see: only one that we know may take its place.
    return notebook && (notebook.classification !== null || notebook.protection !== '')
      ? { classification: kept(notebook.classification, notebook), protection: notebook.protection }
      : null
  }
  const classification = said(headers, HEADER.classification) ?? notebook?.classification ?? null
  const protection = said(headers, HEADER.protection) ?? notebook?.protection ?? ''
  return { classification: kept(classification, notebook, protection), protection }
}

/** A reply keeps the highest class of its thread, unless the sender gave a reason for less. */
function kept(chosen: string | null, notebook: Notebook | null, protection = notebook ? notebook.protection : '') {
  if (!notebook || notebook.inherited === null) return chosen
  if (chosen !== null && protection.indexOf(';reason=') >= 0) return chosen
  return highestClass([chosen, notebook.inherited], notebook.labels)
}

/** Value of a header of ours; null for none and for the word none. */
function said(headers: SeenHeaders, name: string): string | null {
  const value = (headers[name.toLowerCase()] || '').trim()
  return value === '' || value.toLowerCase() === NONE ? null : value
}

function verdictFor(draft: SeenDraft, choice: Choice) {
  const { sender, to, cc, bcc, subject, files, headers, notebook } = draft
  if (sender === null || to === null || cc === null || bcc === null || subject === null || files === null) return null
  const noted = notebook?.verdict
  const onDraft = headers && said(headers, HEADER.stamp)
  const candidates = [...(noted ? [noted] : []), ...(onDraft ? [{ stamp: onDraft, bcc: [], lines: [] }] : [])]
  for (const { stamp, bcc: blind, lines } of candidates) {
    const claims = claimsOf(stamp)
    if (
      claims &&
      HEADER.stamp.length + stamp.length <= HEADER_MAX &&
      claims.classification === choice.classification &&
      bindsWishes(claims, choice.protection) &&
      sameSet(blind, bcc) &&
      bindsDraft(claims, { sender, visible: to.concat(cc), subject, files })
    )
      return { stamp, claims, lines }
  }
  return null
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const plain = (list: readonly string[]) => [...new Set(list.map((one) => one.trim().toLowerCase()))].sort().join('\n')
  return plain(a) === plain(b)
}

/** What can be no label is still a wish: as an unknown one it counts as the highest. */
const fittingClass = (label: string | null) =>
  label === null ? NONE : /^[\x21-\x7e]{1,63}$/.test(label) ? label : 'unreadable'

/** Only reasons are long: without its reason a wish for less protection does not count, and every other wish stays. */
function fittingProtection(protection: string): string {
  const fits = (text: string) => HEADER.protection.length + text.length <= HEADER_MAX && /^[\x20-\x7e]*$/.test(text)
  if (protection === '') return NONE
  if (fits(protection)) return protection
  const without = protection.replace(/;reason=%?"[^"]*"/g, '')
  return fits(without) ? without : 'encrypt'
}
