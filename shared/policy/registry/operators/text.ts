/** Tests on text. Both sides are folded (NFKC, without case). */
import { RE2JS, RE2JSException } from 're2js'
import { oneOrMore, refine, type Shape, text as textShape } from '../../parse/shape.ts'
import { containsOnWordBorders, fold } from '../../text/fold.ts'
import type { TypeName } from '../field.ts'
import { type OperatorKeys, operator } from '../operator.ts'

const TEXT: readonly TypeName[] = ['string', 'address', 'header']
/** Where the text may go on beyond what is known, only a hit is certain. */
const LONG: readonly TypeName[] = [...TEXT, 'text']
const folded: Shape<readonly string[]> = oneOrMore(refine(textShape(), (value) => fold(value)))

/** Compiled patterns by source: a pattern is parsed when it is read and used again when compiled. */
const MAX_PATTERN = 1000
/** Instructions of the compiled program: bounds `(a{500}){500}` and the like. */
const MAX_PROGRAM = 20_000

function compilePattern(source: string): RE2JS {
  return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE)
}

const pattern: Shape<string> = refine(textShape({ max: MAX_PATTERN }), (value, node, env) => {
  try {
    const size = compilePattern(value).programSize()
    if (size <= MAX_PROGRAM) return value
    env.findings.add('wrong-pattern', node.at, { detail: `${size} > ${MAX_PROGRAM}` })
  } catch (problem) {
    if (!(problem instanceof RE2JSException)) throw problem
    env.findings.add('wrong-pattern', node.at, { detail: problem.message })
  }
  return undefined
})

/** Every fact contains the empty text, so that one is no key. */
function textKeys(parts: readonly string[]): readonly OperatorKeys[] | null {
  return parts.includes('') ? null : [{ kind: 'text', values: parts }]
}

/** Words of which a match must contain one, for the plainest of patterns (`offer`, `\b(offer|quote)\b`); null for others. */
const WORDS = /^(?:\\b)?(?:\((?:\?:)?)?([A-Za-z0-9 _#-]+(?:\|[A-Za-z0-9 _#-]+)*)\)?(?:\\b)?$/

function wordsOf(pattern: string): readonly string[] | null {
  return WORDS.exec(pattern)?.[1]?.toLowerCase().split('|') ?? null
}

const contains = operator<readonly string[]>({
  name: 'contains',
  types: LONG,
  doc: { de: 'enthält (einen der Texte)', en: 'contains (one of the texts)' },
  operand: () => folded,
  grows: true,
  test: (operand) => (value) => operand.some((part) => String(value).includes(part)),
  costly: true,
  keys: textKeys,
})

/** For lists the whole entry is meant: a group, not a part of its name. */
const containsEntry = operator<readonly string[]>({
  name: 'contains',
  types: ['list'],
  doc: { de: 'enthält den Eintrag (einen der Einträge)', en: 'contains the entry (one of the entries)' },
  operand: () => folded,
  test(operand) {
    const wanted = new Set(operand)
    return (value) => wanted.has(String(value))
  },
  keys: (operand) => [{ kind: 'value', values: operand }],
})

const containsTag = operator<readonly string[]>({
  name: 'containsTag',
  types: ['string', 'header', 'text'],
  doc: {
    de: 'enthält das Kennwort auf Wortgrenzen: #NIS2 steht nicht in #NIS25',
    en: 'contains the tag on word borders: #NIS2 is not in #NIS25',
  },
  operand: () => folded,
  test: (operand) => (value) => operand.some((tag) => containsOnWordBorders(String(value), tag)),
  grows: true,
  costly: true,
  keys: textKeys,
})

const startsWith = operator<readonly string[]>({
  name: 'startsWith',
  types: TEXT,
  doc: { de: 'beginnt mit', en: 'starts with' },
  operand: () => folded,
  test: (operand) => (value) => operand.some((part) => String(value).startsWith(part)),
  keys: textKeys,
})

const endsWith = operator<readonly string[]>({
  name: 'endsWith',
  types: TEXT,
  doc: { de: 'endet mit', en: 'ends with' },
  operand: () => folded,
  test: (operand) => (value) => operand.some((part) => String(value).endsWith(part)),
  keys: textKeys,
})

const matches = operator<string>({
  name: 'matches',
  types: LONG,
  doc: {
    de: 'passt auf den regulären Ausdruck (RE2-Syntax, lineare Laufzeit, ohne Groß/Klein)',
    en: 'matches the regular expression (RE2 syntax, linear time, without case)',
  },
  operand: () => pattern,
  grows: true,
  test(operand) {
    const compiled = compilePattern(operand)
    return (value) => compiled.matcher(String(value)).find()
  },
  costly: true,
  keys(operand, field) {
    // Addresses are not folded throughout: a letter such as the long s may match a pattern there and be none of its words.
    const words = field.type === 'address' ? null : wordsOf(operand)
    return words && textKeys(words)
  },
})

export const textual = [contains, containsEntry, containsTag, startsWith, endsWith, matches]
