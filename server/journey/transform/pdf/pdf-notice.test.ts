import { describe, expect, it } from 'vitest'
import { type PasswordWay, pdfNotice } from './pdf-notice.ts'

const URL = 'https://gateway.example/portal/t/x'

describe('the carrier mail', () => {
  it('says who wrote, how the password comes and which file to open', () => {
    const { text, html, fileName } = pdfNotice({ language: 'de', sender: 'Jörg Müller', way: { channel: 'sms' } })
    for (const form of [text, html]) {
      expect(form).toContain('Jörg Müller')
      expect(form).toContain('als SMS')
      expect(form).toContain(fileName)
    }
  })

  it('has words for each way of the password in both languages', () => {
    const texts = (['de', 'en'] as const).flatMap((language) =>
      [{ channel: 'sms' }, { channel: 'sender' }, { channel: 'known' }, { channel: 'portal', url: URL }].map(
        (way) => pdfNotice({ language, sender: 'a@b', way: way as PasswordWay }).text,
      ),
    )
    expect(new Set(texts).size).toBe(8)
  })

  it('leads to the page of the portal that shows the password', () => {
    const { text, html } = pdfNotice({ language: 'en', sender: 'a@b', way: { channel: 'portal', url: URL } })
    expect(text).toContain(URL)
    expect(html).toContain(`<a href="${URL}">`)
  })

  it('takes a hostile sender name as text, on one line', () => {
    const { html, text, subject } = pdfNotice({
      language: 'en',
      sender: '<img src=x>\r\nBcc: x\u202e',
      way: { channel: 'sender' },
    })
    expect(html).not.toContain('<img')
    expect(subject).not.toMatch(/[\r\n\u202e]/)
    expect(text).not.toContain('\u202e')
  })
})
