import { describe, expect, it } from 'vitest'
import { breakPlaces, createTypesetter } from './typeset.ts'

const set = async (text: string) => {
  const typesetter = await createTypesetter([text])
  return { ...typesetter.set(text), missing: typesetter.missing() }
}

describe('text for the fonts at hand', () => {
  it('covers Latin, Greek, Cyrillic, Vietnamese and Devanagari from the bundle', async () => {
    for (const text of ['Grüße žluťoučký Łódź ğışİ', 'Ελληνικά ἀρχή', 'Привет Ґґ', 'Tiếng Việt', 'हिन्दी']) {
      expect(await set(text)).toMatchObject({ text: text.normalize('NFC'), missing: { count: 0 } })
    }
  })

  it('replaces and counts what no font has, by script', async () => {
    const { text, missing } = await set('a\u{1d173}\u{12000}\u{13000}b')
    expect(text).toBe('a\ufffd\ufffdb')
    expect(missing).toEqual({ count: 2, scripts: ['other'] })
    expect((await set('漢字')).missing.scripts).toEqual(['Han'])
  })

  it('removes controls, selectors and halves of surrogate pairs without a trace of harm', async () => {
    expect(await set('a\u0007\ufe0f\ud800b')).toMatchObject({ text: 'a\ufffdb' })
  })
})

describe('places to break', () => {
  it('leaves ordinary words whole', () => expect(breakPlaces('Quartalsbericht')).toEqual(['Quartalsbericht']))

  it('never alters a word', () => {
    for (const word of [
      'https://example.com/a/b?c=d&e=f-g',
      'a'.repeat(100),
      '漢字テスト',
      '-'.repeat(50),
      '\u{1f600}'.repeat(30),
    ]) {
      const parts = breakPlaces(word)
      expect(parts.join('')).toBe(word)
      expect(parts.length).toBeGreaterThan(2)
    }
  })
})
