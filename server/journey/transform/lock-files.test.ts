import { PDFDocument } from 'pdf-lib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeEntity } from '../../mime/write.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { parseMail } from '../parse/parse-mail.ts'
import { lockedInZip, lockedPdfs } from './lock-files.ts'
import type { MailInHand } from './mail.ts'
import { createDocumentRenderer } from './pdf/renderer.ts'

const documents = createDocumentRenderer({ workers: 1 })
afterAll(() => documents.close())

let pdf: Buffer
beforeAll(async () => {
  const document = await PDFDocument.create()
  document.addPage().drawText('Quarterly report')
  pdf = Buffer.from(await document.save())
})

type Part = readonly [name: string, type: string, bytes: Buffer]

/** How a mail with this text and these files is locked; null: as a whole. */
async function locked(lock: typeof lockedPdfs, text: string, parts: readonly Part[]): Promise<string | null> {
  const files = parts.map(
    ([name, type, bytes]) =>
      `--b\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`,
  )
  const source = bytesOf(
    Buffer.from(
      `From: a@acme.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n${text}\r\n${files.join('')}--b--\r\n`,
    ),
  )
  const parsed = await parseMail(source, { nullSender: false, smtputf8: false })
  const facts = parsed.attachments ?? []
  const own = facts.filter(({ within }) => within === undefined)
  const entity = await lock({
    mail: { source, parsed, acceptedAt: 0 } as unknown as MailInHand,
    content: { remaining: own.map(({ index }) => index), blocks: [], grants: [], linkFiles: [] } as never,
    files: own
      .filter(({ index }) => parsed.attachmentParts[index] !== -1)
      .map(({ index: at, name, declaredType: mediaType }) => {
        const [, , bytes] = parts.find(([given]) => given === name)!
        return { at, name, mediaType, size: bytes.length, stream: () => bytesOf(bytes).stream() }
      }),
    password: 'lusab-babad-gutih-tugad',
    way: { channel: 'sender' },
    language: 'en',
    documents,
  })
  return entity && Buffer.concat(await Array.fromAsync(writeEntity(entity))).toString('latin1')
}

const uuencoded = 'begin 644 notes.bin\r\n#0V%T\r\n`\r\nend\r\n'

test('a PDF is one by its content, whatever it is called', async () => {
  const mail = await locked(lockedPdfs, 'text', [
    ['scan', 'application/octet-stream', pdf],
    ['other.bin', 'application/octet-stream', Buffer.from('other')],
  ])
  expect(mail).toContain(Buffer.from('other').toString('base64'))
  expect(mail).not.toContain(pdf.toString('base64').slice(0, 60))
  const written = [...mail!.matchAll(/base64\r\n(?:[^\r]+\r\n)*\r\n([\w+/=\r\n]+)/g)].map(([, text]) =>
    Buffer.from(text!, 'base64').toString('latin1'),
  )
  expect(written.filter((text) => text.startsWith('%PDF') && text.includes('/Encrypt'))).toHaveLength(1)
})

test.each<[string, string, (report: Part) => readonly Part[]]>([
  ['is no PDF inside', 'text', (report) => [report, ['plan.pdf', 'application/pdf', Buffer.from('%PDF-1.7 nothing')]]],
  ['is signed', 'text', () => [['a.pdf', 'application/pdf', Buffer.concat([pdf, Buffer.from('/ByteRange')])]]],
  ['stands inside of another message', 'text', (report) => [report, forwarded()]],
  ['stands in the text', `begin 644 a.pdf\r\n${uu()}end\r\n`, (report) => [report]],
])('a mail is locked as a whole when one of its PDFs %s', async (_why, text, parts) => {
  expect(await locked(lockedPdfs, text, [['report.pdf', 'application/pdf', pdf]])).toEqual(
    text === 'text' ? expect.any(String) : null,
  )
  expect(await locked(lockedPdfs, text, parts(['report.pdf', 'application/pdf', pdf]))).toBeNull()
})

test('a mail is locked as a whole when a file stands in its text and would stay there beside the ZIP', async () => {
  const file: Part = ['a.bin', 'application/octet-stream', Buffer.from('a')]
  expect(await locked(lockedInZip, 'text', [file])).toContain('application/zip')
  expect(await locked(lockedInZip, `text\r\n${uuencoded}`, [file])).toBeNull()
})

function forwarded(): Part {
  const inner = `From: c@x.example\r\nContent-Type: application/pdf; name="b.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${pdf.toString('base64')}\r\n`
  return ['mail.eml', 'application/octet-stream', Buffer.from(inner)]
}

/** A PDF's first bytes as uuencode has them. */
function uu(): string {
  const bytes = Buffer.from('%PDF-1.7\n%%EOF\n')
  let line = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const word = bytes.readUIntBE(at, 3)
    for (const shift of [18, 12, 6, 0]) line += String.fromCharCode(32 + ((word >> shift) & 63)).replace(' ', '`')
  }
  return `${String.fromCharCode(32 + bytes.length)}${line}\r\n\`\r\n`
}
