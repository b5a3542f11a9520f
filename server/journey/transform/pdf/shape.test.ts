import { describe, expect, it } from 'vitest'
import { cpuMs } from '../../../../test/support/cpu-time.ts'
import { hasRightToLeft } from './direction.ts'
import { faceOf } from './fonts.ts'
import { shape } from './shape.ts'
import { createTypesetter } from './typeset.ts'

const UPRIGHT = { bold: false, italic: false }

/** What the glyphs of a word say, from the left, and how many there are. */
const glyphsOf = (word: string, rightToLeft = false) => {
  const { text, faces } = createTypesetter().faced(word, UPRIGHT)
  return shape(text, faces[0]!, rightToLeft)
}

describe('shaping', () => {
  it('joins Arabic letters, from the right, and each keeps its own character', () => {
    const { glyphs } = glyphsOf('تقرير', true)
    expect(glyphs.map(({ text }) => text).filter(Boolean)).toEqual([...'تقرير'].reverse())
    const alone = [...'تقرير'].map((letter) => glyphsOf(letter, true).width)
    expect(glyphsOf('تقرير', true).width).toBeLessThan(alone.reduce((sum, width) => sum + width, 0))
  })

  it('mirrors brackets that run from the right and remembers what was written', () => {
    const [mirrored] = glyphsOf('(', true).glyphs
    const [plain] = glyphsOf(')').glyphs
    expect(mirrored!.id).toBe(plain!.id)
    expect(mirrored!.text).toBe('(')
  })

  it('remembers what was written where glyphs stand in another order', () => {
    expect(glyphsOf('हिन्दी').written).toBe('हिन्दी')
    expect(glyphsOf('abc').written).toBeUndefined()
  })

  it('joins a family of emoji to one sign', () => expect(glyphsOf('👨‍👩‍👧').glyphs).toHaveLength(1))

  it('sets the dot of ڢ (U+06A2) under the letter, though the first rule for such dots does not know this letter', () => {
    const { glyphs, width } = glyphsOf('\u06a2', true)
    expect(glyphs).toHaveLength(2)
    const dot = glyphs.find(({ text }) => text === '')!
    expect(dot.y).toBeLessThan(0)
    expect(dot.advance).toBe(0)
    expect(dot.x).toBeGreaterThan(0.2 * width)
    expect(dot.x).toBeLessThan(width)
  })

  it('says all of a word without end, in time that grows with its length', () => {
    for (const unit of ['x', 'ب', 'बि', '\u0301', '\u05b0', '👨\u200d', '\u{1d165}', 'क्']) {
      const word = unit.repeat(10_000)
      const rightToLeft = hasRightToLeft(unit)
      const began = cpuMs()
      const { glyphs, written } = glyphsOf(word, rightToLeft)
      expect(cpuMs() - began, unit).toBeLessThan(3_000)
      const said = written ?? glyphs.map(({ text }) => text)
      if (!rightToLeft && faceOf(unit.codePointAt(0)!, UPRIGHT)) expect([...said].join('')).toBe(word)
      if (unit === 'ب') expect(glyphs.filter(({ text }) => text === 'ب')).toHaveLength(10_000)
    }
  })
})
