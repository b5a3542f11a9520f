import { expect, it } from 'vitest'
import { readHeader } from './header.ts'

it('a subject whose encoded words hold line ends becomes one line: it stands in headers of ours again', () => {
  const header = Buffer.from('Subject: =?utf-8?q?a=0D=0ABcc:_x=00y?=\r\n\r\n')
  expect(readHeader(header, false).subject).toBe('a Bcc: x y')
})
