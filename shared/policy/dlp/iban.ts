import { type Detector, isWordAt } from './detector.ts'
import { mod97 } from './digits.ts'

/** Length by country, of the registry that SWIFT keeps for ISO 13616. */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'NO15 BE16 DK18 FI18 FK18 FO18 GL18 NL18 SD18 MK19 SI19 AT20 BA20 EE20 KZ20 LT20 LU20 XK20 CH21 HR21 LI21 LV21 ' +
    'BG22 BH22 CR22 DE22 GB22 GE22 IE22 ME22 RS22 VA22 AE23 GI23 IL23 IQ23 OM23 SO23 TL23 AD24 CZ24 ES24 MD24 PK24 RO24 ' +
    'SA24 SE24 SK24 TN24 VG24 LY25 PT25 ST25 IS26 TR26 BI27 DJ27 FR27 GR27 IT27 MC27 MR27 SM27 AL28 AZ28 BY28 CY28 DO28 ' +
    'GT28 HN28 HU28 LB28 NI28 PL28 SV28 BR29 EG29 PS29 QA29 UA29 JO30 KW30 YE30 MT31 SC31 LC32 RU33'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))] as const),
)

const START = /[A-Za-z]{2}\d{2}/g
const LETTER_OR_DIGIT = /[A-Za-z0-9]/

export const iban: Detector = {
  name: 'iban',
  doc: {
    de: 'IBAN: Länge des Landes und Prüfziffern (ISO 13616, MOD 97-10)',
    en: "IBAN: the country's length and check digits (ISO 13616, MOD 97-10)",
  },
  *find(text) {
    for (const { 0: start, index } of text.matchAll(START)) {
      const length = LENGTHS.get(start.slice(0, 2).toUpperCase())
      if (length === undefined || isWordAt(text, index - 1)) continue
      const found = read(text, index, length)
      if (found !== null && mod97(found)) yield found
    }
  },
}

/** `length` letters and digits from `at`, with at most one space or hyphen between two; null when it ends otherwise. */
function read(text: string, at: number, length: number): string | null {
  let found = ''
  let place = at
  for (; found.length < length; place++) {
    const character = text[place] ?? ''
    if (LETTER_OR_DIGIT.test(character)) found += character
    else if ((character !== ' ' && character !== '-') || !LETTER_OR_DIGIT.test(text[place + 1] ?? '')) return null
  }
  return isWordAt(text, place) ? null : found.toUpperCase()
}
