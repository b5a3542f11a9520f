/** The fonts of PDF pages, into the package: only the files that are read, each package with its licence. */
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FONT_PACKAGES, fontFile, fontFolder, subsetsOf } from '../server/journey/transform/pdf/font-files.ts'

/** Copies below `target`, in the shape in which `fontFolder` finds them. Throws when a package is not installed. */
export function copyFonts(target: string): void {
  for (const one of FONT_PACKAGES) {
    const from = fontFolder(one.name)
    if (from === null) throw new Error(`@fontsource/${one.name} is not installed`)
    const to = join(target, one.name)
    mkdirSync(join(to, 'files'), { recursive: true })
    for (const file of ['LICENSE', 'unicode.json']) cpSync(join(from, file), join(to, file))
    for (const { file } of subsetsOf(one, from))
      for (const weight of [400, 700] as const)
        for (const italic of one.italic ? [false, true] : [false]) {
          const name = fontFile(one.name, file, weight, italic)
          cpSync(join(from, 'files', name), join(to, 'files', name))
        }
  }
}
