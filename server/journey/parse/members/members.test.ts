import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { completed } from '../../../../shared/policy/steps.ts'
import { tarOf, tnefOf, uuOf } from '../../../../test/support/corpus/containers.ts'
import { cpuMs } from '../../../../test/support/cpu-time.ts'
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
    expect(completed(decompressRtf(Buffer.from(wire, 'hex'), 1_000))?.toString('latin1')).toBe(
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
    expect(completed(readTnef(whole))).toMatchObject({
      whole: true,
      files: [{ name: 'A long name.txt', otherNames: ['a.txt'] }],
    })
    for (let length = 0; length < whole.length; length++) {
      expect(completed(readTnef(whole.subarray(0, length))).files.length).toBeLessThanOrEqual(1)
    }
  })
})

describe('files in a text', () => {
  it('gives the bytes back', async () => {
    const data = Buffer.from(Array.from({ length: 500 }, (_, at) => (at * 7) & 255))
    expect(await embeddedFiles(Buffer.from(`words\r\n${uuOf('a b.bin', data)}words`))).toEqual({
      files: [{ name: 'a b.bin', data }],
      broken: false,
    })
  })

  it('costs time in proportion to what looks like beginnings', async () => {
    const began = cpuMs()
    expect((await embeddedFiles(Buffer.from('begin 644 a\r\n'.repeat(300_000)))).broken).toBe(true)
    expect((await embeddedFiles(Buffer.from('=ybegin name=a\r\n'.repeat(300_000)))).broken).toBe(true)
    expect(cpuMs() - began).toBeLessThan(2_000)
  })
})

describe('names and files that only some readers know of', () => {
  const script = { name: 'a.txt', data: Buffer.from('alert(1)') }
  /** A header of tar in front of, or instead of, another. */
  const kindOf = (tar: Buffer, kind: string) => {
    const header = Buffer.from(tar)
    header.write(kind, 156, 'latin1')
    header.write('        ', 148, 'latin1')
    const sum = header.subarray(0, 512).reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\x00 `, 148, 'latin1')
    return header
  }
  const pax = (records: string) => kindOf(tarOf([{ name: 'pax', data: Buffer.from(records) }]), 'x').subarray(0, 1024)
  const record = (text: string) => `${text.length + 4} ${text}\n`

  it('a file of a kind that nobody defined is a file', async () => {
    const { attachments } = await parsed('a.tar', kindOf(tarOf([script]), 'Z'))
    expect(attachments!.map(({ name }) => name)).toEqual(['a.tar', 'a.txt'])
  })

  it('a comment that looks like a path names nothing', async () => {
    const hidden = `${record('comment=x\n15 path=ok.txt')}${record('path=evil.js')}`
    const { attachments } = await parsed('a.tar', Buffer.concat([pax(hidden), tarOf([script])]))
    expect(attachments!.map(({ name }) => name)).toEqual(['a.tar', 'evil.js'])
  })

  it.each([
    ['a size that is told twice', Buffer.concat([pax(record('size=8888')), tarOf([script])])],
    ['a file with holes', kindOf(tarOf([script]), 'S')],
    ['a folder with content', kindOf(tarOf([script]), '5')],
    ['files behind a lone end', Buffer.concat([tarOf([script]).subarray(0, -512), tarOf([script])])],
  ])('%s leaves an archive open', async (_what, data) => {
    expect((await parsed('a.tar', data)).message.defects).toContain('archive-unread')
  })

  it.each([
    ["*=utf-8''evil.js%00.txt", ['evil.js.txt', 'evil.js']],
    [`="${'x'.repeat(1_500)}.js"`, ['js']],
  ])('neither a zero byte nor length hides how a name ends: filename%.40s', async (parameter, ends) => {
    const mail = `Content-Type: text/plain\r\nContent-Disposition: attachment; filename${parameter}\r\n\r\nx\r\n`
    const { name, otherNames = [] } = (await parseMail(bytesOf(Buffer.from(mail)))).attachments![0]!
    for (const [at, shown] of [name, ...otherNames].entries()) expect(shown.endsWith(ends[at]!)).toBe(true)
    expect(otherNames).toHaveLength(ends.length - 1)
  })

  it('the name that gzip keeps inside counts', async () => {
    const plain = gzipSync('alert(1)')
    const data = Buffer.concat([plain.subarray(0, 10), Buffer.from('evil.js\0'), plain.subarray(10)])
    data[3] = 8
    expect((await parsed('a.txt.gz', data)).attachments![1]).toMatchObject({ name: 'a.txt', otherNames: ['evil.js'] })
  })

  it('the Unicode name of an entry of ZIP counts', async () => {
    const zip = zipOf([script])
    const at = zip.lastIndexOf('PK\x01\x02', undefined, 'latin1')
    const extra = Buffer.concat([
      Buffer.from('7570', 'hex'),
      Buffer.from([12, 0, 1, 0, 0, 0, 0]),
      Buffer.from('evil.js'),
    ])
    const nameEnd = at + 46 + zip.readUInt16LE(at + 28)
    const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1')
    zip.writeUInt32LE(zip.readUInt32LE(end + 12) + extra.length, end + 12)
    zip.writeUInt16LE(zip.readUInt16LE(at + 30) + extra.length, at + 30)
    const { attachments } = await parsed(
      'a.zip',
      Buffer.concat([zip.subarray(0, nameEnd), extra, zip.subarray(nameEnd)]),
    )
    expect(attachments![1]).toMatchObject({ name: 'a.txt', otherNames: ['evil.js'] })
  })
})
