/** The form in which strings are compared: NFKC, then lower case, so that full-width letters and ligatures hide nothing. */
export function fold(text: string): string {
  if (isFolded(text)) return text
  if (ASCII.test(text)) return text.toLowerCase()
  return text.normalize('NFKC').toLowerCase().normalize('NFKC')
}

/** Longer texts are looked at by the platform. */
const SHORT = 80

/** Whether a short text is its own form for certain: most facts are, and are told so without a call. */
function isFolded(text: string): boolean {
  if (text.length > SHORT) return false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code > 126 || (code >= 65 && code <= 90)) return false
  }
  return true
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
