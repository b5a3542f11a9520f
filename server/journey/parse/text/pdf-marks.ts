/** Characters that are looked through in one step. */
const STEP = 65_536
/** Words that lead nowhere in one step. */
const TRIES = 1_000
const OBJ = 'obj'
const STREAM = 'stream'

/** Finds what begins an object (ISO 32000-2 7.3.10: `12 0 obj`) or a stream (7.3.8: `stream` and a line end), in order. */
export class Marks {
  readonly #text: string
  /** Where the search goes on. */
  #searched = 0
  /** Behind the last mark and what was read of it: the next begins here or later. */
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get at(): number {
    return this.#at
  }

  /** What stands before this is no mark. */
  set at(at: number) {
    this.#at = at
    this.#searched = at
  }

  /** Number of the object, `stream`, `further` where the search has to go on, null at the end. */
  next(): number | 'stream' | 'further' | null {
    const text = this.#text
    if (this.#searched >= text.length) return null
    const at = this.#searched
    const end = Math.min(text.length, at + STEP)
    const piece = text.slice(at, end + STREAM.length - 1)
    let obj = piece.indexOf(OBJ)
    let stream = piece.indexOf(STREAM)
    for (let tries = 0; obj >= 0 || stream >= 0; tries++) {
      const isStream = obj < 0 || (stream >= 0 && stream < obj)
      const found = isStream ? stream : obj
      if (at + found >= end || tries > TRIES) {
        this.#searched = Math.min(end, at + found)
        return 'further'
      }
      const mark = isStream ? this.#stream(at + found) : this.#object(at + found)
      if (mark !== null) return mark
      if (isStream) stream = piece.indexOf(STREAM, found + 1)
      else obj = piece.indexOf(OBJ, found + 1)
    }
    this.#searched = end
    return 'further'
  }

  #stream(word: number): 'stream' | null {
    const text = this.#text
    if (word > 0 && isLetter(text.charCodeAt(word - 1))) return null
    let after = word + STREAM.length
    if (text[after] === '\r') after++
    if (text[after] !== '\n') return null
    this.at = after + 1
    return 'stream'
  }

  /** Reads backwards from `obj`: white space, the generation, white space, the number, all of it behind the last mark. */
  #object(word: number): number | null {
    const text = this.#text
    if (isLetter(text.charCodeAt(word + OBJ.length))) return null
    const generation = this.#back(word, isWhite, Number.POSITIVE_INFINITY)
    const space = this.#back(generation, isDigit, 5)
    const end = this.#back(space, isWhite, Number.POSITIVE_INFINITY)
    const start = this.#back(end, isDigit, 10)
    if (generation === word || space === generation || end === space || start === end || start < this.#at) return null
    if (start > 0 && isDigit(text.charCodeAt(start - 1))) return null
    this.at = word + OBJ.length
    return Number(text.slice(start, end))
  }

  /** Where the characters of a kind that end before `end` begin, at most `most` of them. */
  #back(end: number, isOf: (code: number) => boolean, most: number): number {
    let at = end
    while (at > 0 && end - at < most && isOf(this.#text.charCodeAt(at - 1))) at--
    return at
  }
}

const isDigit = (code: number) => code >= 0x30 && code <= 0x39
const isLetter = (code: number) => (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)
const isWhite = (code: number) =>
  code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0x0c || code === 0
