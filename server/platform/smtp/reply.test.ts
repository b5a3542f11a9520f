import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GarbledReply, ReplyReader } from './reply.ts'

/** What a reader makes of bytes in these pieces: replies, then perhaps the end. */
function read(bytes: Buffer, cuts: readonly number[]): string[] {
  const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  const reader = new ReplyReader()
  const seen: string[] = []
  try {
    for (const [at, edge] of edges.slice(1).entries())
      for (const { code, text } of reader.feed(bytes.subarray(edges[at]!, edge))) seen.push(`${code} ${text}`)
    if (reader.pending) seen.push('pending')
  } catch (error) {
    expect(error).toBeInstanceOf(GarbledReply)
    seen.push('garbled')
  }
  return seen
}

it('reads one line, many lines, and several replies', () => {
  expect(read(Buffer.from('250 Ok\r\n250-a\r\n250-b\r\n250 c\r\n354\r\n25'), [])).toEqual([
    '250 250 Ok',
    '250 250-a\r\n250-b\r\n250 c',
    '354 354',
    'pending',
  ])
})

it('takes bytes beyond ASCII for what they are', () => {
  expect(read(Buffer.from('550 5.1.1 Empfänger unbekannt\r\n'), [15, 16])).toEqual([
    '550 550 5.1.1 Empfänger unbekannt',
  ])
})

it('says the same however the bytes come, and never anything but a reply or the end', () => {
  const line = fc.oneof(
    fc.constantFrom(
      '250 Ok\r\n',
      '250-more\r\n',
      '354 go\n',
      '421 bye\r\n',
      '99 x\r\n',
      '250\tx\r\n',
      '\r\n',
      '2',
      'x'.repeat(5_000),
    ),
    fc.string({ maxLength: 20 }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.array(fc.nat(200), { maxLength: 6 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.join(''))
      const whole = read(bytes, []).filter((one) => one !== 'garbled')
      const parts = read(bytes, cuts).filter((one) => one !== 'garbled')
      // In pieces, replies before the fault are handed on; in one piece the fault comes first.
      expect(parts.slice(0, whole.length)).toEqual(whole)
    }),
    { numRuns: 1_000 },
  )
})
