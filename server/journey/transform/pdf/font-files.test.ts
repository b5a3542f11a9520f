import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { FONT_PACKAGES, fontFile, fontFolder, subsetsOf } from './font-files.ts'
import { openFont } from './open-font.ts'

it.each(FONT_PACKAGES)('$name is there, whole, in both weights, with its licence', (one) => {
  const folder = fontFolder(one.name)!
  expect(existsSync(`${folder}/LICENSE`)).toBe(true)
  const subsets = subsetsOf(one, folder)
  expect(subsets.length).toBeGreaterThan(0)
  for (const { file } of subsets)
    for (const weight of [400, 700] as const)
      expect(existsSync(`${folder}/files/${fontFile(one.name, file, weight, false)}`), `${file} ${weight}`).toBe(true)
  expect(openFont(`${folder}/files/${fontFile(one.name, subsets[0]!.file, 400, false)}`)).not.toBeNull()
})

it('takes nothing that is no font', () => {
  expect(openFont('/nonexistent')).toBeNull()
  expect(openFont(import.meta.filename)).toBeNull()
})
