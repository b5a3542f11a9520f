import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import { othersTurn, turnIsOver } from '../../../threads/turn.ts'
import { Marks } from './pdf-marks.ts'
import { isDict, MORE, type PdfDict, PdfName, PdfReader, PdfRef, type PdfValue } from './pdf-syntax.ts'

const unpack = promisify(inflate)
/** Unpacked bytes of all streams that are read. */
const UNPACKED_MAX = 8 * 1_048_576
const OBJECTS_MAX = 200_000
/** Characters that fonts may tell, all together, each as often as it is told. */
const CHARACTERS_MAX = 500_000
/** Pieces of a value between two looks at the clock. */
const PIECES = 500

interface Stream {
  readonly dict: PdfDict
  readonly start: number
  readonly end: number
}

/**
 * Objects of a PDF (ISO 32000-2 7.3.10, 7.5.7), found by looking through the file as readers do with a damaged cross-reference
 * table: the last object of a number counts. Nothing in it is carried out.
 */
export class PdfObjects {
  readonly #bytes: Buffer
  readonly #values = new Map<number, PdfValue>()
  readonly #streams = new Map<number, Stream>()
  #left = UNPACKED_MAX
  /** How many more characters of fonts are taken in. */
  charactersLeft = CHARACTERS_MAX
  /** Something could not be read. */
  partial = false

  private constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  static async read(bytes: Buffer): Promise<PdfObjects> {
    const objects = new PdfObjects(bytes)
    await objects.#scan(bytes.toString('latin1'))
    for (const [number, { dict }] of [...objects.#streams]) {
      if (nameOf(dict.get('Type')) === 'ObjStm') await objects.#objectStream(number, dict)
    }
    return objects
  }

  /** A value itself, or what it refers to. */
  resolve(value: PdfValue | undefined): PdfValue | undefined {
    let found = value
    for (let hops = 0; found instanceof PdfRef && hops < 8; hops++) found = this.#values.get(found.object)
    return found instanceof PdfRef ? undefined : found
  }

  dict(value: PdfValue | undefined): PdfDict | undefined {
    const found = this.resolve(value)
    return isDict(found) ? found : undefined
  }

  list(value: PdfValue | undefined): readonly PdfValue[] {
    const found = this.resolve(value)
    return Array.isArray(found) ? (found as readonly PdfValue[]) : []
  }

  /** Every dictionary of a type, in order of numbers. */
  *ofType(type: string): Iterable<PdfDict> {
    for (const value of this.#values.values()) if (isDict(value) && nameOf(value.get('Type')) === type) yield value
  }

  /** Content of a stream as text of single bytes; undefined when it cannot be read. */
  async content(value: PdfValue | undefined): Promise<string | undefined> {
    const stream = value instanceof PdfRef ? this.#streams.get(value.object) : undefined
    const unpacked = stream ? await this.#unpack(stream) : undefined
    if (unpacked === undefined) this.partial = true
    return unpacked
  }

  async #scan(text: string): Promise<void> {
    let number = -1
    const marks = new Marks(text)
    for (let mark = marks.next(); mark !== null; mark = marks.next()) {
      if (turnIsOver()) await othersTurn()
      if (mark === 'further') continue
      if (mark !== 'stream') {
        if (this.#values.size >= OBJECTS_MAX) {
          this.partial = true
          return
        }
        number = mark
        const reader = new PdfReader(text, marks.at)
        const value = await this.#next(reader)
        if (value !== undefined) this.#values.set(number, value)
        this.#streams.delete(number)
        marks.at = Math.max(marks.at, reader.at)
        continue
      }
      const dict = this.#values.get(number)
      const start = marks.at
      const end = this.#endOf(text, start, dict)
      if (isDict(dict) && !this.#streams.has(number)) this.#streams.set(number, { dict, start, end })
      marks.at = end
    }
  }

  /** The next value; others have their turn while a long one is read. */
  async #next(reader: PdfReader): Promise<PdfValue | undefined> {
    let value = reader.some(PIECES)
    for (; value === MORE; value = reader.some(PIECES)) if (turnIsOver()) await othersTurn()
    return value
  }

  #endOf(text: string, start: number, dict: PdfValue | undefined): number {
    const length = isDict(dict) ? dict.get('Length') : undefined
    if (
      typeof length === 'number' &&
      length >= 0 &&
      /^\s{0,2}endstream/.test(text.slice(start + length, start + length + 11))
    )
      return start + length
    const end = text.indexOf('endstream', start)
    return end < 0 ? text.length : end
  }

  async #unpack({ dict, start, end }: Stream): Promise<string | undefined> {
    const filters = [dict.get('Filter')].flat().map((filter) => nameOf(this.resolve(filter as PdfValue)))
    const bytes = this.#bytes.subarray(start, end)
    if (filters.length === 1 && filters[0] === '') {
      // The same stream may be that of many pages.
      if (bytes.length > this.#left) return undefined
      this.#left -= bytes.length
      return bytes.toString('latin1')
    }
    if (filters.length !== 1 || filters[0] !== 'FlateDecode' || dict.has('DecodeParms') || this.#left <= 0)
      return undefined
    try {
      const unpacked = await unpack(bytes, { maxOutputLength: this.#left, finishFlush: 2 })
      this.#left -= unpacked.length
      return unpacked.toString('latin1')
    } catch {
      return undefined
    }
  }

  async #objectStream(number: number, dict: PdfDict): Promise<void> {
    const text = await this.content(new PdfRef(number))
    const [count, first] = [dict.get('N'), dict.get('First')]
    if (text === undefined || typeof count !== 'number' || typeof first !== 'number') return
    const head = new PdfReader(text.slice(0, first))
    // Values stand one behind the other (7.5.7); those that lie over each other are not read again and again.
    let left = 2 * text.length + OBJECTS_MAX
    for (let at = 0; at < count && this.#values.size < OBJECTS_MAX; at++) {
      if (turnIsOver()) await othersTurn()
      const [object, offset] = [head.next(), head.next()]
      if (typeof object !== 'number' || typeof offset !== 'number') return
      if (left <= 0) {
        this.partial = true
        return
      }
      const reader = new PdfReader(text, first + offset)
      const value = await this.#next(reader)
      left -= 1 + Math.max(0, reader.at - first - offset)
      if (value !== undefined && !this.#values.has(object)) this.#values.set(object, value)
    }
  }
}

/** The name, '' for what is none. */
export function nameOf(value: PdfValue | undefined): string {
  return value instanceof PdfName ? value.name : ''
}
