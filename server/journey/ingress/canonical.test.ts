import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../shared/fault/index.ts'
import { checkLines } from './canonical.ts'

function verdict(text: string | Buffer, cuts: readonly number[] = [], maxLine = 998): string {
  const bytes = Buffer.isBuffer(text) ? text : Buffer.from(text, 'latin1')
  const lines = checkLines(maxLine)
  try {
    let from = 0
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      const to = Math.min(Math.max(cut, from), bytes.length)
      lines.push(bytes.subarray(from, to))
      from = to
    }
    lines.push(bytes.subarray(from))
    lines.end()
    return lines.complete ? 'complete' : 'open'
  } catch (error) {
    return (error as Fault).code
  }
}

/** The rule as one would write it down. */
function plainly(text: string, maxLine: number): string[] {
  const faults = []
  if (text.includes('\0')) faults.push('nul-byte')
  if (/\r(?!\n)|(?<!\r)\n/.test(text)) faults.push('bare-line-end')
  if (text.split('\r\n').some((line) => line.length > maxLine)) faults.push('line-too-long')
  return faults
}

describe('canonical lines', () => {
  it.each([
    ['a\r\nb\r\n', 'complete'],
    ['', 'complete'],
    ['a\r\nb', 'open'],
    ['a\nb\r\n', 'bare-line-end'],
    ['a\rb\r\n', 'bare-line-end'],
    ['a\r\r\n', 'bare-line-end'],
    ['a\r', 'bare-line-end'],
    ['a\0b\r\n', 'nul-byte'],
    [`${'x'.repeat(998)}\r\n`, 'complete'],
    [`${'x'.repeat(999)}\r\n`, 'line-too-long'],
  ])('%j is %s', (text, expected) => {
    for (let cut = 0; cut <= Math.min(text.length, 1_000); cut++) expect(verdict(text, [cut])).toBe(expected)
  })

  it('agrees with the plain rule however the bytes are cut', () => {
    const piece = fc.constantFrom('\r\n', '\r', '\n', '\0', 'a', 'bcd', '.', 'x'.repeat(7), 'é')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(90), { maxLength: 6 }), (pieces, cuts) => {
        const text = pieces.join('')
        const result = verdict(text, cuts, 10)
        const faults = plainly(text, 10)
        if (faults.length === 0) expect(['complete', 'open']).toContain(result)
        else expect(faults).toContain(result)
      }),
      { numRuns: 2_000 },
    )
  })

  it('sees 8-bit bytes', () => {
    const lines = checkLines()
    lines.push(Buffer.from('abc\r\n'))
    expect(lines.eightBit).toBe(false)
    lines.push(Buffer.from('ä\r\n'))
    expect(lines.eightBit).toBe(true)
  })
})
