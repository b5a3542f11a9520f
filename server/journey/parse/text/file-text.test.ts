import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../../test/support/cpu-time.ts'
import { mailOf, messageEntity, mixedMail, multipartEntity, textEntity, zipOf } from '../../../../test/support/mails.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import { parseMail } from '../parse-mail.ts'
import { xmlText } from './office.ts'
import { unzip, zipEntries } from './zip-entries.ts'

const IBAN = 'DE89370400440532013000'
const file = (name: string, data: Buffer | string, mediaType = 'application/octet-stream') => ({
  name,
  data: Buffer.from(data),
  mediaType,
})
const textOf = async (...files: ReturnType<typeof file>[]) =>
  (await parseMail(bytesOf(mixedMail({ files })))).attachments!.map(({ text, textCut }) => (textCut ? [text] : text))
const types = { name: '[Content_Types].xml' }
const part = (name: string, xml: string) => ({ name, data: Buffer.from(xml) })

describe('text of attachments', () => {
  it('reads text, CSV, HTML and RTF', async () => {
    expect(
      await textOf(
        file('a.txt', 'Grüße', 'text/plain'),
        file('b.csv', Buffer.from(`Name;IBAN\r\nMüller;${IBAN}`, 'latin1'), 'text/csv'),
        file('c.html', '<p>Dia<b>betes</b></p><script>x</script>', 'text/html'),
        file('d.txt', Buffer.from('\ufeffhigh', 'utf16le')),
        file('e.rtf', "{\\rtf1\\ansi M\\'fcller\\par \\b 12\\b0 34}", 'application/rtf'),
      ),
    ).toEqual(['Grüße', `Name;IBAN\r\nMüller;${IBAN}`, 'Diabetes', 'high', expect.stringMatching(/Müller\n1234/)])
  })
  it('reads parts of Office documents in UTF-16, and says so where it cannot know what stands there', async () => {
    const xml = '<?xml version="1.0"?><w:p><w:t>secret</w:t></w:p>'
    const docx = (data: Buffer, name = 'word/document.xml') => zipOf([types, { name, data }])
    const little = Buffer.from(`\ufeff${xml}`, 'utf16le')
    for (const data of [little, Buffer.from(little).swap16(), Buffer.from(xml, 'utf16le')])
      expect(await textOf(file('a.docx', docx(data)))).toEqual(['secret'])
    const other = Buffer.from(xml.replace('?>', ' encoding="IBM037"?>'))
    expect(await textOf(file('a.docx', docx(other)))).toEqual([['secret']])
    expect(await textOf(file('a.docx', docx(Buffer.from(xml), 'word/elsewhere.xml')))).toEqual([undefined])
  })
  it('reads Office documents, words that runs cut in two as one', async () => {
    const docx = zipOf([
      types,
      part(
        'word/document.xml',
        '<w:p><w:r><w:t>DE8937</w:t></w:r><w:r><w:t>0400440532013000</w:t></w:r></w:p><w:p>A &amp; B</w:p>',
      ),
      part('word/footer1.xml', '<w:p><w:t>foot</w:t></w:p>'),
      part('word/styles.xml', '<w:p>style</w:p>'),
    ])
    const xlsx = zipOf([
      types,
      part('xl/workbook.xml', '<workbook/>'),
      part('xl/sharedStrings.xml', `<si><t>Konto</t></si><si><t>${IBAN}</t></si>`),
      part('xl/worksheets/sheet1.xml', '<c><v>4111111111111111</v></c><c><v>7</v></c>'),
    ])
    const pptx = zipOf([types, part('ppt/slides/slide1.xml', '<a:p><a:t>Folie</a:t></a:p>')])
    const texts = await textOf(file('a.docx', docx), file('b.xlsx', xlsx), file('c.pptx', pptx))
    expect(texts).toEqual([`${IBAN}\nA & B\nfoot`, `Konto\n${IBAN}\n4111111111111111\n7`, 'Folie'])
  })
  it('says what holds no words, and what it cannot read', async () => {
    expect(
      await textOf(
        file('a.png', Buffer.from('89504e470d0a1a0a00000000', 'hex'), 'image/png'),
        file('b.pdf', '%PDF-1.7\n1 0 obj', 'application/pdf'),
        file('c.zip', zipOf([{ name: 'a.txt' }])),
        file('d.bin', Buffer.from([1, 2, 3])),
        file('e.txt', Buffer.from([1, 0, 3]), 'text/plain'),
        file('f.docx', zipOf([types, { name: 'word/document.xml', encrypted: true }])),
      ),
    ).toEqual([null, undefined, null, '', undefined, undefined, undefined])
  })
  it('reads forwarded mail with its files', async () => {
    const inner = mixedMail({ text: 'inner words', files: [file('a.csv', IBAN, 'text/csv')] })
    const { attachments } = await parseMail(
      bytesOf(mailOf(multipartEntity('mixed', [textEntity('plain', 'see'), messageEntity(inner)]))),
    )
    expect(attachments![0]!.text).toContain('inner words')
    expect(attachments![1]!.text).toBe(IBAN)
  })
  it('keeps within its bounds and says so', async () => {
    const [long] = await textOf(file('a.txt', 'word '.repeat(400_000), 'text/plain'))
    expect(long).toHaveLength(1)
    expect((long as string[])[0]!.length).toBe(262_144)
    const many = await textOf(
      ...Array.from({ length: 6 }, (_, i) => file(`${i}.txt`, 'x'.repeat(250_000), 'text/plain')),
    )
    expect(many.flat().join('').length).toBe(1_048_576)
    expect(many.filter(Array.isArray)).toHaveLength(2)
  })
  it('does not unpack more than it was allowed', async () => {
    const bomb = deflateRawSync(Buffer.alloc(50_000_000))
    const archive = zipOf([types, { name: 'word/document.xml', data: bomb }])
    // zipOf stores: make it deflate in both headers.
    const at = archive.indexOf('word/document.xml') - 30
    archive.writeUInt16LE(8, at + 8)
    archive.writeUInt16LE(8, archive.lastIndexOf('word/document.xml') - 46 + 10)
    const entry = zipEntries(archive)!.at(-1)!
    expect(await unzip(archive, entry, 60_000_000)).toHaveLength(50_000_000)
    expect(await unzip(archive, entry, 1_000_000)).toBeNull()
    expect(await textOf(file('a.docx', archive))).toEqual([['']])
  })
  it('takes XML made to cost time', () => {
    const start = cpuMs()
    for (const hostile of ['<', '<a', '<a>', '&#', '&amp;', '<![CDATA[', '<![CDATA[]]>'])
      xmlText(hostile.repeat(300_000))
    expect(cpuMs() - start).toBeLessThan(5_000)
  })
})
