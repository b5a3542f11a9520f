import type { Access } from '../../../../shared/domain/index.ts'
import { fileLinkWords, type Language } from '../../../../shared/words/filelink.ts'
import { escapeHtml } from '../../../../shared/words/html.ts'
import { dateInWords, oneLine, sizeInWords } from './wording.ts'

/** Files listed by name; a series of thousands would make the mail larger than the files deserve. */
const LISTED = 50

export interface LinkBlock {
  /** Lines end with LF; no final line end. */
  readonly text: string
  /** A fragment for the body: a table with inline styles, the form that Outlook's Word engine renders. */
  readonly html: string
}

/**
 * What stands in the mail in place of the attachments that became links: names, sizes, checksums, expiry, how to open,
 * and one link. `expiresAt` is epoch ms, `timeZone` an IANA name (default UTC).
 */
export function linkBlock(of: {
  readonly language: Language
  readonly files: readonly { readonly name: string; readonly size: number; readonly sha256: string }[]
  readonly url: string
  readonly access: Access
  readonly expiresAt: number
  readonly timeZone?: string
}): LinkBlock {
  const words = fileLinkWords[of.language]
  const title = of.files.length === 1 ? words.oneFile : words.manyFiles(of.files.length)
  const conditions = `${words.available(dateInWords(of.language, of.expiresAt, of.timeZone ?? 'UTC'))} ${words.access[of.access]}`
  const rows = of.files.slice(0, LISTED).map((file) => ({
    name: oneLine(file.name) || '(…)',
    size: sizeInWords(of.language, file.size),
    checksum: `${words.checksum} ${file.sha256.slice(0, 16)}…`,
  }))
  const more = of.files.length > LISTED ? `… + ${of.files.length - LISTED}` : ''

  const text = [
    '-'.repeat(64),
    `${title}:`,
    '',
    ...rows.map((row) => `  ${row.name} (${row.size}, ${row.checksum})`),
    ...(more ? [`  ${more}`] : []),
    '',
    of.url,
    '',
    conditions,
    '-'.repeat(64),
  ].join('\n')

  const font = 'font-family:Segoe UI,Arial,sans-serif'
  const cell = `padding:4px 12px 4px 0;${font};font-size:14px;color:#1b1b1b;text-align:left;vertical-align:top`
  const small = `${cell};font-size:12px;color:#5a5a5a;white-space:nowrap`
  const html = `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;margin:16px 0">
<tr><td bgcolor="#f4f6f8" style="border:1px solid #c8d0d8;padding:16px;background-color:#f4f6f8">
<p style="margin:0 0 8px 0;${font};font-size:14px;font-weight:bold;color:#1b1b1b">${escapeHtml(title)}</p>
<table cellpadding="0" cellspacing="0" border="0" style="border-collapse:collapse;margin:0 0 12px 0">
${rows
  .map(
    (row) =>
      `<tr><td style="${cell}">${escapeHtml(row.name)}</td><td style="${small}">${escapeHtml(row.size)}</td><td style="${small}">${escapeHtml(row.checksum)}</td></tr>`,
  )
  .join('\n')}${more ? `\n<tr><td colspan="3" style="${small}">${escapeHtml(more)}</td></tr>` : ''}
</table>
${linkButton(of.url, words.download)}
<p style="margin:12px 0 0 0;${font};font-size:12px;color:#5a5a5a">${escapeHtml(conditions)}</p>
</td></tr>
</table>`
  return { text, html }
}

/** A link that looks like a button without images or scripts; the padding stands on the cell, where Outlook honours it. */
export function linkButton(url: string, label: string): string {
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="#0b57a4" style="background-color:#0b57a4;padding:10px 20px"><a href="${escapeHtml(url)}" style="font-family:Segoe UI,Arial,sans-serif;font-size:14px;font-weight:bold;color:#ffffff;text-decoration:none">${escapeHtml(label)}</a></td></tr></table>`
}
