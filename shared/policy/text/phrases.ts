/** Words and phrases of a list in a text, all in one pass. */
const WORD = /[\p{L}\p{N}_]+/gu
/** Words of one phrase; bounds the time for each word of a text. */
const MAX_WORDS = 12

interface Step {
  /** Number of the phrase that ends here, or -1. */
  ends: number
  readonly next: Map<string, Step>
}

/**
 * Counts the different phrases that stand in a text on word borders, up to `enough`. What stands between the words of a phrase
 * (spaces, line ends, hyphens) does not matter. Both sides folded. Time: words of the text × words of the longest phrase.
 */
export function phraseCounter(phrases: readonly string[], enough: number): (text: string) => number {
  const root: Step = { ends: -1, next: new Map() }
  for (const [number, phrase] of phrases.entries()) {
    let step = root
    for (const [word] of [...phrase.matchAll(WORD)].slice(0, MAX_WORDS)) {
      let next = step.next.get(word)
      if (!next) {
        next = { ends: -1, next: new Map() }
        step.next.set(word, next)
      }
      step = next
    }
    if (step !== root) step.ends = number
  }
  return (text) => {
    const found = new Set<number>()
    let open: Step[] = []
    for (const [word] of text.matchAll(WORD)) {
      const still: Step[] = []
      for (const step of [...open, root]) {
        const next = step.next.get(word)
        if (!next) continue
        if (next.ends >= 0) found.add(next.ends)
        if (next.next.size > 0) still.push(next)
      }
      open = still
      if (found.size >= enough) break
    }
    return found.size
  }
}
