/**
 * What the task pane leaves for the launch events, in the draft's session data. A cache: the headers on the draft are the
 * truth, because some clients show fresh session data late.
 */

/** Key in `item.sessionData`. */
export const NOTEBOOK_KEY = 'secflow'

export interface Notebook {
  /** Label id that the sender chose, or null. */
  readonly classification: string | null
  /** Value of X-Secflow-Protection, '' for no wish. */
  readonly protection: string
  /** Labels of the tenant, the lowest first; empty when they are not known. */
  readonly labels: readonly string[]
  /** Class of the mail that this one answers or forwards, where it was readable. */
  readonly inherited: string | null
  /** The last answer of the service for this draft. */
  readonly verdict: NotedVerdict | null
}

export interface NotedVerdict {
  /** Compact JWS. */
  readonly stamp: string
  /** Blind recipients it was given for: the stamp does not name them, because it travels with the mail. */
  readonly bcc: readonly string[]
  /** What the sender should know or mend, a sentence each, in his language. */
  readonly lines: readonly string[]
}

export const EMPTY_NOTEBOOK: Notebook = {
  classification: null,
  protection: '',
  labels: [],
  inherited: null,
  verdict: null,
}

/** Session data holds 50,000 characters on clients before Mailbox 1.16. */
const LONGEST = 50_000
/** Labels, blind recipients, lines. */
const MOST = 1000

/** The text to keep under `NOTEBOOK_KEY`; null when it is longer than every client holds. */
export function writeNotebook(notebook: Notebook): string | null {
  const text = JSON.stringify(Object.assign({ v: 1 }, notebook))
  return text.length > LONGEST ? null : text
}

/** Reads what is kept there; null for anything else than what `writeNotebook` gave. Never throws. */
export function readNotebook(text: string): Notebook | null {
  if (text.length > LONGEST) return null
  try {
    const said = JSON.parse(text) as Record<string, unknown>
    if (typeof said !== 'object' || said === null || said.v !== 1) return null
    const { classification, protection, labels, inherited, verdict } = said
    if (!isLabelOrNull(classification) || !isLabelOrNull(inherited) || !isTexts(labels)) return null
    if (typeof protection !== 'string' || !HEADER_TEXT.test(protection)) return null
    const noted = verdict === null ? null : readVerdict(verdict)
    if (noted === undefined) return null
    return { classification, protection, labels, inherited, verdict: noted }
  } catch (_) {
    return null
  }
}

function readVerdict(value: unknown): NotedVerdict | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { stamp, bcc, lines } = value as Record<string, unknown>
  if (typeof stamp !== 'string' || !HEADER_TEXT.test(stamp) || !isTexts(bcc) || !isTexts(lines)) return undefined
  return { stamp, bcc, lines }
}

/** Printable ASCII: all that goes into a header as it is (RFC 5322 2.2). */
const HEADER_TEXT = /^[\x20-\x7e]*$/

const isLabelOrNull = (value: unknown): value is string | null =>
  value === null || (typeof value === 'string' && /^[\x21-\x7e]{1,63}$/.test(value))

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= MOST && value.every((one) => typeof one === 'string')
