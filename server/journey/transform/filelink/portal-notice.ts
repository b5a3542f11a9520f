import type { Access } from '../../../../shared/domain/index.ts'
import { fileLinkWords, type Language } from '../../../../shared/words/filelink.ts'
import { escapeHtml } from '../../../../shared/words/html.ts'
import { linkButton } from './link-block.ts'
import { dateInWords, oneLine } from './wording.ts'

export interface PortalNotice {
  /** Subject line, decoded, one line. */
  readonly subject: string
  readonly text: string
  /** A whole document. */
  readonly html: string
}

/**
 * The mail that tells a recipient of a message in the portal. It travels unprotected, so it says who wrote and until
 * when, never what: the original subject stands in it only where `originalSubject` is given because the policy allows it.
 * `expiresAt` is epoch ms.
 */
export function portalNotice(of: {
  readonly language: Language
  /** Name or address of the author. */
  readonly sender: string
  readonly url: string
  readonly access: Access
  readonly reply: boolean
  readonly expiresAt: number
  readonly originalSubject?: string
  readonly timeZone?: string
}): PortalNotice {
  const words = fileLinkWords[of.language]
  const sender = oneLine(of.sender)
  const paragraphs = [
    words.noticeIntro(sender),
    ...(of.originalSubject === undefined ? [] : [words.noticeAbout(oneLine(of.originalSubject))]),
  ]
  const conditions = [
    words.available(dateInWords(of.language, of.expiresAt, of.timeZone ?? 'UTC')),
    words.access[of.access],
    ...(of.reply ? [words.noticeReply] : []),
  ].join(' ')
  const text = [...paragraphs, of.url, conditions, words.noticeUnexpected].join('\n\n')

  const style = 'margin:0 0 12px 0;font-family:Segoe UI,Arial,sans-serif;font-size:14px;color:#1b1b1b'
  const html = `<!DOCTYPE html>
<html lang="${of.language}"><head><meta charset="utf-8"><title>${escapeHtml(words.noticeSubject(sender))}</title></head>
<body style="margin:0;padding:24px;background-color:#ffffff">
${paragraphs.map((paragraph) => `<p style="${style}">${escapeHtml(paragraph)}</p>`).join('\n')}
${linkButton(of.url, words.noticeOpen)}
<p style="${style};padding-top:12px">${escapeHtml(conditions)}</p>
<p style="${style};font-size:12px;color:#5a5a5a">${escapeHtml(words.noticeUnexpected)}</p>
</body></html>`
  return { subject: words.noticeSubject(sender), text, html }
}
