import type { Language } from '../../../../shared/words/filelink.ts'

/**
 * One line of plain text: control characters, line ends and the invisible marks that reverse a name's direction
 * ("gpj.exe" shown as "exe.jpg") become spaces.
 */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
}

/** `24. Dezember 2026, 17:05 MEZ` or `24 December 2026 at 17:05 CET`; the zone is named because recipients live anywhere. */
export function dateInWords(language: Language, time: number, timeZone: string): string {
  return new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(time)
}

/** Decimal units as download pages and file managers show them: `119.8 MB`. */
export function sizeInWords(language: Language, bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1
  return `${value.toLocaleString(language, { maximumFractionDigits: digits })} ${units[unit]}`
}
