/**
 * Which font shows which character. Latin, Greek, Cyrillic, Hebrew, Arabic, Devanagari, Thai, Han, kana, Hangul and emoji
 * come with the server (font-files.ts); further scripts from Noto fonts of the system where they are installed. A file is
 * opened when a character needs it, and kept for the life of the worker.
 */
import { existsSync } from 'node:fs'
import type { FontFile } from 'fontkit'
import { FONT_PACKAGES, type FontPackage, fontFile, fontFolder, type Span, subsetsOf } from './font-files.ts'
import { openFont } from './open-font.ts'

/** One file: a script in one weight and slant. */
export interface Face {
  readonly path: string
  readonly font: FontFile
}

export interface Slant {
  readonly bold: boolean
  readonly italic: boolean
}

/** Where Linux distributions put Noto and DejaVu. */
const SYSTEM_DIRECTORIES = ['/usr/share/fonts/truetype/noto', '/usr/share/fonts/noto', '/usr/share/fonts/google-noto']
const DEJAVU = ['/usr/share/fonts/truetype/dejavu', '/usr/share/fonts/dejavu', '/usr/share/fonts/dejavu-sans-fonts']

/** Fonts of the system by the script they serve (Unicode Standard Annex 24); those that come with the server are not here. */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  Armenian: /\p{Script_Extensions=Armenian}/u,
  Georgian: /\p{Script_Extensions=Georgian}/u,
  Bengali: /\p{Script_Extensions=Bengali}/u,
  Tamil: /\p{Script_Extensions=Tamil}/u,
  Telugu: /\p{Script_Extensions=Telugu}/u,
  Gujarati: /\p{Script_Extensions=Gujarati}/u,
  Gurmukhi: /\p{Script_Extensions=Gurmukhi}/u,
  Kannada: /\p{Script_Extensions=Kannada}/u,
  Malayalam: /\p{Script_Extensions=Malayalam}/u,
  Sinhala: /\p{Script_Extensions=Sinhala}/u,
  Khmer: /\p{Script_Extensions=Khmer}/u,
  Lao: /\p{Script_Extensions=Lao}/u,
  Ethiopic: /\p{Script_Extensions=Ethiopic}/u,
}
/** For signs of no script: arrows, mathematics, pictographs. */
const SYMBOLS = /[\p{S}\p{P}\p{N}\p{Extended_Pictographic}]/u

interface Family {
  serves(codePoint: number): boolean
  path(slant: Slant): string
}

let families: readonly Family[] | null = null
/** Path -> face, or null for a file that cannot be used: one we do not have. */
const opened = new Map<string, Face | null>()
/** Code point and slant -> face, or null where no font has it. */
const chosen = new Map<number, Face | null>()

/** The face that shows a character, in the order of font-files.ts and then the system's; null when there is none. */
export function faceOf(codePoint: number, slant: Slant): Face | null {
  const key = codePoint * 4 + (slant.bold ? 2 : 0) + (slant.italic ? 1 : 0)
  const known = chosen.get(key)
  if (known !== undefined) return known
  const face = choose(codePoint, slant)
  chosen.set(key, face)
  return face
}

function choose(codePoint: number, slant: Slant): Face | null {
  families ??= [...FONT_PACKAGES.flatMap(bundled), ...ofTheSystem()]
  for (const family of families) {
    if (!family.serves(codePoint)) continue
    const face = open(family.path(slant))
    if (face?.font.hasGlyphForCodePoint(codePoint)) return face
  }
  return null
}

function open(path: string): Face | null {
  const known = opened.get(path)
  if (known !== undefined) return known
  const font = openFont(path)
  const face = font && { path, font }
  opened.set(path, face)
  return face
}

function bundled(one: FontPackage): Family[] {
  const folder = fontFolder(one.name)
  if (folder === null) return []
  return subsetsOf(one, folder).map(({ file, spans }) => ({
    serves: (c) => within(spans, c) && (one.only?.test(String.fromCodePoint(c)) ?? true),
    // A script without slanted letters stands upright in a slanted run.
    path: ({ bold, italic }) =>
      `${folder}/files/${fontFile(one.name, file, bold ? 700 : 400, one.italic === true && italic)}`,
  }))
}

function within(spans: readonly Span[], codePoint: number): boolean {
  return spans.some(([low, high]) => codePoint >= low && codePoint <= high)
}

function ofTheSystem(): Family[] {
  const scripts = Object.entries(SCRIPTS).map(([script, pattern]) => ({ file: `NotoSans${script}`, pattern }))
  const symbols = ['NotoSansSymbols', 'NotoSansSymbols2', 'NotoSansMath'].map((file) => ({ file, pattern: SYMBOLS }))
  const noto = [...scripts, ...symbols].map(({ file, pattern }) => ({
    pattern,
    regular: firstOf(SYSTEM_DIRECTORIES, `${file}-Regular.ttf`),
    bold: firstOf(SYSTEM_DIRECTORIES, `${file}-Bold.ttf`),
  }))
  const last = {
    pattern: SYMBOLS,
    regular: firstOf(DEJAVU, 'DejaVuSans.ttf'),
    bold: firstOf(DEJAVU, 'DejaVuSans-Bold.ttf'),
  }
  return [...noto, last].flatMap(({ pattern, regular, bold }) =>
    regular === null
      ? []
      : [
          {
            serves: (c: number) => pattern.test(String.fromCodePoint(c)),
            path: (slant: Slant) => (slant.bold && bold !== null ? bold : regular),
          },
        ],
  )
}

function firstOf(directories: readonly string[], file: string): string | null {
  return directories.map((directory) => `${directory}/${file}`).find((path) => existsSync(path)) ?? null
}
