import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMail } from '../../server/journey/parse/parse-mail.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import { Fault } from '../../shared/fault/index.ts'
import { cpuMs } from '../support/cpu-time.ts'
import {
  alternativeMail,
  encryptedMail,
  mailOf,
  messageEntity,
  mixedMail,
  signedMail,
  zipOf,
} from '../support/mails.ts'

const file = { name: 'ä b.zip', mediaType: 'application/zip', data: zipOf([{ name: 'x.docm' }]) }
const seeds = [
  mixedMail({
    html: '<p>Hi <b>there</b></p>',
    files: [file],
    headers: ['X-Secflow-Protection: pdf;sms="+4915112345678"'],
  }),
  alternativeMail({ subject: '=?utf-8?B?w7w=?= =?iso-8859-1?Q?=FC?=' }),
  signedMail({ files: [file] }),
  encryptedMail(),
  mailOf(messageEntity(mixedMail({ files: [file] }))),
]
const marks = [
  '',
  '\r\n',
  '\r\n\r\n',
  '--',
  '=',
  '=?',
  '?=',
  '"',
  '(',
  '\0',
  '\xff',
  ';',
  '*0*=',
  'boundary=',
  'base64',
  'multipart/mixed',
  'message/rfc822',
  '<b>',
  '\r\n--test-boundary-000001',
]
const damaged = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 60 }), fc.constantFrom(...marks)), { maxLength: 10 }),
  )
  .map(([seed, changes]) =>
    changes.reduce<Buffer>((bytes, [position, length, text]) => {
      const at = position % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), Buffer.from(text, 'latin1'), bytes.subarray(at + length)])
    }, seed),
  )

describe('parseMail', () => {
  it('makes facts of any damage, quickly and the same each time, or raises a fault', async () => {
    await fc.assert(
      fc.asyncProperty(damaged, async (bytes) => {
        const start = cpuMs()
        const parsed = await parseMail(bytesOf(bytes)).catch((error: unknown) => error)
        expect(cpuMs() - start).toBeLessThan(1_000)
        if (parsed instanceof Error) return expect(parsed).toBeInstanceOf(Fault)
        const facts = parsed as Awaited<ReturnType<typeof parseMail>>
        const { readable: again, ...second } = await parseMail(bytesOf(bytes))
        const { readable, ...first } = facts
        expect(second).toEqual(first)
        expect(await again()).toEqual(await readable())
        for (const [at, attachment] of (facts.attachments ?? []).entries()) {
          expect(attachment.index).toBe(at)
          expect(attachment.name).not.toMatch(/[/\\\r\n]/)
          expect(facts.index.parts[facts.attachmentParts[at]!]).toBeDefined()
        }
      }),
      { numRuns: 600 },
    )
  })

  it.each([
    ['content fields', 'Content-A: b\r\n'.repeat(70_000)],
    ['recipients', `To: ${'a@b.example, '.repeat(70_000)}\r\n`],
    ['encoded words', `Subject: ${'=?utf-8?Q?=C3?= '.repeat(60_000)}\r\n`],
    ['open encoded words', `Subject: ${'=?a?q?'.repeat(160_000)}\r\n`],
    ['parameters', `Content-Type: text/plain; ${'a*1=b; '.repeat(130_000)}\r\n`],
    ['continuations', `X: a\r\n${' b\r\n'.repeat(240_000)}`],
    ['empty names', ':\r\n'.repeat(330_000)],
    ['intent', 'X-Secflow-Protection: =",=",\r\n'.repeat(30_000)],
  ])('takes time in proportion to a header full of %s', async (_, header) => {
    const start = cpuMs()
    await parseMail(bytesOf(Buffer.from(`${header}\r\nbody`)))
    expect(cpuMs() - start).toBeLessThan(4_000)
  })
})
