import type { AttachmentFacts, MessageFacts } from '../../../shared/domain/index.ts'
import { HEADER } from '../../../shared/words/headers.ts'
import { type Mailbox, parsingAddresses } from '../../mime/address-list.ts'
import {
  fieldsOf,
  fieldText,
  fieldTextInTurns,
  fieldValue,
  firstValue,
  parseDate,
  withoutControls,
} from '../../mime/header.ts'
import { indexMime } from '../../mime/index-mime.ts'
import type { MimeIndex, MimeLimits } from '../../mime/part.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import { inTurns, othersTurn, turnIsOver } from '../../threads/turn.ts'
import { wordsAround } from './around-parts.ts'
import { readAttachments } from './attachments.ts'
import { contentKind } from './content-kind.ts'
import { EMBEDDED } from './members/embedded.ts'
import { type Body, FACTS_MAX, type ReadableBody, readBody } from './readable-body.ts'

export interface ParseOptions {
  /** The envelope's reverse-path is empty: bounces and reports. */
  readonly nullSender?: boolean
  /** Accepted with SMTPUTF8 (RFC 6531): UTF-8 in the header is no defect. */
  readonly smtputf8?: boolean
  readonly limits?: MimeLimits
  /** Read the words inside of files (default): leave out where no rule asks for them. */
  readonly fileText?: boolean
}

export interface ParsedMail {
  readonly index: MimeIndex
  readonly message: Omit<MessageFacts, 'direction' | 'classification' | 'authenticated' | 'source'>
  /** undefined: cannot be known, because the content is encrypted or wrapped in a CMS. */
  readonly attachments: readonly AttachmentFacts[] | undefined
  /** `MimePart.id` by `AttachmentFacts.index`. */
  readonly attachmentParts: readonly number[]
  /** The body as a person reads it; reads from the source again, which must still be open. */
  readable(): Promise<ReadableBody>
  readonly visible: VisibleHeader
  /** Every value of the intent headers, unfolded, in order; whether they count is not decided here. */
  readonly rawIntent: {
    readonly classification: readonly string[]
    readonly protection: readonly string[]
    readonly stamp: readonly string[]
  }
}

/** What a reader sees above the body. Addresses are as written; names are in `mailboxes`. */
export interface VisibleHeader {
  /** Address of the first mailbox in From, '' when there is none. */
  readonly from: string
  readonly to: readonly string[]
  readonly cc: readonly string[]
  readonly replyTo: readonly string[]
  /** Epoch milliseconds. */
  readonly date: number | null
  /** Without brackets, '' when there is none. */
  readonly messageId: string
  readonly mailboxes: {
    readonly from: readonly Mailbox[]
    readonly to: readonly Mailbox[]
    readonly cc: readonly Mailbox[]
  }
}

/** Fields between two looks at the clock. */
const FIELDS = 50
/** A value whose words take long. */
const isLong = ({ raw }: { readonly raw: Buffer }) => raw.length > 4_096

/** Addresses of one field that are looked at. */
const MAILBOXES_MAX = 10_000

/**
 * Bytes to facts: indexes the mail, decodes each part once, rewrites nothing. Raises `header-too-large` and `mime-too-complex` where
 * the structure cannot be trusted (the caller quarantines); every other oddity is named in `message.defects`.
 */
export async function parseMail(source: ByteSource, options: ParseOptions = {}): Promise<ParsedMail> {
  const index = await indexMime(source, options.limits)
  const defects = new Set(index.defects)
  if (options.smtputf8) defects.delete('header-8bit')
  const body = await readBody(source, index, defects)
  const { facts, parts, bodyWords, bodyCut } = await readAttachments(source, index, body.parts, defects, {
    fileText: options.fileText ?? true,
    textFiles: body.bodyCut || EMBEDDED.test(body.bodyText),
  })
  const around = await wordsAround(source, index, defects)
  const words = wordsOf({ ...body, bodyCut: body.bodyCut || bodyCut }, [...bodyWords, ...around], defects)
  const content = contentKind(index, body.bodyText, rootType(index, facts, parts))
  const closed = content === 'smime-encrypted' || content === 'pgp-encrypted' || isWrapped(index)
  const { fields } = index.root
  const header = await headerFacts(index)
  return {
    index,
    message: {
      subject: subjectOf(index, header),
      size: source.size,
      header,
      language: languageOf(index),
      ...(closed ? {} : words),
      content,
      autoSubmitted: isAutoSubmitted(index, content, options.nullSender ?? false),
      defects: [...defects].sort(),
    },
    attachments: closed && index.root.opaque ? undefined : facts,
    attachmentParts: parts,
    readable: body.readable,
    visible: await visibleHeader(index),
    rawIntent: {
      classification: valuesOf(HEADER.classification),
      protection: valuesOf(HEADER.protection),
      stamp: valuesOf(HEADER.stamp),
    },
  }

  function valuesOf(name: string): string[] {
    return fieldsOf(fields, name.toLowerCase()).map(fieldText)
  }
}

/** Defects that hide files but no words of the body, and those of fields that a reader shows elsewhere. */
const WORDS_SEEN = new Set([
  'archive-locked',
  'archive-unread',
  'duplicate-content-disposition',
  'duplicate-content-id',
  'header-8bit',
  'header-charset-unknown',
  'tnef-members',
])

/** What rules read as the body: also the words of TNEF and those around the parts. With a structure that readers take in two ways there may be more. */
function wordsOf({ bodyText, bodyCut }: Body, others: readonly string[], defects: ReadonlySet<string>) {
  const all = [bodyText, ...others].filter(Boolean).join('\n\n')
  const cut = bodyCut || all.length > FACTS_MAX || [...defects].some((defect) => !WORDS_SEEN.has(defect))
  return { bodyText: all.slice(0, FACTS_MAX).toWellFormed(), ...(cut ? { bodyCut: true } : {}) }
}

function rootType(index: MimeIndex, facts: readonly AttachmentFacts[], parts: readonly number[]): string | null {
  return facts[parts.indexOf(index.root.id)]?.type ?? null
}

/** The root is a CMS: even a signed one hides its content in the container. */
function isWrapped(index: MimeIndex): boolean {
  return index.root.opaque && index.root.shape === 'leaf'
}

function subjectOf(index: MimeIndex, header: Record<string, readonly string[]>): string {
  const found = index.root.fields.some(({ name }) => name === 'subject')
  return found ? withoutControls(header.subject?.[0] ?? '') : ''
}

async function headerFacts(index: MimeIndex): Promise<Record<string, readonly string[]>> {
  // Filled as it grows: to make an object of twenty thousand names at the end takes 10 ms.
  const facts: Record<string, readonly string[]> = {}
  const values = new Map<string, string[]>()
  for (const [at, field] of index.root.fields.entries()) {
    if (!field.name) continue
    if (at % FIELDS === FIELDS - 1 && turnIsOver()) await othersTurn()
    const text = isLong(field) ? await fieldTextInTurns(field) : fieldText(field)
    const list = values.get(field.name)
    if (list) {
      list.push(text)
      continue
    }
    const own = [text]
    values.set(field.name, own)
    // Not by assignment: a field may be called `__proto__`.
    Object.defineProperty(facts, field.name, { value: own, enumerable: true, configurable: true, writable: true })
  }
  return facts
}

function languageOf(index: MimeIndex): string | null {
  const value = firstValue(index.root.fields, 'content-language')?.split(',')[0]?.trim() ?? ''
  return /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(value) ? value : null
}

/** RFC 3834 5: anything but `no`. A null sender or a report is automatic by its nature. */
function isAutoSubmitted(index: MimeIndex, content: MessageFacts['content'], nullSender: boolean): boolean {
  const value = firstValue(index.root.fields, 'auto-submitted')
  const said = value !== null && !/^no\b/i.test(value.replace(/\([^()]*\)/g, '').trim())
  return said || content === 'report' || nullSender
}

async function visibleHeader(index: MimeIndex): Promise<VisibleHeader> {
  const { fields } = index.root
  const found: Readonly<Record<string, Mailbox[]>> = { from: [], to: [], cc: [], 'reply-to': [] }
  for (const [at, field] of fields.entries()) {
    const mailboxes = Object.hasOwn(found, field.name) ? found[field.name] : undefined
    if (at % FIELDS === FIELDS - 1 && turnIsOver()) await othersTurn()
    if (!mailboxes) continue
    for (const one of await inTurns(parsingAddresses(fieldValue(field)))) mailboxes.push(one)
  }
  const named = (name: string) => (found[name] ?? []).slice(0, MAILBOXES_MAX)
  const [from, to, cc] = [named('from'), named('to'), named('cc')]
  const addresses = (list: readonly Mailbox[]) => list.map(({ address }) => address)
  return {
    from: from[0]?.address ?? '',
    to: addresses(to),
    cc: addresses(cc),
    replyTo: addresses(named('reply-to')),
    date: parseDate(firstValue(fields, 'date') ?? ''),
    messageId: (firstValue(fields, 'message-id') ?? '').replace(/^<|>$/g, ''),
    mailboxes: { from, to, cc },
  }
}
