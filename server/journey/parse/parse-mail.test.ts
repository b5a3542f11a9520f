import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import {
  alternativeMail,
  dicomOf,
  encryptedMail,
  hostile,
  mailOf,
  messageEntity,
  mixedMail,
  multipartEntity,
  plainMail,
  signedMail,
  stepOf,
  textEntity,
  zipOf,
} from '../../../test/support/mails.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { htmlToText } from './html-text.ts'
import { parseMail } from './parse-mail.ts'

const parse = (mail: Buffer, options = {}) => parseMail(bytesOf(mail), options)
const file = (name: string, data: Buffer, mediaType = 'application/octet-stream') => ({ name, data, mediaType })

describe('parseMail', () => {
  it('tells subject, body, header, who and when', async () => {
    const mail = mixedMail({
      subject: '=?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
      to: 'Bob <bob@partner.example>, "C, D" <cd@x.example>',
      cc: 'team: e@x.example;',
      headers: [
        'X-Case: 1',
        'X-Case: =?utf-8?B?w7w=?=',
        'X-Secflow-Protection: sign,\r\n pdf',
        'X-Secflow-Protection: encrypt',
        'X-Secflow-Classification: secret',
        'Content-Language: de-DE',
      ],
      text: 'Größe',
      html: '<p>Hello <b>Bob</b></p><p>second <a href="https://x.example/">link</a></p>',
      files: [],
    })
    const { message, readable, visible, rawIntent, attachments } = await parse(mail)
    expect(message).toMatchObject({
      subject: 'Grüße',
      size: mail.length,
      content: 'plain',
      autoSubmitted: false,
      language: 'de-DE',
      defects: [],
    })
    expect(message.header['x-case']).toEqual(['1', 'ü'])
    expect(message.header['x-absent']).toBeUndefined()
    expect((await readable()).text.trim()).toBe('Größe')
    expect(message.bodyText).toContain('Größe')
    expect(message.bodyText).toContain('Hello Bob\n\nsecond link <https://x.example/>')
    expect(visible).toMatchObject({
      from: 'anna@tenant.example',
      to: ['bob@partner.example', 'cd@x.example'],
      cc: ['e@x.example'],
      messageId: 'one@tenant.example',
      date: Date.UTC(2026, 10, 23, 8, 30),
    })
    expect(visible.mailboxes.to[1]!.name).toBe('C, D')
    expect(rawIntent).toEqual({ protection: ['sign, pdf', 'encrypt'], classification: ['secret'], stamp: [] })
    expect(attachments).toEqual([])
  })

  it('tells of each attachment what its bytes are', async () => {
    const dicom = dicomOf(200_000)
    const step = stepOf(100)
    const { attachments, attachmentParts, index } = await parse(
      mixedMail({
        files: [
          file('series.dcm', dicom, 'application/dicom'),
          file('part.stp', step),
          file('disguised.pdf', dicom, 'application/pdf'),
          file('files.zip', zipOf([{ name: 'inner.zip' }, { name: 'secret.txt', encrypted: true }])),
          file(
            'report.docm',
            zipOf([{ name: '[Content_Types].xml' }, { name: 'word/document.xml' }, { name: 'word/vbaProject.bin' }]),
          ),
          file('report.docx', zipOf([{ name: '[Content_Types].xml' }, { name: 'word/document.xml' }])),
          file('photo.jpg', Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)]), 'image/jpeg'),
          file('notes.txt', Buffer.from('just words'), 'text/plain'),
        ],
      }),
    )
    expect(attachments!.map(({ name, type, mismatch }) => [name, type, mismatch])).toEqual([
      ['series.dcm', 'dcm', false],
      ['part.stp', 'step', false],
      ['disguised.pdf', 'dcm', true],
      ['files.zip', 'zip', false],
      ['inner.zip', null, false],
      ['secret.txt', null, false],
      ['report.docm', 'docm', false],
      ['report.docx', 'docx', false],
      ['photo.jpg', 'exe', true],
      ['notes.txt', null, false],
    ])
    expect(attachments![0]).toMatchObject({
      index: 0,
      extension: 'dcm',
      size: 200_000,
      hash: createHash('sha256').update(dicom).digest('hex'),
    })
    expect(attachments![3]).toMatchObject({ encrypted: true, archiveDepth: 2, opaque: true })
    expect(attachments![5]).toMatchObject({ encrypted: true, opaque: true, within: 3 })
    expect(attachments![6]).toMatchObject({ macro: true })
    expect(attachments![7]).toMatchObject({ macro: false, encrypted: false })
    expect(index.parts[attachmentParts[1]!]!.fileName).toBe('part.stp')
  })

  it('keeps pictures of the body apart and lists them as files too', async () => {
    const png = Buffer.from('89504e470d0a1a0a00000000', 'hex')
    const related = multipartEntity('related', [
      textEntity('html', '<p><img src="cid:logo@x" alt="Logo"></p>'),
      Buffer.from(
        `Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <logo@x>\r\n\r\n${png.toString('base64')}\r\n`,
      ),
    ])
    const { readable, attachments } = await parse(mailOf(related))
    expect((await readable()).images.get('logo@x')).toEqual({ mediaType: 'image/png', data: png })
    expect((await readable()).text).toBe('Logo')
    expect(attachments).toMatchObject([{ type: 'png', name: '', mismatch: false }])
  })

  it.each([
    ['plain', plainMail(), 0],
    ['smime-signed', signedMail({ files: [file('a.stp', stepOf(1))] }), 1],
    ['smime-encrypted', encryptedMail(), undefined],
    [
      'pgp-encrypted',
      mailOf(
        Buffer.from(
          'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--b--\r\n',
        ),
      ),
      undefined,
    ],
    ['pgp-encrypted', plainMail({ text: '-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n-----END PGP MESSAGE-----' }), 0],
    [
      'report',
      mailOf(
        Buffer.from(
          'Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n--b--\r\n',
        ),
      ),
      1,
    ],
    [
      'calendar',
      mailOf(
        multipartEntity('alternative', [
          textEntity('plain', 'meeting'),
          Buffer.from('Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n'),
        ]),
      ),
      1,
    ],
    ['tnef', mixedMail({ files: [file('winmail.dat', Buffer.from('789f3e2200', 'hex'), 'application/ms-tnef')] }), 1],
  ])('knows content of kind %s', async (kind, mail, files) => {
    const { message, attachments } = await parse(mail)
    expect(message.content).toBe(kind)
    expect(attachments?.length).toBe(files)
    if (kind === 'tnef') expect(message.defects).toContain('tnef-members')
    if (kind.endsWith('encrypted')) expect(message.bodyText).toBeUndefined()
  })

  it('sees into a forwarded message without taking it apart', async () => {
    const inner = mixedMail({
      files: [file('macro.docm', zipOf([{ name: '[Content_Types].xml' }, { name: 'word/vbaProject.bin' }]))],
    })
    const { attachments } = await parse(
      mailOf(multipartEntity('mixed', [textEntity('plain', 'see below'), messageEntity(inner)])),
    )
    expect(attachments).toMatchObject([
      { type: 'eml', size: inner.length, macro: true, archiveDepth: 1 },
      { name: 'macro.docm', type: 'docm', macro: true, within: 0 },
    ])
  })

  it('lists a file that hides in text', async () => {
    const mail = plainMail({ text: 'see\r\nbegin 644 a.exe\r\n#0V%T\r\n`\r\nend' })
    const { attachments, message } = await parse(mail)
    expect(attachments).toMatchObject([{ name: 'a.exe', size: 3, mismatch: true }])
    expect(message.defects).toEqual([])
  })

  it('knows automatic mail', async () => {
    expect((await parse(plainMail({ headers: ['Auto-Submitted: auto-replied'] }))).message.autoSubmitted).toBe(true)
    expect((await parse(plainMail({ headers: ['Auto-Submitted: no (really)'] }))).message.autoSubmitted).toBe(false)
    expect((await parse(plainMail(), { nullSender: true })).message.autoSubmitted).toBe(true)
  })

  it('lets UTF-8 headers pass where SMTPUTF8 was agreed', async () => {
    expect((await parse(hostile.header8Bit())).message.defects).toContain('header-8bit')
    expect((await parse(hostile.header8Bit(), { smtputf8: true })).message).toMatchObject({
      subject: 'Grüße',
      defects: [],
    })
  })

  it('shows rules the words of every form, and attachments of a broken structure with defects', async () => {
    const hidden = alternativeMail({ text: 'harmless', html: '<p>pay <span style="display:none">now</span></p>' })
    expect((await parse(hidden)).message.bodyText).toMatch(/harmless[\s\S]*pay now/)
    const broken = await parse(hostile.duplicateType())
    expect(broken.message.defects).toContain('duplicate-content-type')
  })

  it('names what only some base64 readers would see', async () => {
    const mail = mailOf(
      Buffer.from(
        'Content-Type: application/x; name=a.bin\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD=\r\nREVG!\r\n',
      ),
    )
    expect((await parse(mail)).message.defects).toContain('base64-after-padding')
  })

  it('survives everything hostile with facts or a fault', async () => {
    const codes: string[] = []
    for (const make of Object.values(hostile)) {
      const mail = (make as (size: number) => Buffer)(1_200)
      await parse(mail).then(
        () => codes.push('facts'),
        (error: { code?: string }) => codes.push(error.code ?? String(error)),
      )
    }
    expect(new Set(codes)).toEqual(new Set(['facts', 'mime-too-complex']))
  })

  it('reads an HTML body made to cost time', () => {
    expect(htmlToText(`${'<i>'.repeat(500)}deep`)).toBe('deep')
    const start = cpuMs()
    expect(htmlToText(`${'<div>'.repeat(400_000)}deep`)).toBe('deep')
    const formatting = Array.from({ length: 400 }, (_, at) => `<b id=${at}>`).join('')
    expect(htmlToText(`<p>${formatting}</p>${'<p>x'.repeat(400_000)}`)).toContain('x')
    expect(cpuMs() - start).toBeLessThan(5_000)
  })
})
