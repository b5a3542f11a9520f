import { randomBytes } from 'node:crypto'
import { domainToASCII } from 'node:url'
import { addressField } from './address-list.ts'
import { formatDate } from './date.ts'
import { base64Lines, encodeBase64 } from './encode.ts'
import type { HeaderField } from './entity.ts'
import { headerField, rawField } from './header.ts'
import { writeParameters } from './parameters.ts'

/** A new mail as its parts; whoever writes it has text and files, not MIME. */
export interface NewMail {
  readonly from: string
  readonly to: readonly string[]
  readonly cc?: readonly string[]
  readonly subject: string
  /** Epoch milliseconds. */
  readonly date: number
  /** Without brackets. */
  readonly messageId: string
  readonly inReplyTo?: string
  readonly text: string
  readonly html?: string
  /** Further fields as text; a line break in one raises `header-malformed`. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  /** Read one after the other while the mail is written; left out, the mail has no multipart/mixed around it. */
  readonly attachments?: AsyncIterable<NewAttachment> | Iterable<NewAttachment>
}

export interface NewAttachment {
  readonly name: string
  readonly mediaType: string
  readonly content: AsyncIterable<Uint8Array>
}

/** Writes the mail (RFC 5322, RFC 2045-2047, RFC 2231) as it is read: nothing but one chunk is held. Bodies are base64. */
export async function* composeMail(mail: NewMail): AsyncGenerator<Buffer> {
  const fields: HeaderField[] = [
    rawField('Date', formatDate(mail.date)),
    addressField('From', [mailbox(mail.from)]),
    ...(mail.to.length > 0 ? [addressField('To', mail.to.map(mailbox))] : []),
    ...(mail.cc?.length ? [addressField('Cc', mail.cc.map(mailbox))] : []),
    headerField('Subject', mail.subject.replace(/[\r\n\0]+/g, ' ')),
    rawField('Message-ID', `<${mail.messageId}>`),
    ...(mail.inReplyTo
      ? [rawField('In-Reply-To', `<${mail.inReplyTo}>`), rawField('References', `<${mail.inReplyTo}>`)]
      : []),
    ...(mail.fields ?? []).map(([name, value]) => headerField(name, value)),
    rawField('MIME-Version', '1.0'),
  ]
  for (const field of fields) yield lines(field.raw)
  if (!mail.attachments) {
    yield* body(mail)
    return
  }
  const boundary = newBoundary()
  yield lines(`Content-Type: multipart/mixed; boundary="${boundary}"`, '', `--${boundary}`)
  yield* body(mail)
  for await (const { name, mediaType, content } of mail.attachments) {
    const type = /^[\w.+-]+\/[\w.+-]+$/.test(mediaType) && !/^(multipart|message)\//i.test(mediaType)
    const fileName = name.replace(/[\r\n\0]+/g, ' ')
    yield lines(
      `--${boundary}`,
      rawField(
        'Content-Type',
        `${type ? mediaType : 'application/octet-stream'}${writeParameters([['name', fileName]])}`,
      ).raw,
      rawField('Content-Disposition', `attachment${writeParameters([['filename', fileName]])}`).raw,
      'Content-Transfer-Encoding: base64',
      '',
    )
    yield* encodeBase64(content)
  }
  yield lines(`--${boundary}--`)
}

function* body({ text, html }: NewMail): Generator<Buffer> {
  if (html === undefined) {
    yield* textPart('plain', text)
    return
  }
  const boundary = newBoundary()
  yield lines(`Content-Type: multipart/alternative; boundary="${boundary}"`, '', `--${boundary}`)
  yield* textPart('plain', text)
  yield lines(`--${boundary}`)
  yield* textPart('html', html)
  yield lines(`--${boundary}--`)
}

function* textPart(subtype: 'plain' | 'html', text: string): Generator<Buffer> {
  yield lines(`Content-Type: text/${subtype}; charset=utf-8`, 'Content-Transfer-Encoding: base64', '')
  yield base64Lines(Buffer.from(text.replace(/\r\n?|\n/g, '\r\n'), 'utf8'))
}

/** The domain as A-labels, so that only an international local part needs SMTPUTF8. */
function mailbox(address: string) {
  const at = address.lastIndexOf('@')
  const domain = address.slice(at + 1)
  return { name: '', address: `${address.slice(0, at + 1)}${domainToASCII(domain) || domain}` }
}

/** `=_` cannot stand in base64 or quoted-printable, and nobody guesses 128 bits. */
const newBoundary = () => `=_${randomBytes(16).toString('hex')}`

const lines = (...parts: readonly (string | Buffer)[]) =>
  Buffer.concat(parts.flatMap((part) => [Buffer.from(part as string), CRLF]))

const CRLF = Buffer.from('\r\n')
