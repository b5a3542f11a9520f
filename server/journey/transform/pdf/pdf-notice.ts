import type { Language } from '../../../../shared/words/filelink.ts'
import { escapeHtml } from '../../../../shared/words/html.ts'
import { pdfNoticeWords } from '../../../../shared/words/pdf.ts'
import type { BodyBlock } from '../../../mime/edit.ts'
import { oneLine } from '../filelink/wording.ts'

/** How the password comes; the address of its page, where the portal shows it. */
export type PasswordWay =
  | { readonly channel: 'sms' | 'sender' | 'known' }
  | { readonly channel: 'portal'; readonly url: string }

export interface PdfNotice {
  /** Subject line, decoded, one line, for those who must not show the real one. */
  readonly subject: string
  readonly text: string
  /** A whole document. */
  readonly html: string
  /** Name of the container in the carrier mail. */
  readonly fileName: string
}

/**
 * The body of the mail that carries the container. It travels unprotected: it says who wrote, how the password comes and
 * how to open the file, never what is inside.
 */
export function pdfNotice(of: {
  readonly language: Language
  /** Name or address of the author. */
  readonly sender: string
  readonly way: PasswordWay
}): PdfNotice {
  const words = pdfNoticeWords[of.language]
  const sender = oneLine(of.sender)
  const steps = [words.open(words.fileName), passwordStep(of.language, of.way), words.files]
  const remarks = [words.reader, words.reply, words.unexpected]
  const text = [words.intro(sender), steps.map((step, n) => `${n + 1}. ${step}`).join('\n'), ...remarks].join('\n\n')

  const font = 'font-family:Segoe UI,Arial,sans-serif'
  const style = `margin:0 0 12px 0;${font};font-size:14px;color:#1b1b1b`
  const html = `<!DOCTYPE html>
<html lang="${of.language}"><head><meta charset="utf-8"><title>${escapeHtml(words.subject(sender))}</title></head>
<body style="margin:0;padding:24px;background-color:#ffffff">
<p style="${style}"><strong>${escapeHtml(words.intro(sender))}</strong></p>
<ol style="${style};padding-left:24px">
${steps.map((step) => `<li style="margin:0 0 6px 0">${linked(step, of.way)}</li>`).join('\n')}
</ol>
${remarks.map((remark) => `<p style="margin:0 0 8px 0;${font};font-size:12px;color:#5a5a5a">${escapeHtml(remark)}</p>`).join('\n')}
</body></html>`
  return { subject: words.subject(sender), text, html, fileName: words.fileName }
}

/** Words for the body of a mail of which only files are locked. */
export function filesNotice(of: {
  readonly language: Language
  readonly way: PasswordWay
  readonly what: 'zip' | 'pdfs'
}): BodyBlock {
  const words = pdfNoticeWords[of.language]
  const about = of.what === 'zip' ? words.lockedZip(words.zipFileName) : words.lockedPdfs
  const text = `${about} ${passwordStep(of.language, of.way)}`
  return { position: 'bottom', text, html: `<p>${linked(text, of.way)}</p>` }
}

function passwordStep(language: Language, way: PasswordWay): string {
  const words = pdfNoticeWords[language].password[way.channel]
  return way.channel === 'portal' ? `${words} ${way.url}` : words
}

function linked(text: string, way: PasswordWay): string {
  const escaped = escapeHtml(text)
  if (way.channel !== 'portal') return escaped
  const url = escapeHtml(way.url)
  return escaped.replace(url, `<a href="${url}">${url}</a>`)
}
