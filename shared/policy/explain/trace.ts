/** A plain walk over conditions that keeps what every leaf saw; slow and readable, used on demand and as the oracle in tests. */
import { compileTest } from '../compile.ts'
import type { Facts } from '../facts.ts'
import { type Normalised, normalise } from '../facts.ts'
import type { Condition, Leaf } from '../ir.ts'
import type { Policy } from '../policy.ts'
import { restOf } from '../registry/conditions.ts'
import type { Scene } from '../registry/field.ts'
import { and, not, or, type Truth } from '../truth.ts'

export type TruthName = 'true' | 'false' | 'unknown'

/** One leaf of a condition with its value and the fact it saw. */
export interface LeafTrace {
  /** `all[1].attachment.any`, as in the file. */
  readonly path: string
  readonly field: string
  /** `gte 25MB` */
  readonly test: string
  readonly value: TruthName
  /** The fact as compared; absent and unknown by these words. */
  readonly seen: string
}

export interface Traced {
  readonly truth: Truth
  readonly leaves: readonly LeafTrace[]
}

const SHOWN = 120

/** `forced`: the path of a leaf to take as true, to see whether the rule hangs on it. */
export function trace(
  policy: Policy,
  condition: Condition,
  facts: Facts,
  path = '',
  forced: string | null = null,
): Traced {
  switch (condition.kind) {
    case 'always':
      return { truth: true, leaves: [] }
    case 'all':
    case 'any': {
      const parts = condition.of.map((part, i) =>
        trace(policy, part, facts, join(path, `${condition.kind}[${i}]`), forced),
      )
      const truths = parts.map((part) => part.truth)
      return {
        truth: condition.kind === 'all' ? and(truths) : or(truths),
        leaves: parts.flatMap((part) => part.leaves),
      }
    }
    case 'not': {
      const part = trace(policy, condition.of, facts, join(path, 'not'), forced)
      return { truth: not(part.truth), leaves: part.leaves }
    }
    case 'leaf':
      return traceLeaf(condition, facts, path, forced)
    case 'attachments':
      return traceFiles(policy, condition, facts, join(path, `attachment.${condition.quantifier}`), forced)
  }
}

function join(path: string, next: string): string {
  return path === '' ? next : `${path}.${next}`
}

function traceLeaf(leaf: Leaf, facts: Facts, path: string, forced: string | null): Traced {
  const value = factOf(leaf, facts.scene())
  const truth = and(leaf.tests.map((test) => compileTest(test, leaf.field)(value, facts)))
  return traced(path, leaf.name, sourceOf(leaf), truth, shown(value), forced)
}

function factOf(leaf: Leaf, scene: Scene): Normalised {
  return normalise(leaf.field, leaf.field.read(scene, restOf(leaf.field, leaf.name)), scene)
}

function sourceOf(leaf: Leaf): string {
  return leaf.tests.map((test) => test.source).join(' and ')
}

function traceFiles(
  policy: Policy,
  condition: Extract<Condition, { kind: 'attachments' }>,
  facts: Facts,
  path: string,
  forced: string | null,
): Traced {
  const files = facts.input.attachments
  const test = condition.of.leaves
    .map((leaf) => `${leaf.name.slice('attachment.'.length)} ${sourceOf(leaf)}`)
    .join(', ')
  const picks = policy.selector(condition.of)
  const truths = files?.map((_, position) => picks(facts, position)) ?? [undefined]
  const doubtful = files !== undefined && facts.input.message.defects.length > 0 ? [...truths, undefined] : truths
  const truth =
    condition.quantifier === 'all' ? and(doubtful) : condition.quantifier === 'any' ? or(doubtful) : not(or(doubtful))
  const seen = files?.map((file) => `${file.name || '(no name)'} ${file.type ?? '?'} ${file.size} B`).join('; ')
  return traced(path, 'attachment', test || 'any file', truth, shorten(seen ?? 'unknown') || 'no attachment', forced)
}

function traced(path: string, field: string, test: string, truth: Truth, seen: string, forced: string | null): Traced {
  const name: TruthName = truth === undefined ? 'unknown' : truth ? 'true' : 'false'
  return { truth: forced === path ? true : truth, leaves: [{ path, field, test, value: name, seen }] }
}

/** A fact in words, short. */
export function shown(value: Normalised): string {
  if (value === undefined) return 'unknown'
  if (value === null) return 'absent'
  if (typeof value === 'object') return value.length === 0 ? 'absent' : shorten(value.join(', '))
  return shorten(String(value))
}

function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN - 3)}...` : text
}
