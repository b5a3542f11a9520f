/**
 * What a stamp binds, as texts that two sides must form alike: the service that signs, the gateway that verifies, and the
 * add-in that asks whether a stamp still belongs to the draft. Their SHA-256 stands in the stamp. Everything here runs on
 * ES2016: the oldest runtime of the add-in has no more.
 */

/** Mail servers fold, re-encode and trim a subject; none of that changes what the sender wrote. */
export const stampedSubject = (subject: string): string => subject.normalize('NFC').replace(/\s+/g, ' ').trim()

/** Canonical addresses of To and Cc; their order and repetition mean nothing. */
export const stampedRecipients = (canonical: readonly string[]): string => [...new Set(canonical)].sort().join('\n')

/** Attachments by name and size in bytes; pictures that stand in the text are none. */
export const stampedFiles = (files: readonly { readonly name: string; readonly size: number }[]): string =>
  files
    .map(({ name, size }) => `${size} ${name.normalize('NFC')}`)
    .sort()
    .join('\n')

/** Value of X-Secflow-Protection, of a stamp that binds numbers for recipients in it; mail servers fold and unfold it. */
export const stampedWishes = (value: string): string => value.replace(/\s+/g, '')

/** What the decision behind a stamp asks of the client: send, ask the sender first, or do not send. */
export const STAMP_OUTCOMES = ['send', 'ask', 'stop'] as const
export type StampOutcome = (typeof STAMP_OUTCOMES)[number]

/**
 * Characters of one header field, name and value together, that Outlook's `internetHeaders.setAsync` takes: what is longer it
 * throws at.
 */
export const HEADER_MAX = 998

/** In place of a value: nothing was chosen, nothing is signed. Headers are never removed, because not every client can set them again. */
export const NONE = 'none'
