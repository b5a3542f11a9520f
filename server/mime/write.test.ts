import { describe, expect, it } from 'vitest'
import { bytesOf } from '../ports/bytes.ts'
import { contentEntity, outerFields } from './content-of.ts'
import { editHeader } from './header.ts'
import { indexMime } from './index-mime.ts'
import { entitySize, filePart, messageOf, multipart, textPart, writeEntity } from './write.ts'

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const kept: Uint8Array[] = []
  for await (const chunk of chunks) kept.push(chunk)
  return Buffer.concat(kept)
}

async function* bytesIn(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces
}

const mail = Buffer.from(
  'Received: a\r\nContent-Type: text/plain;\r\n\tcharset=utf-8\r\nX-Odd :  1 \r\nthis is no field\r\nSubject: one\r\nContent-Language: de\r\nTo: b@x.example\r\n\r\nbody\r\n',
)

describe('messageOf', () => {
  it('gives an unchanged mail its bytes back, with the fields in their order', async () => {
    const index = await indexMime(bytesOf(mail))
    const message = messageOf(outerFields(index), contentEntity(bytesOf(mail), index))
    expect(await collect(writeEntity(message))).toEqual(mail)
    expect(entitySize(message)).toBe(mail.length)
  })

  it('changes the line it was told to and no other', async () => {
    const index = await indexMime(bytesOf(mail))
    const header = editHeader(outerFields(index), { set: [{ name: 'Subject', value: 'two' }] })
    const out = await collect(writeEntity(messageOf(header, contentEntity(bytesOf(mail), index))))
    expect(out.toString()).toBe(mail.toString().replace('Subject: one', 'Subject: two'))
  })
})

describe('writeEntity', () => {
  it('hands the pieces of a small mail on without a copy, with the small ones joined', async () => {
    const long = Buffer.alloc(10_000, 0x61)
    const pieces = ['a\r\n', 'b\r\n', long, 'c\r\n', '', 'd\r\n', long, long].map((piece) => Buffer.from(piece))
    pieces[2] = long
    const body = () => bytesIn(pieces)
    const header = [{ name: 'subject', raw: Buffer.from('Subject: one') }]
    const written: Buffer[] = []
    for await (const chunk of writeEntity({ header, body })) written.push(chunk)
    expect(written.map(({ length }) => length)).toEqual([22, 10_000, 6, 10_000, 10_000])
    expect(written[1]!.buffer).toBe(long.buffer)
    expect(Buffer.concat(written)).toEqual(Buffer.concat([Buffer.from('Subject: one\r\n\r\n'), ...pieces]))
  })

  it('writes in chunks that are worth a system call, and knows the size of a file beforehand', async () => {
    const data = Buffer.alloc(1_000_003, 0x61)
    const part = filePart({
      name: 'Größe.bin',
      mediaType: 'application/dicom',
      disposition: 'attachment',
      size: data.length,
      stream: () => bytesOf(data).stream(),
    })
    const entity = multipart('mixed', [textPart('plain', 'see file'), part])
    const sizes: number[] = []
    for await (const chunk of writeEntity(entity)) sizes.push(chunk.length)
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(65_536)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(262_144)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(entitySize(entity))
    expect(part.header.map(({ raw }) => raw.toString())).toEqual([
      "Content-Type: application/dicom;\r\n name*=utf-8''Gr%C3%B6%C3%9Fe.bin",
      'Content-Transfer-Encoding: base64',
      "Content-Disposition: attachment;\r\n filename*=utf-8''Gr%C3%B6%C3%9Fe.bin",
    ])
  })
})
