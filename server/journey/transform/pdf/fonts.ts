/**
 * Which font shows which character. Bundled: Noto Sans in its Latin, Greek, Cyrillic, Vietnamese and Devanagari subsets.
 * Further scripts come from Noto fonts of the system where they are installed. Only what a document uses is loaded.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Font } from '@react-pdf/renderer'

const { resolve } = createRequire(import.meta.url)

/** Where Linux distributions put Noto and DejaVu. */
const SYSTEM_DIRECTORIES = ['/usr/share/fonts/truetype/noto', '/usr/share/fonts/noto', '/usr/share/fonts/google-noto']
const DEJAVU = ['/usr/share/fonts/truetype/dejavu', '/usr/share/fonts/dejavu', '/usr/share/fonts/dejavu-sans-fonts']

/** Fonts of the system by the script they serve (Unicode Standard Annex 24). */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  Arabic: /\p{Script_Extensions=Arabic}/u,
  Hebrew: /\p{Script_Extensions=Hebrew}/u,
  Thai: /\p{Script_Extensions=Thai}/u,
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

/** Everything that can be the family of a run: the first is for Latin text and comes with every run. */
export const BASE_FAMILY = 'noto-latin'

interface Family {
  readonly name: string
  serves(codePoint: number): boolean
}

let families: readonly Family[] | null = null

/** Registers every font that exists; opening them waits until one is needed. */
function known(): readonly Family[] {
  families ??= [...bundled(), ...ofTheSystem()]
  return families
}

function bundled(): Family[] {
  const ranges = JSON.parse(readFileSync(resolve('@fontsource/noto-sans/unicode.json'), 'utf8')) as Record<
    string,
    string
  >
  const names = ['latin', 'latin-ext', 'greek', 'greek-ext', 'cyrillic', 'cyrillic-ext', 'vietnamese', 'devanagari']
  return names.map((subset) => {
    const file = (weight: number, style: string) =>
      resolve(`@fontsource/noto-sans/files/noto-sans-${subset}-${weight}-${style}.woff`)
    Font.register({
      family: `noto-${subset}`,
      fonts: [400, 700].flatMap((fontWeight) =>
        (['normal', 'italic'] as const).map((fontStyle) => ({
          src: file(fontWeight, fontStyle),
          fontWeight,
          fontStyle,
        })),
      ),
    })
    const spans = (ranges[subset] ?? '').split(',').map((range) => {
      const [low, high] = range.slice(2).split('-')
      return [Number.parseInt(low!, 16), Number.parseInt(high ?? low!, 16)] as const
    })
    return { name: `noto-${subset}`, serves: (c: number) => spans.some(([low, high]) => c >= low && c <= high) }
  })
}

function ofTheSystem(): Family[] {
  const scripts = Object.entries(SCRIPTS).map(([script, pattern]) => ({ file: `NotoSans${script}`, pattern }))
  const symbols = ['NotoSansSymbols', 'NotoSansSymbols2', 'NotoSansMath'].map((file) => ({ file, pattern: SYMBOLS }))
  const found = [...scripts, ...symbols].map(({ file, pattern }) => ({
    name: file,
    pattern,
    regular: firstOf(SYSTEM_DIRECTORIES, `${file}-Regular.ttf`),
    bold: firstOf(SYSTEM_DIRECTORIES, `${file}-Bold.ttf`),
  }))
  const last = {
    name: 'DejaVuSans',
    pattern: SYMBOLS,
    regular: firstOf(DEJAVU, 'DejaVuSans.ttf'),
    bold: firstOf(DEJAVU, 'DejaVuSans-Bold.ttf'),
  }
  return [...found, last].flatMap(({ name, pattern, regular, bold }) => {
    if (regular === null) return []
    const upright = [
      { src: regular, fontWeight: 400 },
      { src: bold ?? regular, fontWeight: 700 },
    ]
    const styles = (['normal', 'italic'] as const).flatMap((fontStyle) => upright.map((f) => ({ ...f, fontStyle })))
    Font.register({ family: name, fonts: styles })
    return [{ name, serves: (c: number) => pattern.test(String.fromCodePoint(c)) }]
  })
}

function firstOf(directories: readonly string[], file: string): string | null {
  return directories.map((directory) => `${directory}/${file}`).find((path) => existsSync(path)) ?? null
}

/** Character -> family that has a glyph for it, or null; kept for the life of the worker. */
const chosen = new Map<number, string | null>()

/** Finds a font for every character of `text`. Afterwards `familyOf` answers for them. */
export async function findFonts(text: Iterable<string>): Promise<void> {
  for (const character of text) {
    const codePoint = character.codePointAt(0)!
    if (chosen.has(codePoint)) continue
    chosen.set(codePoint, await choose(codePoint))
  }
}

export function familyOf(codePoint: number): string | null {
  return chosen.get(codePoint) ?? null
}

async function choose(codePoint: number): Promise<string | null> {
  for (const { name, serves } of known()) {
    if (serves(codePoint) && (await hasGlyph(name, codePoint))) return name
  }
  return null
}

async function hasGlyph(fontFamily: string, codePoint: number): Promise<boolean> {
  const wanted = { fontFamily, fontWeight: 400, fontStyle: 'normal' } as const
  try {
    await Font.load(wanted)
    const font = Font.getFont(wanted)?.data as { hasGlyphForCodePoint?(c: number): boolean } | null | undefined
    return font?.hasGlyphForCodePoint?.(codePoint) ?? false
  } catch {
    // An unreadable font of the system is one we do not have.
    return false
  }
}
