/**
 * The fonts that come with the server: which files of which package, and where they lie. The package (`npm pack`) holds
 * copies in `dist/fonts`, with their licences (OFL 1.1), because some of the packages are far larger than what is used.
 * WOFF and not WOFF2: the latter keeps glyphs in another form, which the PDF library cannot embed.
 */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface FontPackage {
  /** Below `@fontsource/`. */
  readonly name: string
  /** Parts of it that are used: names in its `unicode.json`, or all those with a number. */
  readonly subsets: readonly string[] | 'numbered'
  readonly italic?: boolean
  /** One file that holds all of these subsets: what is written as several characters is one glyph only inside of a file. */
  readonly whole?: string
  /** Only for these characters, whatever else it has. */
  readonly only?: RegExp
}

/** In the order in which a character looks for its font; the signs of Noto Emoji (one colour) come last. */
export const FONT_PACKAGES: readonly FontPackage[] = [
  {
    name: 'noto-sans',
    subsets: ['latin', 'latin-ext', 'greek', 'greek-ext', 'cyrillic', 'cyrillic-ext', 'vietnamese'],
    italic: true,
  },
  { name: 'noto-sans-hebrew', subsets: ['hebrew'] },
  { name: 'noto-sans-arabic', subsets: ['arabic'] },
  { name: 'noto-sans-devanagari', subsets: ['devanagari'] },
  { name: 'noto-sans-thai', subsets: ['thai'] },
  { name: 'noto-sans-kr', subsets: 'numbered', only: /\p{Script=Hangul}/u },
  // Han, both kana, and most signs of the East: fullwidth forms, circled numbers, arrows.
  { name: 'noto-sans-sc', subsets: 'numbered' },
  { name: 'noto-emoji', subsets: 'numbered', whole: 'emoji' },
]

/** Inclusive bounds of code points. */
export type Span = readonly [low: number, high: number]

export interface FontSubset {
  /** Part of the file's name. */
  readonly file: string
  readonly spans: readonly Span[]
}

/** Folder of a package: `dist/fonts` of the installed server, else that of npm. Null where it is not installed. */
export function fontFolder(name: string): string | null {
  const shipped = fileURLToPath(new URL(`../../../../fonts/${name}`, import.meta.url))
  if (existsSync(shipped)) return shipped
  try {
    return dirname(createRequire(import.meta.url).resolve(`@fontsource/${name}/unicode.json`))
  } catch {
    return null
  }
}

/** The subsets that are used, from the package's own list of their characters. */
export function subsetsOf({ subsets, whole }: FontPackage, folder: string): FontSubset[] {
  const ranges = JSON.parse(readFileSync(`${folder}/unicode.json`, 'utf8')) as Record<string, string>
  const found = Object.entries(ranges).flatMap(([key, range]) => {
    const file = key.replace(/^\[(.*)\]$/, '$1')
    const used = subsets === 'numbered' ? /^\d+$/.test(file) : subsets.includes(file)
    return used ? [{ file, spans: range.split(',').map(spanOf) }] : []
  })
  return whole === undefined ? found : [{ file: whole, spans: found.flatMap(({ spans }) => spans) }]
}

/** Name of a file below `files/`. */
export function fontFile(name: string, subset: string, weight: 400 | 700, italic: boolean): string {
  return `${name}-${subset}-${weight}-${italic ? 'italic' : 'normal'}.woff`
}

function spanOf(range: string): Span {
  const [low, high] = range.trim().slice(2).split('-')
  return [Number.parseInt(low!, 16), Number.parseInt(high ?? low!, 16)]
}
