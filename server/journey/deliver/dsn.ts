import type { DsnAction, DsnRecipient } from './dsn-recipient.ts'
import { type DsnLanguage, humanText, SUBJECT } from './dsn-words.ts'
import type { Original } from './original.ts'

export interface DsnReport {
  /** Unique; local part of the report's Message-ID and part of its boundary. */
  readonly id: string
  readonly at: number
  /** Our host name. */
  readonly reportingMta: string
  /** Address the report is from (its envelope sender is null). */
  readonly from: string
  /** The sender of the original. */
  readonly to: string
  readonly originalMessageId: string
  readonly envid?: string
  /** Name the original's client gave. */
  readonly receivedFrom?: string
  readonly arrivedAt: number
  /** The original asked for SMTPUTF8: addresses and header may be UTF-8 (RFC 6533). */
  readonly smtputf8: boolean
  readonly languages: readonly DsnLanguage[]
  readonly recipients: readonly DsnRecipient[]
  readonly original: Original
}

/**
 * A delivery status notification: multipart/report of a text for people, the machine's account (RFC 3464) and the original's
 * header, or the whole of it (RFC 3461 6.2). Pure; CRLF lines.
 */
export function buildDsn(report: DsnReport): Buffer {
  const { header, body } = dsnEntity(report)
  return Buffer.concat([Buffer.from(`${header.join('\r\n')}\r\n\r\n`), body])
}

/** The same in two: header fields with their folding but without the final CRLF, and the body. */
export function dsnEntity(report: DsnReport): { readonly header: readonly string[]; readonly body: Buffer } {
  const boundary = `=_dsn_${report.id}`
  const worst = (['failed', 'delayed', 'relayed'] as const).find((action) =>
    report.recipients.some((r) => r.action === action),
  )!
  const { original, to } = report
  // Only who has such an address is known to take it; everybody else gets the same report in ASCII (RFC 6533 3, 5).
  const smtputf8 = report.smtputf8 && /[^ -~]/.test(to)
  const returned = returnedPart(original, report.smtputf8, smtputf8)
  const eightBit = smtputf8 || returned.encoding === '8bit'
  const reference = report.originalMessageId ? `<${fieldText(report.originalMessageId)}>` : ''
  const header = [
    `From: Mail Delivery System <${report.from}>`,
    `To: <${report.to}>`,
    `Subject: ${SUBJECT[worst]}`,
    `Date: ${mailDate(report.at)}`,
    `Message-ID: <${report.id}@${report.reportingMta}>`,
    ...(reference ? [`In-Reply-To: ${reference}`, `References: ${reference}`] : []),
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
    ...(eightBit ? ['Content-Transfer-Encoding: 8bit'] : []),
  ]
  const lines = [
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    'Content-Description: Notification',
    '',
    quotedPrintable(humanText(report.reportingMta, report.recipients, report.languages)),
    `--${boundary}`,
    `Content-Type: message/${smtputf8 ? 'global-' : ''}delivery-status`,
    ...(smtputf8 ? ['Content-Transfer-Encoding: 8bit'] : []),
    'Content-Description: Delivery report',
    '',
    ...accountOfMessage(report),
    ...report.recipients.flatMap((recipient) => ['', ...accountOfRecipient(recipient, smtputf8)]),
    '',
    `--${boundary}`,
    `Content-Type: ${returned.type}`,
    ...(returned.encoding === '7bit' ? [] : [`Content-Transfer-Encoding: ${returned.encoding}`]),
    `Content-Description: ${original.body ? 'Undelivered message' : 'Headers of the message'}`,
    '',
    '',
  ]
  const body = Buffer.concat([
    Buffer.from(lines.join('\r\n')),
    returned.content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ])
  return { header, body }
}

/** RFC 3464 2.2. */
function accountOfMessage(report: DsnReport): string[] {
  return [
    ...(report.envid ? [`Original-Envelope-Id: ${fieldText(report.envid)}`] : []),
    `Reporting-MTA: dns; ${report.reportingMta}`,
    ...(report.receivedFrom ? [`Received-From-MTA: dns; ${fieldText(report.receivedFrom)}`] : []),
    `Arrival-Date: ${mailDate(report.arrivedAt)}`,
  ]
}

/** RFC 3464 2.3. */
function accountOfRecipient(recipient: DsnRecipient, smtputf8: boolean): string[] {
  const type = /[^ -~]/.test(recipient.address) ? 'utf-8' : 'rfc822'
  const code = /^\d{3}/.test(recipient.reply)
  return [
    ...(recipient.orcpt ? [`Original-Recipient: ${originalRecipient(recipient.orcpt, smtputf8)}`] : []),
    `Final-Recipient: ${type}; ${addressText(recipient.address, smtputf8)}`,
    `Action: ${recipient.action}`,
    `Status: ${recipient.status ?? statusOf(recipient.reply, recipient.action)}`,
    ...(recipient.remote ? [`Remote-MTA: dns; ${fieldText(recipient.remote)}`] : []),
    // What no other server said is no SMTP reply (RFC 3464 2.3.6).
    ...(code ? [`Diagnostic-Code: ${recipient.remote ? 'smtp' : 'x-gateway'}; ${fieldText(recipient.reply)}`] : []),
    `Last-Attempt-Date: ${mailDate(recipient.lastAttempt)}`,
    ...(recipient.retryUntil ? [`Will-Retry-Until: ${mailDate(recipient.retryUntil)}`] : []),
  ]
}

/** The reply's enhanced status code where it has one of the right class, else the class alone (RFC 3463 2). */
export function statusOf(reply: string, action: DsnAction): string {
  const digit = { failed: '5', delayed: '4', relayed: '2' }[action]
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})(?!\S)/.exec(reply)?.[1]
  return enhanced?.startsWith(digit) ? enhanced : `${digit}.0.0`
}

interface ReturnedPart {
  readonly type: string
  readonly encoding: '7bit' | '8bit' | 'base64' | 'quoted-printable'
  readonly content: Buffer
}

/**
 * The header of the original, or all of it. What a report in ASCII cannot carry as it is, is encoded where its type allows
 * that: the types of internationalised mail and plain header fields do, message/rfc822 does not (RFC 2046 5.2.1).
 */
function returnedPart({ header, body }: Original, international: boolean, smtputf8: boolean): ReturnedPart {
  const plain = Buffer.from(header)
  const content = body ? Buffer.concat([plain, Buffer.from('\r\n'), body]) : plain
  const ascii = content.every((byte) => byte < 128)
  if (international) {
    const type = body ? 'message/global' : 'message/global-headers'
    if (smtputf8) return { type, encoding: '8bit', content }
    if (!ascii) return { type, encoding: 'base64', content: base64Lines(content) }
  }
  if (body) return { type: 'message/rfc822', encoding: ascii ? '7bit' : '8bit', content }
  if (ascii) return { type: 'text/rfc822-headers', encoding: '7bit', content }
  const encoded = Buffer.from(quotedPrintable(header.replaceAll('\r\n', '\n')))
  return { type: 'text/rfc822-headers; charset=utf-8', encoding: 'quoted-printable', content: encoded }
}

const base64Lines = (content: Buffer) => Buffer.from((content.toString('base64').match(/.{1,76}/g) ?? []).join('\r\n'))

/** An address of type utf-8: as it is in an international report, else as utf-8-addr-xtext (RFC 6533 3). */
function addressText(address: string, smtputf8: boolean): string {
  const text = fieldText(address, true)
  return smtputf8 || !/[^ -~]/.test(text) ? text : unitext(text)
}

/** ORCPT as it came, xtext-decoded; an international one of an ASCII report is written as such. */
function originalRecipient(orcpt: string, smtputf8: boolean): string {
  const at = orcpt.indexOf(';')
  const [type, address] = at < 0 ? ['rfc822', orcpt] : [orcpt.slice(0, at), orcpt.slice(at + 1)]
  const beyond = /[^ -~]/.test(fieldText(address, true))
  return `${beyond ? 'utf-8' : fieldText(type)}; ${addressText(address, smtputf8)}`
}

const unitext = (text: string) =>
  [...text].map((char) => (/[!-~]/.test(char) && !/[\\+=]/.test(char) ? char : `\\x{${hexPoint(char)}}`)).join('')

const hexPoint = (char: string) => (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')

/** One line without control characters, below the limit of a line; a next hop's words go no further than this. */
function fieldText(text: string, unicode = false): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach the field
  const clean = text.replace(/[\u0000-\u001f\u007f]+/g, ' ')
  return (unicode ? clean : clean.replace(/[^ -~]/g, '?')).slice(0, 900).trim()
}

/** RFC 2045 6.7: UTF-8, lines of at most 76 characters. */
export function quotedPrintable(text: string): string {
  return text
    .split('\n')
    .map((line) => {
      let out = ''
      let width = 0
      for (const byte of Buffer.from(line)) {
        const token = (byte >= 33 && byte <= 126 && byte !== 61) || byte === 32 ? String.fromCharCode(byte) : hex(byte)
        if (width + token.length > 75) {
          out += '=\r\n'
          width = 0
        }
        out += token
        width += token.length
      }
      return out.endsWith(' ') ? `${out.slice(0, -1)}=20` : out
    })
    .join('\r\n')
}

function hex(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

function mailDate(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000')
}
