/** Characters that are looked through in one step. */
const STEP = 65_536
/** Words that lead nowhere in one step. */
const TRIES = 1_000

/** One word in the text, the next place of it known. */
class Word {
  readonly length: number
  readonly #word: string
  /** -1: there is none in this piece. */
  next = -1
  #piece = ''
  #start = 0

  constructor(word: string) {
    this.#word = word
    this.length = word.length
  }

  /** Looks for it where it begins between `start` and `end`. */
  search(text: string, start: number, end: number): void {
    this.#piece = text.slice(start, end + this.length - 1)
    this.#start = start
    this.#find(start)
  }

  /** Places before `at` are passed. */
  goTo(at: number): void {
    if (this.next >= 0 && this.next < at) this.#find(at)
  }

  #find(at: number): void {
    const found = this.#piece.indexOf(this.#word, at - this.#start)
    this.next = found < 0 ? -1 : this.#start + found
  }
}

/** Finds what begins an object (ISO 32000-2 7.3.10: `12 0 obj`) or a stream (7.3.8: `stream` and a line end), in order. */
export class Marks {
  readonly #text: string
  readonly #obj = new Word('obj')
  readonly #stream = new Word('stream')
  /** Where the search goes on, and the end of the piece that is searched. */
  #searched = 0
  #end = 0
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
    if (this.#searched >= this.#text.length) return null
    if (this.#searched >= this.#end) this.#begin()
    const [obj, stream] = [this.#obj, this.#stream]
    for (let tries = 0; tries < TRIES; tries++) {
      obj.goTo(this.#searched)
      stream.goTo(this.#searched)
      const isStream = obj.next < 0 || (stream.next >= 0 && stream.next < obj.next)
      const found = isStream ? stream.next : obj.next
      if (found < 0) {
        this.#searched = this.#end
        return 'further'
      }
      const mark = isStream ? this.#streamAt(found) : this.#objectAt(found)
      if (mark !== null) return mark
      this.#searched = found + 1
    }
    return 'further'
  }

  #begin(): void {
    this.#end = Math.min(this.#text.length, this.#searched + STEP)
    this.#obj.search(this.#text, this.#searched, this.#end)
    this.#stream.search(this.#text, this.#searched, this.#end)
  }

  #streamAt(word: number): 'stream' | null {
    const text = this.#text
    if (word > 0 && isLetter(text.charCodeAt(word - 1))) return null
    let after = word + this.#stream.length
    if (text[after] === '\r') after++
    if (text[after] !== '\n') return null
    this.at = after + 1
    return 'stream'
  }

  /** Reads backwards from `obj`: white space, the generation, white space, the number, all of it behind the last mark. */
  #objectAt(word: number): number | null {
    const text = this.#text
    if (isLetter(text.charCodeAt(word + this.#obj.length))) return null
    const generation = this.#back(word, isWhite, Number.POSITIVE_INFINITY)
    const space = this.#back(generation, isDigit, 5)
    const end = this.#back(space, isWhite, Number.POSITIVE_INFINITY)
    const start = this.#back(end, isDigit, 10)
    if (generation === word || space === generation || end === space || start === end || start < this.#at) return null
    if (start > 0 && isDigit(text.charCodeAt(start - 1))) return null
    this.at = word + this.#obj.length
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
