import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unstuffer } from './unstuff.ts'

/** Content in latin1 and what is left behind the end; null while there is no end. */
function read(text: string, cuts: readonly number[] = []): { content: string; rest: string | null } {
  const bytes = Buffer.from(text, 'latin1')
  const reader = unstuffer()
  const borders = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  let content = ''
  for (let index = 1; index < borders.length; index++) {
    const piece = reader.push(bytes.subarray(borders[index - 1], borders[index]))
    content += piece.content.toString('latin1')
    if (piece.end >= 0) return { content, rest: bytes.toString('latin1', borders[index - 1]! + piece.end) }
  }
  return { content, rest: null }
}

/** RFC 5321 4.5.2 as one would write it down. */
function plainly(text: string): { content: string; rest: string | null } {
  const framed = `\r\n${text}`
  const end = framed.indexOf('\r\n.\r\n')
  const content = (end < 0 ? framed : framed.slice(0, end + 2)).replaceAll('\r\n.', '\r\n').slice(2)
  return { content, rest: end < 0 ? null : framed.slice(end + 5) }
}

describe('content after DATA', () => {
  it.each([
    ['a\r\n.\r\nQUIT', 'a\r\n', 'QUIT'],
    ['.\r\n', '', ''],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['..a\r\n...\r\n.\r\n', '.a\r\n..\r\n', ''],
    ['.a\r\n.\r\n', 'a\r\n', ''],
    ['a\n.\n', 'a\n.\n', null],
    ['a\n.\r\n', 'a\n.\r\n', null],
    ['a\r.\r', 'a\r.\r', null],
    ['a\n..\r\n', 'a\n..\r\n', null],
    ['.\r.\r\n', '\r.\r\n', null],
    ['.\r\r\n.\r\n', '\r\r\n', ''],
  ])('%j is %j, then %j, however it is cut', (text, content, rest) => {
    expect(read(text)).toEqual({ content, rest })
    for (let cut = 1; cut < text.length; cut++) expect(read(text, [cut])).toEqual({ content, rest })
    expect(
      read(
        text,
        Array.from(text, (_, index) => index),
      ),
    ).toEqual({ content, rest })
  })

  it('agrees with the plain rule', () => {
    const piece = fc.constantFrom('\r\n', '\r', '\n', '.', '..', '\r\n.', 'a', 'x'.repeat(60), '\r\n.\r\n')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(400), { maxLength: 6 }), (pieces, cuts) => {
        const text = pieces.join('')
        const expected = plainly(text)
        // A dot or CR that is held back belongs to nobody yet.
        if (expected.rest === null) expect(expected.content.startsWith(read(text, cuts).content)).toBe(true)
        else expect(read(text, cuts)).toEqual(expected)
      }),
      { numRuns: 3_000 },
    )
  })
})
