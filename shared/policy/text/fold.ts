/** The form in which strings are compared: NFKC, then lower case, so that full-width letters and ligatures hide nothing. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** Text that NFKC leaves as it is. */
const ASCII = /^[\t\n\r -~]*$/
const WORD = /[\p{L}\p{N}_]/u

/** Whether `tag` stands in `text` on word borders: `#NIS2` is found in `re: #NIS2, urgent`, not in `#NIS25`. Both folded. */
export function containsOnWordBorders(text: string, tag: string): boolean {
  for (let at = text.indexOf(tag); at >= 0; at = text.indexOf(tag, at + 1)) {
    if (!isWord(codePointBefore(text, at)) && !isWord(codePointAt(text, at + tag.length))) return true
  }
  return false
}

function isWord(character: string): boolean {
  return character !== '' && WORD.test(character)
}

function codePointAt(text: string, index: number): string {
  const point = text.codePointAt(index)
  return point === undefined ? '' : String.fromCodePoint(point)
}

function codePointBefore(text: string, index: number): string {
  if (index === 0) return ''
  const low = text.charCodeAt(index - 1)
  const pair = low >= 0xdc00 && low <= 0xdfff && index > 1
  return codePointAt(text, pair ? index - 2 : index - 1)
}
