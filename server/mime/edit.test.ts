import { describe, expect, it } from 'vitest'
import {
  alternativeMail,
  encryptedMail,
  mailOf,
  mixedMail,
  plainMail,
  signedMail,
  textEntity,
} from '../../test/support/mails.ts'
import { bytesOf } from '../ports/bytes.ts'
import { contentEntity } from './content-of.ts'
import { decodedBody } from './decode.ts'
import { editContent } from './edit.ts'
import { indexMime } from './index-mime.ts'
import { insertHtml } from './insert-block.ts'
import { sevenBitSafe } from './to7bit.ts'
import { entitySize, filePart, textPart, writeEntity } from './write.ts'

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of chunks) kept.push(chunk)
  return Buffer.concat(kept)
}

const block = (position: 'top' | 'bottom') => ({
  position,
  text: 'Files: https://x.example/ä',
  html: '<p>Files <a href="https://x.example/">here</a></p>',
})
const pdf = { name: 'a.pdf', mediaType: 'application/pdf', data: Buffer.from('%PDF-1.7 content') }
const step = { name: 'b.stp', mediaType: 'model/step', data: Buffer.from('ISO-10303-21;') }

async function edited(mail: Buffer, remove: readonly string[], position: 'top' | 'bottom' | null) {
  const source = bytesOf(mail)
  const index = await indexMime(source)
  const ids = index.parts.filter((part) => remove.includes(part.fileName)).map((part) => part.id)
  const content = editContent(source, index, { remove: new Set(ids), insert: position ? [block(position)] : [] })
  const bytes = await collect(writeEntity(content))
  if (entitySize(content) !== undefined) expect(bytes.length).toBe(entitySize(content))
  const again = await indexMime(bytesOf(bytes))
  const texts = await Promise.all(
    again.parts
      .filter((part) => part.type.startsWith('text/'))
      .map((part) => collect(decodedBody(bytesOf(bytes), part))),
  )
  return { mail, bytes, index: again, types: again.parts.map((part) => part.type), texts: texts.map(String) }
}

describe('editContent', () => {
  it('takes out one attachment and leaves the other bit for bit', async () => {
    const { types, bytes, mail } = await edited(mixedMail({ files: [pdf, step] }), ['a.pdf'], null)
    expect(types).toEqual(['multipart/mixed', 'text/plain', 'model/step'])
    expect(bytes.includes(mail.subarray(mail.indexOf('Content-Type: model/step')))).toBe(true)
    expect(bytes.includes('a.pdf')).toBe(false)
  })

  it('puts the block into both forms of the body', async () => {
    const { texts, types } = await edited(
      mixedMail({ text: 'Grüße', html: '<html><body><p>Hi</p></body></html>', files: [pdf] }),
      ['a.pdf'],
      'bottom',
    )
    expect(types).toEqual(['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html'])
    expect(texts[0]).toBe('Grüße\r\n\r\nFiles: https://x.example/ä\r\n')
    expect(texts[1]).toMatch(/<p>Hi<\/p>\r\n<p>Files .*<\/p>\r\n<\/body>/s)
  })

  it('rewrites a mail that is text alone', async () => {
    const { texts, bytes } = await edited(plainMail({ text: 'Grüße' }), [], 'top')
    expect(texts).toEqual(['Files: https://x.example/ä\r\n\r\nGrüße\r\n'])
    expect(bytes.toString()).toMatch(
      /^Content-Type: text\/plain;\r\n charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n/,
    )
  })

  it('keeps another charset by turning it into UTF-8', async () => {
    const latin = Buffer.concat([
      Buffer.from(
        'Content-Type: text/plain; charset=iso-8859-1; format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n',
      ),
      Buffer.from('Grüße\r\n', 'latin1'),
    ])
    const { texts, index } = await edited(mailOf(latin), [], 'bottom')
    expect(texts[0]).toMatch(/^Grüße\r\n\r\nFiles/)
    expect(index.root.parameters.get('format')).toBe('flowed')
  })

  it.each([
    ['signed', signedMail({ text: 'signed words', files: [pdf] })],
    ['encrypted', encryptedMail()],
    ['unknown charset', mailOf(Buffer.from('Content-Type: text/plain; charset=x-klingon\r\n\r\nqapla\r\n'))],
    [
      'a form nobody can extend',
      mailOf(
        Buffer.from(
          'Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/x-amp-html\r\n\r\namp\r\n--b--\r\n',
        ),
      ),
    ],
  ])('wraps what it may not change: %s', async (_, mail) => {
    const { types, bytes } = await edited(mail, [], 'top')
    expect(types.slice(0, 4)).toEqual(['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html'])
    expect(bytes.includes(mail.subarray(mail.indexOf('Content-Type:')))).toBe(true)
  })

  it('refuses to take something out of a signed part', async () => {
    await expect(edited(signedMail({ files: [pdf] }), ['a.pdf'], null)).rejects.toMatchObject({
      code: 'action-impossible',
    })
  })

  it('leaves the block alone when the mail was nothing but the attachment', async () => {
    const only = mailOf(
      Buffer.from('Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n'),
    )
    expect((await edited(only, ['a.pdf'], 'bottom')).types).toEqual([
      'multipart/alternative',
      'text/plain',
      'text/html',
    ])
  })

  it('finds the real end of an HTML body', async () => {
    const html = '<body><!-- </body> --><script>"</body>"</script><p>x</p></body></html>'
    expect((await insertHtml(html, [block('bottom')])).indexOf('Files')).toBeGreaterThan(html.indexOf('<p>x'))
    expect(await insertHtml('<p>x', [block('top')])).toMatch(/^\r\n<p>Files.*<\/p>\r\n<p>x$/s)
    expect(await insertHtml('<html><head><title>t</title></head><body class="a">x', [block('top')])).toMatch(
      /<body class="a">\r\n<p>Files/,
    )
  })
})

describe('sevenBitSafe', () => {
  it('returns the same object for content that is 7-bit, also base64 of 8-bit data', async () => {
    const content = filePart({
      name: 'ä.bin',
      mediaType: 'application/x',
      disposition: 'attachment',
      stream: () => bytesOf(Buffer.alloc(5_000, 255)).stream(),
    })
    expect(await sevenBitSafe(content)).toBe(content)
    const text = textPart('plain', 'Grüße')
    expect(await sevenBitSafe(text)).toBe(text)
  })

  it('encodes 8-bit parts and long lines, and nothing else', async () => {
    const mail = alternativeMail({ text: 'Grüße', html: `<p>${'x'.repeat(2_000)}</p>` })
    const index = await indexMime(bytesOf(mail))
    const out = (await collect(writeEntity(await sevenBitSafe(contentEntity(bytesOf(mail), index))))).toString('latin1')
    expect(out).toMatch(/^[\t\r\n\x20-\x7e]*$/)
    expect(Math.max(...out.split('\r\n').map((line) => line.length))).toBeLessThan(200)
    expect(out.match(/Content-Transfer-Encoding: quoted-printable/g)).toHaveLength(2)
    expect(out).toContain('Gr=C3=BC=C3=9Fe')
  })

  it('never touches a signed part', async () => {
    const mail = mailOf(
      Buffer.concat([
        Buffer.from('Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n'),
        textEntity('plain', 'Grüße'),
        Buffer.from('--b--\r\n'),
      ]),
    )
    const index = await indexMime(bytesOf(mail))
    const out = await collect(writeEntity(await sevenBitSafe(contentEntity(bytesOf(mail), index))))
    expect(mail.subarray(mail.indexOf('Content-Type: multipart')).equals(out)).toBe(true)
  })
})
