import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { look } from './flow.ts'
import { type Line, setLines } from './lines.ts'
import { createTypesetter } from './typeset.ts'

const set = (text: string, width = 200, rightToLeft = false) =>
  setLines([{ text, look: look() }], width, rightToLeft, createTypesetter())

/** From the left, as it is seen. */
const seen = ({ pieces }: Line) =>
  pieces.flatMap(({ shaped }) => shaped.written ?? shaped.glyphs.map(({ text }) => text)).join('')

describe('lines', () => {
  it('break at spaces, none wider than the column', () => {
    const lines = set('The quick brown fox jumps over the lazy dog and goes on to run through the woods.')
    expect(lines.length).toBeGreaterThan(1)
    for (const { width } of lines) expect(width).toBeLessThanOrEqual(200)
    expect(lines.map(seen).join(' ')).toBe(
      'The quick brown fox jumps over the lazy dog and goes on to run through the woods.',
    )
  })

  it('cut a word without end, and lose nothing of it', () => {
    for (const word of ['x'.repeat(500), `https://example.org/${'path/'.repeat(40)}?q=1`, '\u{1f600}'.repeat(60)]) {
      const lines = set(word)
      for (const { width } of lines) expect(width).toBeLessThanOrEqual(200)
      expect(lines.map(seen).join('')).toBe(word)
    }
  })

  it('break Thai between words and ideographs anywhere, but not before a full stop', () => {
    const thai = set('กรุณาตรวจสอบรายงานประจำไตรมาสที่แนบมาพร้อมกับอีเมลฉบับนี้', 120)
    expect(thai.length).toBeGreaterThan(1)
    for (const line of thai) expect(seen(line)).not.toMatch(/^\p{M}/u)
    for (let width = 30; width < 80; width += 3)
      for (const line of set('漢字漢字漢字。漢字漢字漢字、漢字', width)) expect(seen(line)).not.toMatch(/^[。、]/)
  })

  it('set mixed directions in the order in which they are read', () => {
    expect(seen(set('abc שלום 12 def')[0]!)).toBe('abc 12 םולש def')
    expect(seen(set('שלום 12 abc', 200, true)[0]!)).toBe('abc 12 םולש')
  })

  it('are as wide as their pieces, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), fc.integer({ min: 20, max: 300 }), (text, width) => {
        for (const line of set(text, width)) {
          const sum = line.pieces.reduce((total, piece) => total + piece.width, 0)
          expect(sum).toBeCloseTo(line.width, 6)
          if (line.pieces.length > 1) expect(Number.isFinite(line.width)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})
