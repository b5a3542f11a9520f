/** JSON (RFC 8259) of large bodies, read in steps: `JSON.parse` of 4 MB of small values takes 30 ms in one go. */
import { Fault } from '../../shared/fault/index.ts'
import type { Steps } from '../../shared/policy/steps.ts'

/** Nobody honest nests deeper, and what reads the result goes down as deep. */
const DEEPEST = 500
/** Values of one array or object: a larger one is moved as a whole while it grows. The largest of the API has 1,000. */
const MOST = 20_000
/** Values and names of one step. */
const A_STEP = 256

const SPACE = /[ \t\n\r]*/y
const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Some 64 KiB of a string at most, whole escapes. What it may consist of, `JSON.parse` knows. */
const PIECE = /[^"\\]{0,1024}(?:\\(?:u.{4}|[^u])[^"\\]{0,1024}){0,64}/sy

/** An array or object that is not read to its end. */
type Open =
  | { readonly array: unknown[]; size: number }
  | { readonly object: Record<string, unknown>; key: string; size: number; readonly array?: undefined }

/**
 * As `JSON.parse`, and as the API reads short bodies: names that reach a prototype (`__proto__`, `constructor` with `prototype`) are
 * refused. Raises SyntaxError, and `request-invalid` for what is nested deeper than 500 or has more than 20,000 values in one place.
 */
export function* jsonInSteps(text: string): Steps<unknown> {
  const open: Open[] = []
  let at = 0
  let seen = 0

  function space(): string | undefined {
    SPACE.lastIndex = at
    SPACE.exec(text)
    at = SPACE.lastIndex
    return text[at]
  }

  /** The next character that is no white space, which has to be this one. */
  function take(character: string): void {
    if (space() !== character) throw unexpected(at)
    at++
  }

  function word(): unknown {
    WORD.lastIndex = at
    const [found] = WORD.exec(text) ?? []
    if (found === undefined || found === '') throw unexpected(at)
    at += found.length
    return found === 'true' ? true : found === 'false' ? false : found === 'null' ? null : Number(found)
  }

  function* string(): Steps<string> {
    take('"')
    const pieces: string[] = []
    for (;;) {
      PIECE.lastIndex = at
      const [piece = ''] = PIECE.exec(text) ?? []
      at += piece.length
      pieces.push(JSON.parse(`"${piece}"`) as string)
      if (text[at] === '"') break
      if (piece === '') throw unexpected(at)
      yield
    }
    at++
    return pieces.length === 1 ? pieces[0]! : pieces.join('')
  }

  function* key(): Steps<string> {
    const name = yield* string()
    if (name === '__proto__') throw new SyntaxError('a name that reaches a prototype')
    take(':')
    return name
  }

  for (;;) {
    if (++seen % A_STEP === 0) yield
    let value: unknown
    const first = space()
    if (first === '[' || first === '{') {
      if (open.length >= DEEPEST) throw tooMuch(`nested deeper than ${DEEPEST}`, `tiefer verschachtelt als ${DEEPEST}`)
      at++
      const array = first === '['
      if (space() !== (array ? ']' : '}')) {
        open.push(array ? { array: [], size: 0 } : { object: {}, key: yield* key(), size: 0 })
        continue
      }
      at++
      value = array ? [] : {}
    } else value = first === '"' ? yield* string() : word()

    for (;;) {
      const within = open.at(-1)
      if (!within) {
        if (space() !== undefined) throw unexpected(at)
        return value
      }
      if (++within.size > MOST)
        throw tooMuch(`more than ${MOST} values in one place`, `mehr als ${MOST} Werte an einer Stelle`)
      if (within.array) within.array.push(value)
      else {
        if (within.key === 'constructor' && reachesPrototype(value)) throw new SyntaxError('reaches a prototype')
        within.object[within.key] = value
      }
      if (space() === ',') {
        at++
        if (!within.array) within.key = yield* key()
        break
      }
      take(within.array ? ']' : '}')
      open.pop()
      value = within.array ?? within.object
      if (++seen % A_STEP === 0) yield
    }
  }
}

const reachesPrototype = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')

const unexpected = (at: number) => new SyntaxError(`not JSON at ${at}`)

const tooMuch = (en: string, de: string) => new Fault('request-invalid', { en, de })
