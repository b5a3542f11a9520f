import { HEADER } from '../../../shared/words/header-names.ts'
import type { Ask } from './ask.ts'
import type { OfficeItem } from './office.ts'

/** A mail that is being read, as far as the badge cares. */
export interface ReadMail {
  readonly from: string | null
  readonly subject: string
  readonly messageId: string | null
  /** Value of X-Secflow-Verdict; null where the mail has none. */
  readonly verdict: string | null
  /** Whether the client tells the headers of the mail. */
  readonly headers: 'told' | 'unsupported' | 'failed'
}

export async function readMessage(item: OfficeItem, ask: Ask): Promise<ReadMail> {
  const { from, subject } = item
  const base = {
    from: (from && 'emailAddress' in from && from.emailAddress) || null,
    subject: typeof subject === 'string' ? subject : '',
    messageId: item.internetMessageId ?? null,
  }
  if (!item.getAllInternetHeadersAsync) return { ...base, verdict: null, headers: 'unsupported' }
  const said = await ask<string>((done) => item.getAllInternetHeadersAsync!(done))
  // Mail in Sent Items has no headers for add-ins, and says so by an empty text.
  if (said.kind !== 'told' || typeof said.value !== 'string' || said.value.trim() === '')
    return { ...base, verdict: null, headers: 'failed' }
  return { ...base, verdict: headerIn(said.value, HEADER.verdict), headers: 'told' }
}

/** The one value of a header, unfolded (RFC 5322 2.2.3); null when it is not there, or there twice: then one of them is forged. */
export function headerIn(block: string, name: string): string | null {
  const lines = block
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ')
    .split('\n')
  const found = lines.filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name.toLowerCase()}:`)
  return found.length === 1 ? found[0]!.slice(name.length + 1).trim() : null
}
