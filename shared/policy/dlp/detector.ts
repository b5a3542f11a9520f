import type { Text } from '../diagnostic.ts'

/** Finds data of one kind in text. Time is linear in the length of the text; what it yields is validated. */
export interface Detector {
  /** Field `dlp.<name>`. */
  readonly name: string
  readonly doc: Text
  /** Finds in one normalised form each, in order of appearance, with repetitions. `text` as of `searchable`. */
  find(text: string): Iterable<string>
}

/** Different finds of one kind that are counted; beyond it nobody needs to know how many more. */
export const MAX_FINDS = 10_000

/** Text as detectors read it: compatibility forms folded (full-width digits), invisible characters gone. */
export function searchable(text: string): string {
  return text.replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, '').normalize('NFKC')
}

/** How many different ones `detector` finds in all texts together, up to `MAX_FINDS`. */
export function countFinds(detector: Detector, texts: readonly string[]): number {
  const found = new Set<string>()
  for (const text of texts) {
    for (const value of detector.find(text)) {
      found.add(value)
      if (found.size >= MAX_FINDS) return MAX_FINDS
    }
  }
  return found.size
}

/** Whether a letter or digit stands at a place: the borders of what is found must be free of them. */
export function isWordAt(text: string, index: number): boolean {
  const character = text[index]
  return character !== undefined && /[\p{L}\p{N}]/u.test(character)
}
