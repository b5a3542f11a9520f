import { htmlWords } from '../html-text.ts'
import { allWords, rtfText } from '../text/file-text.ts'
import type { Tnef } from './tnef.ts'

/** Words of the bodies of a TNEF stream. */
export async function tnefWords(texts: Tnef['texts']): Promise<string[]> {
  const words: string[] = []
  for (const { kind, text } of texts) {
    words.push(kind === 'html' ? allWords(await htmlWords(text)) : kind === 'rtf' ? await rtfText(text) : text)
  }
  return words
}
