import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { tarOf, tnefOf, uuOf } from '../../../../test/support/corpus/containers.ts'
import { mixedMail, zipOf } from '../../../../test/support/mails.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import { parseMail } from '../parse-mail.ts'
import { decompressRtf } from './compressed-rtf.ts'
import { embeddedFiles } from './embedded.ts'
import { readTnef } from './tnef.ts'

const parsed = (name: string, data: Buffer) =>
  parseMail(bytesOf(mixedMail({ files: [{ name, mediaType: 'application/octet-stream', data }] })))

async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const began = performance.now()
  return { result: await work, ms: performance.now() - began }
}

describe('archives made to cost', () => {
  it('unpacks no more than a mail of its size is worth, and says that it stopped', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000))
    for (const data of [bomb, gzipSync(bomb), zipOf([{ name: 'bomb.gz', data: bomb }])]) {
      const { result, ms } = await timed(parsed('bomb.gz', data))
      expect(result.message.defects).toContain('archive-unread')
      expect(result.attachments!.some(({ opaque }) => opaque)).toBe(true)
      expect(ms).toBeLessThan(5_000)
    }
  })

  it('reads no entry twice: entries over each other leave the archive open', async () => {
    const zip = zipOf([
      { name: 'a.txt', data: Buffer.from('a') },
      { name: 'b.txt', data: Buffer.from('b') },
    ])
    const second = zip.lastIndexOf('PK\x01\x02', undefined, 'latin1')
    zip.writeUInt32LE(0, second + 42)
    expect((await parsed('a.zip', zip)).message.defects).toEqual(['archive-unread'])
  })

  it('tells when the entry has another name than the directory', async () => {
    const zip = zipOf([{ name: 'a.txt', data: Buffer.from('a') }])
    zip.write('e.exe', 30, 'latin1')
    const { attachments, message } = await parsed('a.zip', zip)
    expect(attachments![1]).toMatchObject({ name: 'a.txt', otherNames: ['e.exe'] })
    expect(message.defects).toEqual(['archive-unread'])
  })

  it('lists at most 2,000 files of one mail', async () => {
    const many = Array.from({ length: 900 }, (_, at) => ({ name: `${at}.txt`, data: Buffer.from('x') }))
    const { attachments, message } = await parseMail(
      bytesOf(
        mixedMail({
          files: [1, 2, 3].map((at) => ({ name: `${at}.tar`, mediaType: 'application/x-tar', data: tarOf(many) })),
        }),
      ),
    )
    expect(attachments).toHaveLength(2_000)
    expect(message.defects).toEqual(['archive-unread'])
  })
})

describe('TNEF', () => {
  it('reads compressed RTF as the standard shows it (MS-OXRTFCP 3.2)', () => {
    const wire =
      '2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232' + '0af32068656c09002062770' + '5b06c647d0a800fa0'
    expect(decompressRtf(Buffer.from(wire, 'hex'), 1_000)?.toString('latin1')).toBe(
      '{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n',
    )
  })

  it('takes the words of RTF and survives every cut', async () => {
    const rtf = Buffer.from(
      '2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0',
      'hex',
    )
    const whole = tnefOf({ rtf, files: [{ title: 'a.txt', longName: 'A long name.txt', data: Buffer.from('abc') }] })
    expect((await parsed('winmail.dat', whole)).message.bodyText).toContain('hello world')
    expect(readTnef(whole)).toMatchObject({ whole: true, files: [{ name: 'A long name.txt', otherNames: ['a.txt'] }] })
    for (let length = 0; length < whole.length; length++) {
      expect(readTnef(whole.subarray(0, length)).files.length).toBeLessThanOrEqual(1)
    }
  })
})

describe('files in a text', () => {
  it('gives the bytes back', () => {
    const data = Buffer.from(Array.from({ length: 500 }, (_, at) => (at * 7) & 255))
    expect(embeddedFiles(Buffer.from(`words\r\n${uuOf('a b.bin', data)}words`))).toEqual({
      files: [{ name: 'a b.bin', data }],
      broken: false,
    })
  })

  it('costs time in proportion to what looks like beginnings', () => {
    const began = performance.now()
    expect(embeddedFiles(Buffer.from('begin 644 a\r\n'.repeat(300_000))).broken).toBe(true)
    expect(embeddedFiles(Buffer.from('=ybegin name=a\r\n'.repeat(300_000))).broken).toBe(true)
    expect(performance.now() - began).toBeLessThan(2_000)
  })
})
