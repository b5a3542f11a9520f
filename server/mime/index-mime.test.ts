import { describe, expect, it } from 'vitest'
import { Fault } from '../../shared/fault/index.ts'
import {
  alternativeMail,
  hostile,
  mailOf,
  messageEntity,
  mixedMail,
  plainMail,
  signedMail,
} from '../../test/support/mails.ts'
import { bytesOf } from '../ports/bytes.ts'
import { indexMime } from './index-mime.ts'
import type { MimePart } from './part.ts'

const shape = (part: MimePart): unknown => (part.children.length ? [part.type, part.children.map(shape)] : part.type)
const index = (mail: Buffer) => indexMime(bytesOf(mail))
const file = { name: 'a.pdf', mediaType: 'application/pdf', data: Buffer.from('%PDF-1.7') }

async function faultOf(mail: Buffer): Promise<string> {
  try {
    await index(mail)
    return 'none'
  } catch (error) {
    if (error instanceof Fault) return error.code
    throw error
  }
}

describe('indexMime', () => {
  it('finds the parts of ordinary mail and the exact bytes of their bodies', async () => {
    const mail = mixedMail({ html: '<p>Hi</p>', files: [file] })
    const { root, defects } = await index(mail)
    expect(shape(root)).toEqual([
      'multipart/mixed',
      [['multipart/alternative', ['text/plain', 'text/html']], 'application/pdf'],
    ])
    expect(defects).toEqual([])
    const pdf = root.children[1]!
    expect(mail.subarray(pdf.bodyStart, pdf.bodyEnd).toString()).toBe(`${file.data.toString('base64')}\r\n`)
    expect(mail.subarray(pdf.line, pdf.start).toString()).toMatch(/^--test-boundary-\d+\r\n$/)
    expect(mail.subarray(pdf.end).toString()).toMatch(/^--test-boundary-\d+--\r\n$/)
    expect(pdf).toMatchObject({ fileName: 'a.pdf', disposition: 'attachment', encoding: 'base64' })
  })

  it('enters messages inside and marks what is signed', async () => {
    const inner = await index(mailOf(messageEntity(mixedMail({ files: [file] }))))
    expect(shape(inner.root)).toEqual(['message/rfc822', [['multipart/mixed', ['text/plain', 'application/pdf']]]])
    const signed = await index(signedMail({ html: '<p>x</p>' }))
    expect(signed.parts.every((part) => part.opaque)).toBe(true)
    expect((await index(alternativeMail())).parts.some((part) => part.opaque)).toBe(false)
  })

  it('gives the same index whatever the chunks', async () => {
    const mail = mixedMail({ html: '<p>Hi</p>', files: [file, file] })
    const whole = await index(mail)
    for (const size of [1, 2, 3, 7, 64]) {
      const chunked = await indexMime({
        ...bytesOf(mail),
        async *stream() {
          for (let at = 0; at < mail.length; at += size) yield mail.subarray(at, at + size)
        },
      })
      expect(chunked).toEqual(whole)
    }
  })

  it.each([
    ['duplicate-content-type', hostile.duplicateType()],
    ['boundary-duplicate', hostile.duplicateBoundary()],
    ['boundary-unclosed', hostile.unclosed()],
    ['boundary-prefix', hostile.dashLines(3)],
    ['header-without-colon', hostile.notMime()],
    ['header-nul', hostile.nulInHeader()],
    ['header-bare-cr', hostile.bareCr()],
    ['header-8bit', hostile.header8Bit()],
    ['duplicate-from', plainMail({ headers: ['From: ceo@tenant.example'] })],
    ['header-space-before-colon', plainMail({ headers: ['X-Odd : 1'] })],
    ['boundary-missing', mailOf(Buffer.from('Content-Type: multipart/mixed\r\n\r\nx'))],
    ['multipart-empty', mailOf(Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\nx'))],
    [
      'multipart-encoded',
      mailOf(
        Buffer.from(
          'Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--',
        ),
      ),
    ],
    [
      'boundary-after-close',
      mailOf(
        Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\nlate\r\n'),
      ),
    ],
    [
      'transfer-encoding-unknown',
      mailOf(Buffer.from('Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nx')),
    ],
    [
      'header-unterminated',
      mailOf(
        Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n--b--\r\n'),
      ),
    ],
  ])('names the defect %s', async (defect, mail) => {
    expect((await index(mail)).defects).toContain(defect)
  })

  it('reads a mail with bare LF as its lines stand', async () => {
    const { root, defects } = await index(hostile.bareLf())
    expect(shape(root)).toEqual(['multipart/mixed', ['text/plain']])
    expect(defects).toEqual([])
  })

  it('stops at the limits with a fault', async () => {
    expect(await faultOf(hostile.manyParts(1_000))).toBe('mime-too-complex')
    expect(await faultOf(hostile.manyParts(999))).toBe('none')
    expect(await faultOf(hostile.deepParts(60))).toBe('mime-too-complex')
    expect(await faultOf(hostile.deepMessages(60))).toBe('mime-too-complex')
    expect(await faultOf(hostile.hugeHeader(10_000_000))).toBe('header-too-large')
    expect(await faultOf(hostile.manyHeaders(2_000_000))).toBe('header-too-large')
    expect(await faultOf(hostile.empty())).toBe('none')
  })

  it('takes time in proportion to hostile delimiter lines', async () => {
    const time = async (lines: number) => {
      const start = performance.now()
      await index(hostile.dashLines(lines))
      return performance.now() - start
    }
    await time(20_000)
    const small = await time(100_000)
    // Ten times the lines may not take a hundred times as long.
    expect(await time(1_000_000)).toBeLessThan(Math.max(small, 20) * 40)
  })
})
