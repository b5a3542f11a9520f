/** Facts worth trying for one field: what its regions name, and texts and lists put together from what is asked. */
import type { FieldDefinition } from '../registry/field.ts'
import { types } from '../registry/types.ts'
import { instant } from '../text/units.ts'
import type { Candidate, Mail } from './mail.ts'
import type { Dimension } from './universe.ts'

/** A dimension with the regions in which a fact is wanted. */
export interface Wanted {
  readonly dimension: Dimension
  readonly set: bigint
}

const HOLDS = 0b0100n
const NEUTRAL = ['Hello', 'x', 'q7']

/** `file`: of an attachment. The plainest come first; unknown and absent facts last. */
export function candidates(
  field: FieldDefinition,
  wanted: readonly Wanted[],
  mail: Mail,
  file: boolean,
): readonly Candidate[] {
  const empty: Candidate[] = [null, undefined]
  if (types[field.type].many) return [...lists(wanted, file), ...empty]
  const regions = wanted
    .filter(({ dimension }) => dimension.test === null)
    .flatMap(({ dimension, set }) =>
      dimension.regions.flatMap(({ state, value }, index) =>
        state === 'present' && (set & (1n << BigInt(index))) !== 0n ? [value] : [],
      ),
    )
  // Open ends come last among the regions and are the plainest texts, yet the oddest numbers.
  const own: Candidate[] = typeof regions[0] === 'number' ? regions : regions.reverse()
  switch (field.type) {
    case 'boolean':
      return [...own, false, true, ...empty]
    case 'time':
      return [...own, ...times(wanted, mail), ...empty, 'nonsense']
    case 'string':
    case 'address':
    case 'domain':
      return [...texts(wanted), ...own, ...NEUTRAL, '', ...empty]
    default:
      return [...own, ...numbers(wanted), ...empty]
  }
}

function asked(wanted: readonly Wanted[]): readonly Wanted[] {
  return wanted.filter(({ dimension, set }) => dimension.test !== null && set === HOLDS)
}

function operandOf({ dimension }: Wanted): readonly unknown[] {
  const operand = dimension.test?.operand
  return Array.isArray(operand) ? operand : [operand]
}

/** One text that begins, goes on and ends as asked. */
function texts(wanted: readonly Wanted[]): readonly string[] {
  const starts: string[] = []
  const parts: string[] = []
  const ends: string[] = []
  const patterns: string[][] = []
  const looks: string[] = []
  for (const one of asked(wanted)) {
    const first = String(operandOf(one)[0])
    switch (one.dimension.test!.operator.name) {
      case 'startsWith':
        starts.push(first)
        break
      case 'endsWith':
        ends.push(first)
        break
      case 'matches':
        patterns.push(samples(first))
        break
      case 'confusableWith':
        looks.push(...operandOf(one).flatMap((name) => lookAlikes(String(name))))
        break
      default:
        parts.push(first)
    }
  }
  if (starts.length + parts.length + ends.length + patterns.length === 0) return looks
  const made = (matching: readonly string[]) => [...starts, ...parts, ...matching, ...ends].join(' ')
  const choices = patterns.reduce<string[][]>(
    (all, list) => all.flatMap((chosen) => list.slice(0, 12).map((sample) => [...chosen, sample])).slice(0, 100),
    [[]],
  )
  return [...choices.map(made), ...choices.flat(), ...parts]
}

/** Texts that a pattern may match: its literal pieces. Whether they do is tried. */
function samples(pattern: string): string[] {
  const plain = pattern
    .replace(/\(\?[a-zA-Z:-]*/g, '(')
    .replace(/\\[bBAzZ]/g, '')
    .replace(/\\d(\{(\d+)[^}]*\})?/g, (_, __, count: string | undefined) => '1'.repeat(Number(count ?? 1)))
    .replace(/\\w(\{(\d+)[^}]*\})?/g, (_, __, count: string | undefined) => 'a'.repeat(Number(count ?? 1)))
    .replace(/\\s/g, ' ')
    .replace(/\[([^\]])[^\]]*\](\{(\d+)[^}]*\})?/g, (_, one: string, __, count: string | undefined) =>
      one.repeat(Number(count ?? 1)),
    )
    .replace(/\\(.)/g, '$1')
  const whole = plain.replace(/\(([^()|]*)\|[^()]*\)/g, '$1').replace(/[()^$+*?]|\{[^}]*\}/g, '')
  const pieces = plain.split(/[()|]/).map((piece) => piece.replace(/[\^$+*?]|\{[^}]*\}/g, '').replace(/\./g, 'x'))
  return [...new Set([whole, whole.replace(/\./g, 'x'), ...pieces])].filter((piece) => piece.trim() !== '')
}

/** Domains that a reader takes for this one. */
function lookAlikes(domain: string): readonly string[] {
  const name = domain.replace(/^\*\./, '')
  const swaps = [
    ['l', '1'],
    ['o', '0'],
    ['i', 'l'],
    ['m', 'rn'],
    ['s', '5'],
    ['d', 'cl'],
  ] as const
  return swaps.flatMap(([from, to]) => (name.includes(from) ? [name.replace(from, to)] : []))
}

/** Entries of the sets that must be met. */
function lists(wanted: readonly Wanted[], file: boolean): readonly Candidate[] {
  const sets = asked(wanted).map((one) =>
    ['matches'].includes(one.dimension.test!.operator.name)
      ? samples(String(operandOf(one)[0]))
      : operandOf(one).map((value) => (typeof value === 'boolean' ? 'x' : String(value))),
  )
  const refused = new Set(wanted.filter(({ set }) => (set & HOLDS) === 0n).flatMap((one) => operandOf(one).map(String)))
  const picked = sets.map((set) => set.find((value) => !refused.has(value)) ?? set[0] ?? 'x')
  const shared = sets[0]?.filter((value) => sets.every((set) => set.includes(value)) && !refused.has(value)) ?? []
  const made: Candidate[] = picked.length > 0 ? [shared.slice(0, 1), [...new Set(picked)]] : []
  if (sets.length > 0 && sets.every((set) => set.length > 1))
    made.push(...(sets[0] ?? []).slice(0, 20).map((value) => [value]))
  return file ? [...made, ['q7']] : [...made, [], ['q7']]
}

/** Moments around the operands, and hours of a week for schedules. */
function times(wanted: readonly Wanted[], mail: Mail): readonly number[] {
  const now = instant(mail.time) ?? 0
  const around = wanted.flatMap((one) =>
    operandOf(one)
      .filter((value) => typeof value === 'number')
      .flatMap((seconds) => [now - Number(seconds) * 1000 - 60_000, now - Number(seconds) * 1000 + 60_000]),
  )
  const week = Array.from({ length: 7 * 12 }, (_, i) => now + i * 2 * 3_600_000)
  return [now, ...around, now - 3_600_000, now - 400 * 86_400_000, ...week]
}

function numbers(wanted: readonly Wanted[]): readonly number[] {
  return wanted.flatMap((one) =>
    operandOf(one).flatMap((value) => (typeof value === 'number' ? [value, value + 1, value - 1] : [])),
  )
}
