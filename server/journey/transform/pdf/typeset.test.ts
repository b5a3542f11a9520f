import { describe, expect, it } from 'vitest'
import { createTypesetter } from './typeset.ts'

const UPRIGHT = { bold: false, italic: false }

const set = (text: string) => {
  const typesetter = createTypesetter()
  return { ...typesetter.faced(text, UPRIGHT), missing: typesetter.missing() }
}

describe('text for the fonts at hand', () => {
  it.each([
    ['Latin', 'Grüße žluťoučký Łódź ğışİ'],
    ['Greek', 'Ελληνικά ἀρχή'],
    ['Cyrillic', 'Привет Ґґ'],
    ['Vietnamese', 'Tiếng Việt'],
    ['Devanagari', 'हिन्दी'],
    ['Arabic', 'اللغة العربية گچپژ'],
    ['Hebrew', 'עִבְרִית'],
    ['Thai', 'ภาษาไทย กำลังใจ'],
    ['Han', '简体 繁體 漢字'],
    ['kana', 'ひらがな カタカナ ー々'],
    ['Hangul', '한국어 뮐러'],
    ['emoji', '😀🎉👍🏽👨‍👩‍👧🇩🇪❤️'],
    ['signs', '☎ ✓ → ≤ ∑ ① ■ €'],
  ])('shows %s with the fonts that come with the server', (_, text) => {
    const { missing, faces } = set(text)
    expect(missing.count).toBe(0)
    for (const face of faces) if (face) expect(face.path).toContain('@fontsource')
  })

  it('replaces and counts what no font has, by script', () => {
    const { text, missing } = set('a\u{1d173}\u{12000}\u{13000}b')
    expect(text.replaceAll('\u{1d173}', '')).toBe('a\ufffd\ufffdb')
    expect(missing).toEqual({ count: 2, scripts: ['other'] })
  })

  it('removes controls, selectors and halves of surrogate pairs without a trace of harm', () => {
    expect(set('a\u0007\ufe0f\ud800b').text).toBe('a\ufffdb')
  })

  it('sets bold and slanted letters in fonts of their own', () => {
    const paths = [UPRIGHT, { bold: true, italic: false }, { bold: true, italic: true }].map(
      (slant) => createTypesetter().faced('a', slant).faces[0]!.path,
    )
    expect(new Set(paths).size).toBe(3)
  })
})
