import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOf } from '../ports/bytes.ts'
import { composeMail, type NewMail } from './compose-mail.ts'
import { fieldText, parseHeader } from './header.ts'

const basis: NewMail = {
  from: 'a@x.example',
  to: ['b@y.example'],
  subject: 'Hi',
  date: Date.UTC(2026, 10, 23),
  messageId: 'm@x.example',
  text: 'Hello',
}

async function written(mail: NewMail): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of composeMail(mail)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('composeMail', () => {
  it('writes a plain mail', async () => {
    expect(await written(basis)).toBe(
      [
        'Date: Mon, 23 Nov 2026 00:00:00 +0000',
        'From: a@x.example',
        'To: b@y.example',
        'Subject: Hi',
        'Message-ID: <m@x.example>',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: base64',
        '',
        'SGVsbG8=',
        '',
      ].join('\r\n'),
    )
  })

  it('keeps to short CRLF lines and lets no value become a header', async () => {
    const hostile = fc.string({ unit: 'binary', maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(
        hostile,
        hostile,
        hostile,
        fc.uint8Array({ maxLength: 300 }),
        async (subject, text, name, data) => {
          const content = bytesOf(data).stream()
          const mail = await written({
            ...basis,
            subject,
            text,
            html: text,
            attachments: [{ name, mediaType: subject, content }],
          })
          const lines = mail.split('\r\n')
          expect(lines.join('')).not.toMatch(/[\r\n\0]/)
          expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(998)
          const { fields } = parseHeader(Buffer.from(mail))
          expect(fields.map((field) => field.name)).toEqual([
            'date',
            'from',
            'to',
            'subject',
            'message-id',
            'mime-version',
            'content-type',
          ])
          expect(fieldText(fields[3]!).trim()).toBe(
            subject
              .toWellFormed()
              .replace(/[\r\n\0]+/g, ' ')
              .trim(),
          )
        },
      ),
      { numRuns: 50 },
    )
  })

  it('raises header-malformed for a further field with a line break', async () => {
    await expect(written({ ...basis, fields: [['X-A', 'a\r\nBcc: x@y']] })).rejects.toThrow('header-malformed')
  })
})
