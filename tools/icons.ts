/** Draws the pictures of the add-in from `addin/icons/*.svg` into `addin/public/icons` with rsvg-convert (Debian: librsvg2-bin). */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { APP_ICONS, BUTTON_ICONS, iconFile, OUTLINE_ICON, PACKAGE_ICONS } from '../addin/manifest/addin.ts'

const root = join(import.meta.dirname, '../addin')
/** Up to here the letter has one fold. */
const SMALL = 32

function draw(source: string, size: number, file: string): void {
  const target = join(root, 'public', file)
  execFileSync('rsvg-convert', ['-w', `${size}`, '-h', `${size}`, '-o', target, join(root, 'icons', source)])
}

mkdirSync(join(root, 'public/icons'), { recursive: true })
for (const size of [...BUTTON_ICONS, APP_ICONS.normal, APP_ICONS.fine, PACKAGE_ICONS.color])
  draw(size <= SMALL ? 'secflow-small.svg' : 'secflow.svg', size, iconFile(size))
draw('outline.svg', PACKAGE_ICONS.outline, OUTLINE_ICON)
