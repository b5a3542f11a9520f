/** Numbers that German authorities and insurers give to people. */
import { type Detector, isWordAt } from './detector.ts'
import { crossSums, letterNumber, mod11of10 } from './digits.ts'
import { digitRuns, numbersIn } from './groups.ts'

/** `12345678901`, `12 345 678 901`. */
function taxShape(lengths: readonly number[]): boolean {
  return lengths.length === 1 ? lengths[0] === 11 : lengths.join('-') === '2-3-3-3'
}

/** § 139b AO: not 0 in front; of the first ten digits one comes twice or three times, not three times in a row, the others once. */
function taxDigits(digits: string): boolean {
  if (digits[0] === '0') return false
  const first = digits.slice(0, 10)
  const counts = new Map<string, number>()
  for (const one of first) counts.set(one, (counts.get(one) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  return repeated.length === 1 && repeated[0]! <= 3 && !/(\d)\1\1/.test(first)
}

const taxId: Detector = {
  name: 'taxId',
  doc: {
    de: 'deutsche Steuer-Identifikationsnummer (§ 139b AO, ISO/IEC 7064 MOD 11,10)',
    en: 'German tax identification number (section 139b AO, ISO/IEC 7064 MOD 11,10)',
  },
  *find(text) {
    for (const run of digitRuns(text)) {
      yield* numbersIn(run, taxShape, (digits) => taxDigits(digits) && mod11of10(digits))
    }
  },
}

const SOCIAL = /\d{2}[ ]?\d{6}[ ]?[A-Za-z][ ]?\d{2}[ ]?\d/g
const SOCIAL_WEIGHTS = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]
/** Numbers of the pension insurers (VKVV § 2 and later changes). */
const AREAS = new Set(
  (
    '02 03 04 08 09 10 11 12 13 14 15 16 17 18 19 20 21 23 24 25 26 28 29 38 39 40 42 43 44 48 49 50 51 52 53 54 55 56 57 ' +
    '58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 89'
  ).split(' '),
)

const socialInsurance: Detector = {
  name: 'socialInsurance',
  doc: {
    de: 'Versicherungsnummer der Rentenversicherung (§ 147 SGB VI, Prüfziffer nach VKVV)',
    en: 'German pension insurance number (section 147 SGB VI, check digit of the VKVV)',
  },
  *find(text) {
    for (const { 0: found, index } of text.matchAll(SOCIAL)) {
      if (isWordAt(text, index - 1) || isWordAt(text, index + found.length)) continue
      const number = found.replaceAll(' ', '').toUpperCase()
      const digits = number.slice(0, 8) + letterNumber(number[8]!) + number.slice(9, 11)
      const day = Number(number.slice(2, 4))
      const month = Number(number.slice(4, 6))
      const sound = AREAS.has(number.slice(0, 2)) && day <= 31 && month <= 12
      if (sound && crossSums(digits, SOCIAL_WEIGHTS) === Number(number[11])) yield number
    }
  },
}

const HEALTH = /[A-Za-z][ ]?\d{3}[ ]?\d{3}[ ]?\d{3}/g
const HEALTH_WEIGHTS = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]

const healthInsurance: Detector = {
  name: 'healthInsurance',
  doc: {
    de: 'Krankenversichertennummer, unveränderlicher Teil (§ 290 SGB V)',
    en: 'German health insurance number, the part that never changes (section 290 SGB V)',
  },
  *find(text) {
    for (const { 0: found, index } of text.matchAll(HEALTH)) {
      if (isWordAt(text, index - 1) || isWordAt(text, index + found.length)) continue
      const number = found.replaceAll(' ', '').toUpperCase()
      const digits = letterNumber(number[0]!) + number.slice(1, 9)
      if (crossSums(digits, HEALTH_WEIGHTS) === Number(number[9])) yield number
    }
  },
}

export const germanIds: readonly Detector[] = [taxId, socialInsurance, healthInsurance]
