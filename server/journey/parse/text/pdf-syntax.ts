/** Values of PDF (ISO 32000-2 7.3) read from text of single bytes (latin1). Time linear in what is read; depth bounded. */

export type PdfValue = number | string | boolean | null | PdfName | PdfRef | PdfOperator | PdfDict | readonly PdfValue[]

/** A string's bytes are a plain `string`; everything that is written otherwise has a class of its own. */
export class PdfName {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}
export class PdfRef {
  readonly object: number
  constructor(object: number) {
    this.object = object
  }
}
/** A keyword: in content streams an operator. */
export class PdfOperator {
  readonly keyword: string
  constructor(keyword: string) {
    this.keyword = keyword
  }
}
export type PdfDict = ReadonlyMap<string, PdfValue>

const DEPTH_MAX = 32
const WHITE = /[\0\t\n\f\r ]{1,65536}/y
const COMMENT = /[^\r\n]{1,65536}/y
/** Every white character and the sign of a comment are below this. */
const AFTER_BLANK = 0x26
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?=[\0\t\n\f\r ()<>[\]{}/%]|$)/y
const REF = /(\d{1,10})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+R(?![A-Za-z0-9])/y
const WORD = /[^\0\t\n\f\r ()<>[\]{}/%]+/y
const PLAIN = /[^\\()]{1,65536}/y
const HEX = /[0-9A-Fa-f\s]{1,16384}/y
/** Runs of a string, or of what is skipped, in one piece. */
const RUNS_MAX = 1_000

/** A value is not complete yet. */
export const MORE = Symbol('more')
const BEGUN = Symbol('begun')

/** An array or a dictionary that has begun; `key` waits for its value. */
type Open =
  | { readonly items: PdfValue[]; readonly entries: null; key: null }
  | { readonly items: null; readonly entries: Map<string, PdfValue>; key: string | null }

export class PdfReader {
  readonly text: string
  at: number
  /** From the outermost inwards. */
  readonly #open: Open[] = []
  #comment = false
  #string: { readonly out: string[]; open: number } | null = null
  #hex: { readonly out: string[]; readonly from: number } | null = null

  constructor(text: string, at = 0) {
    this.text = text
    this.at = at
  }

  /** The next value, undefined at the end or where nothing can be read. */
  next(): PdfValue | undefined {
    let value = this.some(Number.POSITIVE_INFINITY)
    while (value === MORE) value = this.some(Number.POSITIVE_INFINITY)
    return value
  }

  /** The same in steps: `MORE` where the value has more pieces than that; the next call goes on with it. */
  some(pieces: number): PdfValue | undefined | typeof MORE {
    for (let piece = 0; piece < pieces; piece++) {
      const found = this.#piece()
      if (found === BEGUN) continue
      const whole = this.#deliver(found)
      if (whole !== BEGUN) return whole
    }
    return MORE
  }

  /** A value without a container, a container that ends here, or nothing; `BEGUN` where a container begins. */
  #piece(): PdfValue | undefined | typeof BEGUN {
    if (this.#string) return this.#inString(this.#string)
    if (this.#hex) return this.#inHex(this.#hex)
    if (!this.#blank()) return BEGUN
    const { text } = this
    const first = text[this.at]
    const around = this.#open.at(-1)
    if (around?.items && first === ']') {
      this.at++
      return this.#open.pop()!.items
    }
    if (around?.entries && around.key === null && first === '>' && text[this.at + 1] === '>') {
      this.at += 2
      return this.#open.pop()!.entries
    }
    if (first === undefined || this.#open.length > DEPTH_MAX) return undefined
    if (first === '(') {
      this.at++
      this.#string = { out: [], open: 1 }
      return BEGUN
    }
    if (first === '/') {
      this.at++
      const name = this.#match(WORD)?.[0] ?? ''
      return new PdfName(
        name.replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      )
    }
    if (first === '<' && text[this.at + 1] === '<') {
      this.at += 2
      this.#open.push({ items: null, entries: new Map(), key: null })
      return BEGUN
    }
    if (first === '<') {
      this.at++
      this.#hex = { out: [], from: this.at }
      return BEGUN
    }
    if (first === '[') {
      this.at++
      this.#open.push({ items: [], entries: null, key: null })
      return BEGUN
    }
    const ref = this.#match(REF)
    if (ref) return new PdfRef(Number(ref[1]))
    const number = this.#match(NUMBER)
    if (number) return Number(number[0])
    const word = this.#match(WORD)?.[0]
    if (word === undefined) {
      this.at++
      return new PdfOperator(first)
    }
    return word === 'true' ? true : word === 'false' ? false : word === 'null' ? null : new PdfOperator(word)
  }

  /** Puts a value where it belongs: out, or into the container around it, which ends where nothing can be read. */
  #deliver(found: PdfValue | undefined): PdfValue | undefined | typeof BEGUN {
    let value = found
    for (let around = this.#open.at(-1); around; around = this.#open.at(-1)) {
      if (around.items) {
        if (value !== undefined) {
          around.items.push(value)
          return BEGUN
        }
        value = around.items
      } else if (around.key === null) {
        if (value instanceof PdfName) {
          around.key = value.name
          return BEGUN
        }
        value = around.entries
      } else {
        if (value !== undefined) {
          around.entries.set(around.key, value)
          around.key = null
          return BEGUN
        }
        value = around.entries
      }
      this.#open.pop()
    }
    return value
  }

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.at
    const found = expression.exec(this.text)
    if (found) this.at = expression.lastIndex
    return found
  }

  /** Skips white space and comments (7.2.3, 7.2.4); false where there may be more of them. */
  #blank(): boolean {
    for (let runs = 0; runs < RUNS_MAX; runs++) {
      if (this.#comment) this.#comment = this.#match(COMMENT) !== null
      else if (this.text.charCodeAt(this.at) >= AFTER_BLANK || !this.#match(WHITE)) {
        if (this.text[this.at] !== '%') return true
        this.at++
        this.#comment = true
      }
    }
    return false
  }

  #inString(string: { readonly out: string[]; open: number }): PdfValue | typeof BEGUN {
    const { out } = string
    for (let runs = 0; runs < RUNS_MAX; runs++) {
      const run = this.#match(PLAIN)?.[0]
      if (run) out.push(run)
      const character = this.text[this.at]
      if (character === '\\') out.push(this.#escaped())
      else if (character === '(') string.open++
      else if (character === undefined || --string.open === 0) {
        if (character === ')') this.at++
        this.#string = null
        return out.join('')
      }
      if (character !== '\\') out.push(character)
      this.at++
    }
    return BEGUN
  }

  #inHex({ out, from }: { readonly out: string[]; readonly from: number }): PdfValue | undefined | typeof BEGUN {
    const run = this.#match(HEX)?.[0] ?? ''
    if (run) {
      out.push(run.replace(/\s/g, ''))
      return BEGUN
    }
    this.#hex = null
    if (this.text[this.at] !== '>') {
      this.at = from - 1
      return undefined
    }
    this.at++
    const digits = out.join('')
    return Buffer.from(digits.length % 2 ? `${digits}0` : digits, 'hex').toString('latin1')
  }

  #escaped(): string {
    const octal = /^[0-7]{1,3}/.exec(this.text.slice(this.at + 1, this.at + 4))?.[0]
    if (octal) {
      this.at += octal.length
      return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
    }
    const next = this.text[++this.at] ?? ''
    if (next === '\r' && this.text[this.at + 1] === '\n') this.at++
    return { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '\r': '', '\n': '' }[next] ?? next
  }
}

export function isDict(value: PdfValue | undefined): value is PdfDict {
  return value instanceof Map
}
