import { type Detect, headText, startsWith } from './content-type.ts'

/** TNEF (MS-OXTNEF), calendar (RFC 5545), contacts (RFC 6350), messages and marked-up text. */
export const detectMailItem: Detect = (content) => {
  if (startsWith(content, [0x78, 0x9f, 0x3e, 0x22])) return { type: 'tnef' }
  const text = headText(content)
  if (/^BEGIN:VCALENDAR\s/i.test(text)) return { type: 'ics' }
  if (/^BEGIN:VCARD\s/i.test(text)) return { type: 'vcf' }
  if (/^\{\\rtf/.test(text)) return { type: 'rtf' }
  if (/^(<!--[\s\S]{0,2000}?-->\s*)?<(!doctype\s+html|html|head|body|script|iframe)[\s>]/i.test(text))
    return { type: 'html' }
  if (/^<\?xml[\s]/.test(text)) return { type: 'xml' }
  if (
    /^(Received|Return-Path|From|Date|Message-ID|MIME-Version|Subject|Delivered-To): [^\n]*\n([!-9;-~]+:|[ \t])/i.test(
      text,
    )
  ) {
    return { type: 'eml' }
  }
  return null
}
