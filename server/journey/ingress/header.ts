import { isUtf8 } from 'node:buffer'
import { Fault } from '../../../shared/fault/index.ts'
import { parseAddresses } from '../../mime/address-list.ts'
import { decodeWords } from '../../mime/encoded-word.ts'
import { withoutControls } from '../../mime/header.ts'

/** What the accept records of a header; everything else is the parser's. */
export interface HeaderFacts {
  /** Without brackets, '' when there is none. */
  readonly messageId: string
  /** Decoded (RFC 2047), '' when there is none. */
  readonly subject: string
  readonly hasDate: boolean
  /** Mailboxes of every From field, groups resolved; one without a mailbox, or that readers read differently, counts with its whole text too. */
  readonly from: readonly string[]
  /** Number of Received fields: the hops so far. */
  readonly hops: number
  /** Number of all fields. */
  readonly fields: number
}

/** Decoding more of a Subject than anyone reads is work for an attacker's benefit. */
const MAX_SUBJECT = 2_000

/**
 * Reads a complete header: from the first byte to the empty line, or to the end of a message without a body.
 * Raises `header-malformed` for a line that is no field (RFC 5322 2.2): readers disagree on whether it ends the header, so
 * what our policy saw might not be what is shown. Raises `header-8bit` for bytes above 127 without SMTPUTF8 and
 * `header-malformed` for those that are not UTF-8 (RFC 6532).
 */
export function readHeader(bytes: Buffer, smtputf8: boolean): HeaderFacts {
  if (bytes.some((byte) => byte > 127)) {
    if (!smtputf8) throw new Fault('header-8bit')
    if (!isUtf8(bytes)) throw new Fault('header-malformed', 'not UTF-8')
  }
  let messageId = ''
  let subject: string | null = null
  let hasDate = false
  let hops = 0
  let fields = 0
  const from: string[] = []
  for (const field of unfoldedFields(bytes.toString('utf8'))) {
    fields++
    const colon = field.indexOf(':')
    const name = field.slice(0, colon).trimEnd().toLowerCase()
    if (name === 'received') hops++
    else if (name === 'date') hasDate = true
    else if (name === 'from') from.push(...authorsOf(field.slice(colon + 1)))
    else if (name === 'message-id' && !messageId)
      messageId = field
        .slice(colon + 1)
        .trim()
        .replace(/^<|>$/g, '')
        .slice(0, 998)
    else if (name === 'subject') subject ??= decodeSubject(field.slice(colon + 1).trim())
  }
  return { messageId, subject: subject ?? '', hasDate, from, hops, fields }
}

/** Two angle addresses in one mailbox, or a source route: readers differ in which address they show. */
const AMBIGUOUS = /<[^,;]*<|<\s*@/
/** A quotation without an end is passed over in one go: looked at anew from each of its quotes it would take the square of its length. */
const QUOTED_OR_COMMENT = /"(?:[^"\\]|\\.)*(")?|\([^()]*\)/g

function authorsOf(text: string): string[] {
  const found = parseAddresses(text).map(({ address }) => address)
  const bare = text.replace(QUOTED_OR_COMMENT, (all, end) => (end || all.startsWith('(') ? '' : all))
  return found.length && !AMBIGUOUS.test(bare) ? found : [...found, text.trim()]
}

/** Field name, white space that old mailers put before the colon, colon. */
const FIELD = /^[!-9;-~]+[ \t]*:/

function* unfoldedFields(header: string): Generator<string> {
  let field: string | null = null
  for (const line of header.split('\r\n')) {
    if (line === '') break
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (field === null) throw new Fault('header-malformed', 'the first line is a continuation')
      field += line
    } else {
      if (!FIELD.test(line)) throw new Fault('header-malformed', 'a line of the header is not a field')
      if (field !== null) yield field
      field = line
    }
  }
  if (field !== null) yield field
}

function decodeSubject(raw: string): string {
  const capped = raw.slice(0, MAX_SUBJECT)
  return capped.includes('=?') ? withoutControls(decodeWords(capped)) : capped
}

/** Offset just after the empty line, or -1. `tail` holds up to three bytes before `chunk`; the offset counts from `chunk`. */
export function endOfHeader(tail: Buffer, chunk: Buffer): number {
  const joined = tail.length ? Buffer.concat([tail, chunk]) : chunk
  const at = joined.indexOf('\r\n\r\n')
  return at < 0 ? -1 : at + 4 - tail.length
}
