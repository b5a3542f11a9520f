import { expect, it } from 'vitest'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { readHeader } from './header.ts'

it('a subject whose encoded words hold line ends becomes one line: it stands in headers of ours again', () => {
  const header = Buffer.from('Subject: =?utf-8?q?a=0D=0ABcc:_x=00y?=\r\n\r\n')
  expect(readHeader(header, false).subject).toBe('a Bcc: x y')
})

it('tells every author, and the text of a From that names none', () => {
  const from = (...fields: string[]) => readHeader(Buffer.from(`${fields.join('\r\n')}\r\n\r\n`), false).from
  expect(from('Subject: x')).toEqual([])
  expect(from('From: "b@c.example" <a@b.example>,\r\n d@e.example', 'FROM : Team: f@g.example;')).toEqual([
    'a@b.example',
    'd@e.example',
    'f@g.example',
  ])
  expect(from('From: The Chief')).toEqual(['The Chief'])
  expect(from('From:')).toEqual([''])
  for (const odd of ['<chief@b.example> <a@b.example>', '<@c.example,@d.example:chief@b.example> <a@b.example>'])
    expect(from(`From: ${odd}`)).toEqual(['a@b.example', odd])
  expect(from('From: "x <chief@b.example>" (<y>) <a@b.example>')).toEqual(['a@b.example'])
})

it('a From of a hundred thousand quotes that never end costs milliseconds', () => {
  const folded = `a@b.example, "${'\\"'.repeat(100_000)}`.replace(/(.{900})/g, '$1\r\n ')
  const began = cpuMs()
  expect(readHeader(Buffer.from(`From: ${folded}\r\n\r\n`), false).from).toContain('a@b.example')
  expect(cpuMs() - began).toBeLessThan(2_000)
})
