/** The few CSS properties of a `style` attribute that a readable page keeps. Nothing here loads anything. */
import type { Align, RunStyle } from './blocks.ts'

export type Declarations = ReadonlyMap<string, string>

/** Property -> value, lower case; of an attribute longer than 4,096 characters only that much is read. */
export function declarations(style: string | undefined): Declarations {
  const pairs = (style ?? '').slice(0, 4096).toLowerCase().split(';').slice(0, 64)
  return new Map(
    pairs.flatMap((pair) => {
      const colon = pair.indexOf(':')
      return colon < 0
        ? []
        : [
            [
              pair.slice(0, colon).trim(),
              pair
                .slice(colon + 1)
                .replace('!important', '')
                .trim(),
            ],
          ]
    }),
  )
}

/** Text that the sender's own program would not show either. */
export function isHidden(css: Declarations): boolean {
  return (
    css.get('display') === 'none' ||
    css.get('visibility') === 'hidden' ||
    css.get('mso-hide') === 'all' ||
    /^0(px|pt|em|%)?$/.test(css.get('font-size') ?? '') ||
    /^0(px)?$/.test(css.get('max-height') ?? '')
  )
}

export function textStyle(css: Declarations, colorAttribute?: string): RunStyle {
  const weight = css.get('font-weight') ?? ''
  const decoration = `${css.get('text-decoration') ?? ''} ${css.get('text-decoration-line') ?? ''}`
  const color = readableColor(css.get('color') ?? colorAttribute?.toLowerCase())
  return {
    ...(/^(bold|bolder|[6-9]00)$/.test(weight) ? { bold: true } : {}),
    ...(/^(normal|[1-5]00)$/.test(weight) ? { bold: false } : {}),
    ...(/^(italic|oblique)/.test(css.get('font-style') ?? '') ? { italic: true } : {}),
    ...(decoration.includes('underline') ? { underline: true } : {}),
    ...(decoration.includes('line-through') ? { strike: true } : {}),
    ...(color ? { color } : {}),
  }
}

export function alignment(value: string | undefined): Align | undefined {
  const align = value?.toLowerCase()
  return align === 'left' || align === 'center' || align === 'right' ? align : undefined
}

const NAMES: Readonly<Record<string, string>> = {
  black: '#000000',
  gray: '#808080',
  grey: '#808080',
  maroon: '#800000',
  red: '#ff0000',
  purple: '#800080',
  fuchsia: '#ff00ff',
  green: '#008000',
  olive: '#808000',
  navy: '#000080',
  blue: '#0000ff',
  teal: '#008080',
  darkblue: '#00008b',
  darkgreen: '#006400',
  darkred: '#8b0000',
  orange: '#ffa500',
  brown: '#a52a2a',
}

/** `#rrggbb` of a colour that can be read on white (contrast at least 3:1, WCAG 2), else undefined. */
export function readableColor(value: string | undefined): string | undefined {
  const hex = value === undefined ? undefined : toHex(value)
  return hex !== undefined && luminance(hex) <= 0.3 ? hex : undefined
}

function toHex(value: string): string | undefined {
  if (/^#[0-9a-f]{6}$/.test(value)) return value
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(value)
  if (short) return `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}`
  const rgb = /^rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})/.exec(value)
  if (rgb) {
    const channels = rgb.slice(1, 4).map((n) => Math.min(255, Number(n)).toString(16).padStart(2, '0'))
    return `#${channels.join('')}`
  }
  return Object.hasOwn(NAMES, value) ? NAMES[value] : undefined
}

/** Relative luminance (WCAG 2), 0 to 1. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
