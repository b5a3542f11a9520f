/** Which of many texts occur in a text, in one pass over it (Aho and Corasick 1975), as a table of transitions. */

/** Cells of the table: 4 bytes each. What does not fit is left out by `add`. */
const MAX_CELLS = 4_000_000

export class Literals {
  /** Literals by number. */
  readonly list: string[] = []
  readonly #byText = new Map<string, number>()
  /** Code unit to column; 0 is every other one. */
  readonly #columns = new Map<number, number>()
  #total = 0
  #table: Int32Array | null = null
  #width = 1
  /** Literals that end in a state, those of its suffixes too. */
  #ends: readonly (readonly number[])[] = []
  readonly #column = new Uint16Array(65_536)

  /** The literal's number, or null when the table would become too large. Not after `build`. */
  add(literal: string): number | null {
    const known = this.#byText.get(literal)
    if (known !== undefined) return known
    let fresh = 0
    for (const unit of new Set(unitsOf(literal))) if (!this.#columns.has(unit)) fresh++
    if ((this.#total + literal.length + 1) * (this.#columns.size + fresh + 1) > MAX_CELLS) return null
    for (const unit of unitsOf(literal)) if (!this.#columns.has(unit)) this.#columns.set(unit, this.#columns.size + 1)
    this.#total += literal.length
    const number = this.list.push(literal) - 1
    this.#byText.set(literal, number)
    return number
  }

  build(): void {
    const width = this.#columns.size + 1
    for (const [unit, column] of this.#columns) this.#column[unit] = column
    const table = new Int32Array((this.#total + 1) * width)
    const ends: number[][] = [[]]
    for (const [number, literal] of this.list.entries()) {
      let state = 0
      for (const unit of unitsOf(literal)) {
        const cell = state * width + this.#column[unit]!
        if (table[cell] === 0) table[cell] = ends.push([]) - 1
        state = table[cell]!
      }
      ends[state]!.push(number)
    }
    complete(table, width, ends)
    this.#table = table.slice(0, ends.length * width)
    this.#width = width
    this.#ends = ends
  }

  /** Adds to `found` what `of` has for the number of each literal that occurs; more than once if it occurs more than once. */
  scan<T>(text: string, of: readonly T[], found: T[]): void {
    const table = this.#table
    if (table === null) return
    const column = this.#column
    const width = this.#width
    const ends = this.#ends
    let state = 0
    for (let i = 0; i < text.length; i++) {
      state = table[state * width + column[text.charCodeAt(i)]!]!
      if (state === 0) continue
      const here = ends[state]!
      for (let k = 0; k < here.length; k++) found.push(of[here[k]!]!)
    }
  }
}

function unitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
}

/** Fills the transitions of a trie that are missing with those of the longest suffix; states in order of depth. */
function complete(table: Int32Array, width: number, ends: number[][]): void {
  const fail = new Int32Array(ends.length)
  const queue: number[] = []
  for (let c = 0; c < width; c++) if (table[c] !== 0) queue.push(table[c]!)
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!
    const suffix = fail[state]!
    ends[state]!.push(...ends[suffix]!)
    for (let c = 0; c < width; c++) {
      const next = table[state * width + c]!
      const other = table[suffix * width + c]!
      if (next === 0) table[state * width + c] = other
      else {
        fail[next] = other
        queue.push(next)
      }
    }
  }
}
