/// <reference path="./fontkit.d.ts" />
import { describe, expect, it } from 'vitest'
import { FONT_PACKAGES, type FontPackage, fontFile, fontFolder, subsetsOf } from './font-files.ts'
import { faceOf } from './fonts.ts'
import { layOut } from './layout.ts'
import { openFont } from './open-font.ts'

const MARK = /\p{M}/u

function fontsOf(one: FontPackage) {
  const folder = fontFolder(one.name)!
  const files = new Set(subsetsOf(one, folder).map(({ file }) => file))
  return [...files].map((file) => openFont(`${folder}/files/${fontFile(one.name, file, 400, false)}`)!)
}

/** The first hundred texts over which the library stumbles, by code points. */
function stumbles(one: FontPackage, textsOf: (character: string, marks: readonly string[]) => readonly string[]) {
  const found: string[] = []
  for (const font of fontsOf(one)) {
    const characters = font.characterSet.map((codePoint) => String.fromCodePoint(codePoint))
    const marks = characters.filter((character) => MARK.test(character))
    for (const text of characters.flatMap((character) => textsOf(character, marks)))
      try {
        font.layout(text)
      } catch {
        found.push([...text].map((c) => c.codePointAt(0)!.toString(16)).join(' '))
      }
  }
  return found.slice(0, 100)
}

describe('the fonts that come with the server', () => {
  it.each(FONT_PACKAGES)('$name shows each of its characters by its own rules, alone and with a mark', (one) => {
    let turn = 0
    const found = stumbles(one, (character, marks) => [
      character,
      ...(marks.length > 0 ? [0, 1, 2].map(() => character + marks[turn++ % marks.length]!) : []),
    ])
    expect(found).toEqual([])
  })
})

describe('a font whose rules make the library stumble', () => {
  const { font } = faceOf(0x5d0, { bold: false, italic: false })!
  const idsOf = (text: string, direction: 'ltr' | 'rtl' = 'ltr') =>
    layOut(broken(), text, direction).glyphs.map(({ id }) => id)
  const broken = (mends = (_features: unknown) => false) =>
    Object.create(font, {
      layout: {
        value(...given: Parameters<typeof font.layout>) {
          if (!mends(given[1])) throw new TypeError('cannot read properties of null')
          return font.layout(...given)
        },
      },
    }) as typeof font

  it('shows every character where the one before it ends', () => {
    const { glyphs, positions } = layOut(broken(), 'אב', 'ltr')
    expect(glyphs.map(({ codePoints }) => codePoints)).toEqual([[0x5d0], [0x5d1]])
    expect(positions.map(({ xAdvance }) => xAdvance)).toEqual(glyphs.map(({ advanceWidth }) => advanceWidth))
    expect(idsOf('אב', 'rtl')).toEqual(idsOf('אב').toReversed())
  })

  it('keeps the joined forms where only the places fail', () => {
    const onlyPlaced = broken((features) => features !== undefined)
    expect(layOut(onlyPlaced, 'שָׁלוֹם', 'rtl').glyphs.map(({ id }) => id)).toEqual(
      layOut(font, 'שָׁלוֹם', 'rtl').glyphs.map(({ id }) => id),
    )
  })
})
