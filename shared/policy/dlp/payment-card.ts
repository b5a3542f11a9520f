import type { Detector } from './detector.ts'
import { luhn } from './digits.ts'
import { digitRuns, numbersIn } from './groups.ts'

interface Brand {
  /** First and last prefix; both of one length. */
  readonly from: number
  readonly to: number
  readonly lengths: readonly number[]
}

const brand = (from: number, to: number, ...lengths: readonly number[]): Brand => ({ from, to, lengths })

/** Issuer ranges (ISO/IEC 7812) of the schemes that print a number of 13 to 19 digits. */
const BRANDS: readonly Brand[] = [
  brand(4, 4, 13, 16, 19), // Visa
  brand(51, 55, 16), // Mastercard
  brand(2221, 2720, 16),
  brand(34, 34, 15), // American Express
  brand(37, 37, 15),
  brand(300, 305, 14, 16, 17, 18, 19), // Diners Club
  brand(3095, 3095, 14, 16, 17, 18, 19),
  brand(36, 36, 14, 16, 17, 18, 19),
  brand(38, 39, 14, 16, 17, 18, 19),
  brand(6011, 6011, 16, 17, 18, 19), // Discover
  brand(644, 649, 16, 17, 18, 19),
  brand(65, 65, 16, 17, 18, 19),
  brand(3528, 3589, 16, 17, 18, 19), // JCB
  brand(62, 62, 16, 17, 18, 19), // UnionPay
  brand(50, 50, 13, 14, 15, 16, 17, 18, 19), // Maestro
  brand(56, 58, 13, 14, 15, 16, 17, 18, 19),
  brand(6304, 6304, 13, 14, 15, 16, 17, 18, 19),
  brand(67, 67, 13, 14, 15, 16, 17, 18, 19),
]

/** As on the card: one group; fours with a shorter last one; 4-6-5 and 4-6-4. */
function printed(lengths: readonly number[]): boolean {
  if (lengths.length === 1) return true
  const [first, second, third] = lengths
  if (lengths.length === 3 && first === 4 && second === 6) return third === 5 || third === 4
  return lengths.length >= 4 && lengths.every((length, at) => length === 4 || (at === lengths.length - 1 && length < 4))
}

function issued(digits: string): boolean {
  if (digits.length < 13 || /^(\d)\1+$/.test(digits)) return false
  return BRANDS.some(({ from, to, lengths }) => {
    const prefix = Number(digits.slice(0, String(from).length))
    return prefix >= from && prefix <= to && lengths.includes(digits.length)
  })
}

export const paymentCard: Detector = {
  name: 'paymentCard',
  doc: {
    de: 'Nummer einer Zahlungskarte: Nummernkreis, Länge und Luhn-Prüfziffer (ISO/IEC 7812)',
    en: 'payment card number: issuer range, length and Luhn check digit (ISO/IEC 7812)',
  },
  *find(text) {
    for (const run of digitRuns(text)) yield* numbersIn(run, printed, (digits) => issued(digits) && luhn(digits))
  },
}
