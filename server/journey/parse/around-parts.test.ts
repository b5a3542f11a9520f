import { expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { indexMime } from '../../mime/index-mime.ts'
import { bytesOf } from '../../ports/bytes.ts'
import { wordsAround } from './around-parts.ts'

const mail = (preamble: string, parts = 'Content-Type: text/plain\r\n\r\nx') =>
  `Content-Type: multipart/mixed; boundary=b\r\n\r\n${preamble}\r\n--b\r\n${parts}\r\n--b--\r\n`

async function around(text: string) {
  const source = bytesOf(Buffer.from(text))
  const defects = new Set<string>()
  return { words: await wordsAround(source, await indexMime(source), defects), defects: [...defects] }
}

it('what programs write before the parts is nobody’s word, anything else is', async () => {
  expect((await around(mail('This is a multi-part message in MIME format.'))).words).toEqual([])
  expect((await around(mail('the code is 4711'))).words).toEqual(['the code is 4711'])
})

it('preambles made to cost are read in bounded time', async () => {
  const costly = `this is a ${'mime'.repeat(18)}${' '.repeat(65_000)}x`
  const parts = Array.from({ length: 20 }, () => mail(costly)).join('\r\n--b0\r\n')
  const text = `Content-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\n${parts}\r\n--b0--\r\n`
  const began = cpuMs()
  expect((await around(text)).words).toHaveLength(20)
  expect(cpuMs() - began).toBeLessThan(2_500)
})
