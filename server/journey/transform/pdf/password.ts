/** Passwords that a person can say on the telephone and type from a text message. */
import { randomBytes } from 'node:crypto'

/** Proquints (arXiv:0901.4016): 16 consonants and 4 vowels, so that five letters carry 16 bits and can be spoken in any language. */
const CONSONANTS = 'bdfghjklmnprstvz'
const VOWELS = 'aiou'

/** 64 bits. */
const GROUPS = 4

/**
 * `lusab-babad-gutih-tugad`: lower case letters in groups of five, 16 bits a group. `groups` below 4 (64 bits) is raised
 * to 4: the container can be tried offline. `random` gives that many uniformly random bytes.
 */
export function generatePassword(random: (bytes: number) => Uint8Array = randomBytes, groups = GROUPS): string {
  const count = Math.max(GROUPS, Math.floor(groups))
  const bytes = Buffer.from(random(count * 2))
  return Array.from({ length: count }, (_, n) => proquint(bytes.readUInt16BE(n * 2))).join('-')
}

/** Length of such a password. */
export const passwordGroups = (password: string): number => password.split('-').length

function proquint(value: number): string {
  const consonant = (shift: number) => CONSONANTS[(value >> shift) & 15]!
  const vowel = (shift: number) => VOWELS[(value >> shift) & 3]!
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0)
}
