import { describe, expect, it } from 'vitest'
import { pdfNotice } from './pdf-notice.ts'

describe('the carrier mail', () => {
  it('says who wrote, how the password comes and which file to open', () => {
    const { text, html, fileName } = pdfNotice({ language: 'de', sender: 'Jörg Müller', channel: 'sms' })
    for (const form of [text, html]) {
      expect(form).toContain('Jörg Müller')
      expect(form).toContain('als SMS')
      expect(form).toContain(fileName)
    }
  })

  it('has words for each way of the password in both languages', () => {
    const texts = (['de', 'en'] as const).flatMap((language) =>
      (['sms', 'sender', 'portal'] as const).map((channel) => pdfNotice({ language, sender: 'a@b', channel }).text),
    )
    expect(new Set(texts).size).toBe(6)
  })

  it('takes a hostile sender name as text, on one line', () => {
    const { html, text, subject } = pdfNotice({
      language: 'en',
      sender: '<img src=x>\r\nBcc: x\u202e',
      channel: 'sender',
    })
    expect(html).not.toContain('<img')
    expect(subject).not.toMatch(/[\r\n\u202e]/)
    expect(text).not.toContain('\u202e')
  })
})
