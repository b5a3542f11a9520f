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
const BLANK = /[\0\t\n\f\r ]*(?:%[^\r\n]*[\0\t\n\f\r ]*)*/y
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?=[\0\t\n\f\r ()<>[\]{}/%]|$)/y
const REF = /(\d{1,10})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+R(?![A-Za-z0-9])/y
const WORD = /[^\0\t\n\f\r ()<>[\]{}/%]+/y
const HEX = /<([0-9A-Fa-f\s]*)>/y

export class PdfReader {
  readonly text: string
  at: number

  constructor(text: string, at = 0) {
    this.text = text
    this.at = at
  }

  /** The next value, undefined at the end or where nothing can be read. */
  next(depth = 0): PdfValue | undefined {
    this.#match(BLANK)
    const { text } = this
    const first = text[this.at]
    if (first === undefined || depth > DEPTH_MAX) return undefined
    if (first === '(') return this.#string()
    if (first === '/') {
      this.at++
      const name = this.#match(WORD)?.[0] ?? ''
      return new PdfName(
        name.replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      )
    }
    if (text.startsWith('<<', this.at)) return this.#dict(depth)
    if (first === '<') {
      const hex = this.#match(HEX)?.[1]?.replace(/\s/g, '')
      if (hex === undefined) return undefined
      return Buffer.from(hex.length % 2 ? `${hex}0` : hex, 'hex').toString('latin1')
    }
    if (first === '[') return this.#array(depth)
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

  #match(expression: RegExp): RegExpExecArray | null {
    expression.lastIndex = this.at
    const found = expression.exec(this.text)
    if (found) this.at = expression.lastIndex
    return found
  }

  #array(depth: number): PdfValue[] {
    this.at++
    const items: PdfValue[] = []
    for (;;) {
      this.#match(BLANK)
      if (this.text[this.at] === ']') {
        this.at++
        return items
      }
      const item = this.next(depth + 1)
      if (item === undefined) return items
      items.push(item)
    }
  }

  #dict(depth: number): PdfDict {
    this.at += 2
    const entries = new Map<string, PdfValue>()
    for (;;) {
      this.#match(BLANK)
      if (this.text.startsWith('>>', this.at)) {
        this.at += 2
        return entries
      }
      const key = this.next(depth + 1)
      if (!(key instanceof PdfName)) return entries
      const value = this.next(depth + 1)
      if (value === undefined) return entries
      entries.set(key.name, value)
    }
  }

  #string(): string {
    const out: string[] = []
    let open = 1
    for (this.at++; this.at < this.text.length; this.at++) {
      const character = this.text[this.at]!
      if (character === '\\') out.push(this.#escaped())
      else {
        if (character === '(') open++
        if (character === ')' && --open === 0) {
          this.at++
          break
        }
        out.push(character)
      }
    }
    return out.join('')
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
