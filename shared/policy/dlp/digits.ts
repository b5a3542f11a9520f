/** Check digits. Each takes only digits (and letters, where it says so). */

const digit = (text: string, at: number): number => text.charCodeAt(at) - 48

/** ISO/IEC 7812-1 annex B (Luhn): payment cards. */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const value = double ? digit(digits, i) * 2 : digit(digits, i)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

/** ISO/IEC 7064 MOD 97-10 over a text of digits and capital letters whose check digits stand at places 3 and 4 (ISO 13616). */
export function mod97(iban: string): boolean {
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** ISO/IEC 7064 MOD 11,10, the last digit being the check digit. */
export function mod11of10(digits: string): boolean {
  let product = 10
  for (let i = 0; i < digits.length - 1; i++) {
    const sum = (digit(digits, i) + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === digit(digits, digits.length - 1)
}

/** Sum of the digit sums of `digits` times `weights`, modulo 10 (German social and health insurance numbers). */
export function crossSums(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (const [i, weight] of weights.entries()) {
    const product = digit(digits, i) * weight
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 10
}

/** `A` is 01, `Z` is 26. */
export function letterNumber(letter: string): string {
  return String(letter.charCodeAt(0) - 64).padStart(2, '0')
}
