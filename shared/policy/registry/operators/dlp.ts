/** Tests on what was found in text: how many, and which words of a list. */
import type { Env } from '../../parse/env.ts'
import { entryOf, type Node } from '../../parse/node.ts'
import { integer, listOf, object, oneOrMore, refine, type Shape, text } from '../../parse/shape.ts'
import { fold } from '../../text/fold.ts'
import { nearest } from '../../text/nearest.ts'
import { phraseCounter } from '../../text/phrases.ts'
import { type AnyOperator, operator } from '../operator.ts'

interface Bounds {
  /** Smallest number that meets the test. */
  readonly least: number
  /** Largest one. */
  readonly most: number
}

const number = integer(0, 10_000)
const bounds: Shape<Bounds> = refine(
  object({}, { is: number, gt: number, gte: number, lt: number, lte: number, between: listOf(number, 2, 2) }),
  (value, node, env) => {
    if (node.kind === 'map' && node.entries.length === 0) {
      env.findings.add('missing-key', node.at, { name: 'gte' })
      return undefined
    }
    const [low, high] = value.between ?? [0, Number.POSITIVE_INFINITY]
    return {
      least: Math.max(low!, value.is ?? 0, value.gte ?? 0, value.gt === undefined ? 0 : value.gt + 1),
      most: Math.min(
        high!,
        value.is ?? Number.POSITIVE_INFINITY,
        value.lte ?? Number.POSITIVE_INFINITY,
        value.lt === undefined ? Number.POSITIVE_INFINITY : value.lt - 1,
      ),
    }
  },
)

const count = operator<Bounds>({
  name: 'count',
  types: ['finds'],
  doc: {
    de: 'so viele verschiedene Fundstellen: {gte: 3}; auch gt, lt, lte, is, between',
    en: 'that many different finds: {gte: 3}; also gt, lt, lte, is, between',
  },
  operand: () => bounds,
  test:
    ({ least, most }) =>
    (value) =>
      Number(value) >= least && Number(value) <= most,
  beyond({ least, most }, value) {
    if (Number(value) > most) return false
    return most === Number.POSITIVE_INFINITY && Number(value) >= least ? true : undefined
  },
})

interface Words {
  readonly of: readonly string[]
  readonly min: number
}

const wordsParams = refine(
  object({}, { of: oneOrMore(refine(text({ max: 200 }), fold)), list: text({ max: 63 }), min: integer(1, 10_000) }),
  (value, node, env): Words | undefined => {
    const listed = value.list === undefined ? [] : entriesOf(value.list, node, env)
    if (listed === undefined) return undefined
    const all = [...new Set([...(value.of ?? []), ...listed])]
    const min = value.min ?? 1
    if (all.length === 0) {
      env.findings.add('missing-key', node.at, { name: 'of' })
      return undefined
    }
    if (min <= all.length) return { of: all, min }
    env.findings.add('wrong-value', (entryOf(node, 'min') ?? node).at, {
      found: `${min}`,
      expected: `1 ... ${all.length}`,
    })
    return undefined
  },
)

function entriesOf(name: string, node: Node, env: Env): readonly string[] | undefined {
  const list = env.lists.get(name)
  const at = (entryOf(node, 'list') ?? node).at
  if (list?.type === 'string') {
    env.usedLists.add(name)
    if (list.live.length === 0) return list.values.map(fold)
    env.findings.add('list-live', at, { name })
    return undefined
  }
  if (list) env.findings.add('list-type', at, { name, found: list.type, expected: 'string' })
  else env.findings.add('unknown-list', at, { name }, nearest(name, env.lists.keys()))
  return undefined
}

const words = operator<Words>({
  name: 'words',
  types: ['text', 'string'],
  doc: {
    de: 'mindestens min verschiedene Wörter oder Wortfolgen aus of oder list, auf Wortgrenzen: {list: diagnosen, min: 3}',
    en: 'at least min different words or phrases of of or list, on word borders: {list: diagnoses, min: 3}',
  },
  operand: () => wordsParams,
  test({ of, min }) {
    const different = phraseCounter(of, min)
    return (value) => different(String(value)) >= min
  },
  grows: true,
})

export const dataLoss = [count, words] as AnyOperator[]
