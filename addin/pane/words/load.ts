import type { Language, Words } from './words.ts'

/** The texts of one language; the other is never fetched. */
export async function wordsOf(language: Language): Promise<Words> {
  return language === 'de' ? (await import('./de.ts')).de : (await import('./en.ts')).en
}
