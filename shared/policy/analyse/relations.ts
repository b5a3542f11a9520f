/** What regions of one dimension say about another: states of one fact, texts that contain each other, attachments, directions. */
import { compileTest } from '../compile.ts'
import type { Scene } from '../registry/field.ts'
import { containsOnWordBorders } from '../text/fold.ts'
import { type Box, type Form, T, U } from './form.ts'
import { type Dimension, isText, type Universe } from './universe.ts'

const HOLDS = 0b0100n
const FAILS = 0b1000n
const PRESENT = HOLDS | FAILS
const UNKNOWN = 1n
const ABSENT = 2n

interface Relations {
  /** False when no mail lies in a box of one dimension. */
  alone(box: Box): boolean
  /** Narrows the box by what follows; false when no mail lies in it. */
  close(box: Map<number, bigint>, free: (dimension: number) => bigint, directed: boolean): boolean
}

/** What is asked about conditions on attachments. */
interface Questions {
  implies(a: Form, b: Form): string
  never(form: Form): string
  terms(form: Form, truths: number): readonly Box[] | null
  within(boxes: readonly Box[] | null, form: Form, truths: number): string
}

/** Relations between the dimensions of a universe, found as they are needed. */
export function relations(universe: Universe, questions: () => Questions): Relations {
  const known = new Map<string, boolean>()
  const remember = (key: string, find: () => boolean): boolean => {
    let answer = known.get(key)
    if (answer !== undefined) return answer
    answer = find()
    known.set(key, answer)
    return answer
  }
  let files: Questions | undefined
  const fileBoxes = () => {
    files ??= questions()
    return files
  }
  /** `a` cannot hold without `b`. */
  const implies = (a: Dimension, b: Dimension): boolean =>
    remember(`${a.index}>${b.index}`, () => {
      if (a.file && b.file) {
        const boxes = fileBoxes()
        return boxes.implies(a.file, b.file) === 'yes'
      }
      return a.test !== null && b.test !== null && textImplies(a, b)
    })
  /** `b` cannot fail without `a` failing. */
  const failsWith = (a: Dimension, b: Dimension): boolean =>
    remember(`${a.index}<${b.index}`, () => {
      if (!a.file || !b.file) return implies(a, b)
      const boxes = fileBoxes()
      return boxes.within(boxes.terms(a.file, T | U), b.file, T | U) === 'yes'
    })
  const impossible = (a: Dimension): boolean =>
    a.file !== null && remember(`${a.index}`, () => fileBoxes().never(a.file!) === 'yes')

  const grouped = (box: Box): Map<string, Dimension[]> => {
    const groups = new Map<string, Dimension[]>()
    for (const index of box.keys()) {
      const dimension = universe.dimensions[index]!
      const group = groups.get(dimension.group)
      if (group) group.push(dimension)
      else groups.set(dimension.group, [dimension])
    }
    return groups
  }

  const closeGroup = (group: readonly Dimension[], box: Map<number, bigint>): void => {
    if (!group[0]!.file) sameState(group, box)
    const main = group.find((one) => one.test === null && one.file === null)
    const tests = group.filter((one) => one !== main)
    if (main && isText(main.field)) exactTexts(universe, main, tests, box)
    for (const a of tests) {
      if (impossible(a)) box.set(a.index, box.get(a.index)! & ~HOLDS)
      for (const b of tests) {
        if (a === b) continue
        const [sa, sb] = [box.get(a.index)!, box.get(b.index)!]
        if ((sa & ~HOLDS) === 0n && implies(a, b)) box.set(b.index, sb & HOLDS)
        if ((sb & HOLDS) === 0n && implies(a, b)) box.set(a.index, sa & ~HOLDS)
        if ((sb & ~FAILS) === 0n && failsWith(a, b)) box.set(a.index, box.get(a.index)! & FAILS)
        if ((sa & FAILS) === 0n && failsWith(a, b)) box.set(b.index, box.get(b.index)! & ~FAILS)
      }
    }
  }

  const nonEmpty = (box: Box) => [...box.values()].every((set) => set !== 0n)
  return {
    alone(box) {
      const [index] = box.keys()
      const dimension = universe.dimensions[index!]!
      return !(impossible(dimension) && box.get(index!) === HOLDS)
    },
    close(box, free, directed) {
      for (const group of grouped(box).values()) if (group.length > 1 || group[0]!.file) closeGroup(group, box)
      return nonEmpty(box) && directions(universe, box, free, directed) && nonEmpty(box)
    },
  }
}

/** A fact is unknown, absent or there for all that is asked about it. */
function sameState(group: readonly Dimension[], box: Map<number, bigint>): void {
  let states = UNKNOWN | ABSENT | PRESENT
  for (const { index } of group) {
    const set = box.get(index)!
    states &= (set & UNKNOWN) | (set & ABSENT) | (set >> 2n !== 0n ? PRESENT : 0n)
  }
  for (const { index } of group) {
    const set = box.get(index)!
    const there = states & PRESENT ? (set >> 2n) << 2n : 0n
    box.set(index, there | (set & states & (UNKNOWN | ABSENT)))
  }
}

/** Where a text can only be one of a few, its other tests have certain answers. */
function exactTexts(universe: Universe, main: Dimension, tests: readonly Dimension[], box: Map<number, bigint>): void {
  const scene = { labels: universe.labels } as Scene
  for (const test of tests) {
    const holds = test.test && compileTest(test.test, test.field!)
    if (!holds) continue
    let kept = 0n
    let answers = 0n
    const set = box.get(main.index)!
    const answer = box.get(test.index)!
    for (const [index, region] of main.regions.entries()) {
      const bit = 1n << BigInt(index)
      if ((set & bit) === 0n) continue
      const found =
        region.state === 'unknown'
          ? UNKNOWN
          : region.state === 'absent'
            ? ABSENT
            : !region.exact
              ? PRESENT
              : holds(region.value, scene)
                ? HOLDS
                : FAILS
      if ((found & answer) === 0n) continue
      kept |= bit
      answers |= found
    }
    box.set(main.index, kept)
    box.set(test.index, answer & answers)
  }
}

/** Tests on one text (or on one set of entries): whatever meets `a` meets `b`. */
function textImplies(a: Dimension, b: Dimension): boolean {
  const [one, other] = [a.test!, b.test!]
  if (!Array.isArray(one.operand) && !['is', 'exists'].includes(one.operator.name)) return false
  const list = (operand: unknown) => (Array.isArray(operand) ? operand : [operand]).map(String)
  const [mine, theirs] = [list(one.operand), list(other.operand)]
  const [name, wanted] = [kind(a), kind(b)]
  if (name === '') return false
  if (wanted === 'exists') return name !== 'exists' && other.operand === true && mine.every((part) => part !== '')
  if (name === 'exists' || wanted === '') return false
  return mine.every((text) => theirs.some((part) => follows(name, text, wanted, part)))
}

function kind({ test, field }: Dimension): string {
  const name = test!.operator.name
  if (['is', 'in', 'inList'].includes(name) || (name === 'contains' && field!.type === 'list')) return 'among'
  return ['contains', 'containsTag', 'startsWith', 'endsWith', 'exists'].includes(name) ? name : ''
}

/** A text that meets the first test for `text` meets the second for `part`. */
function follows(name: string, text: string, wanted: string, part: string): boolean {
  if (name === 'among') {
    switch (wanted) {
      case 'among':
        return text === part
      case 'contains':
        return text.includes(part)
      case 'containsTag':
        return containsOnWordBorders(text, part)
      case 'startsWith':
        return text.startsWith(part)
      case 'endsWith':
        return text.endsWith(part)
    }
    return false
  }
  if (wanted === 'contains') return name !== '' && text.includes(part)
  if (wanted === 'startsWith') return name === 'startsWith' && text.startsWith(part)
  if (wanted === 'endsWith') return name === 'endsWith' && text.endsWith(part)
  return wanted === 'containsTag' && name === 'containsTag' && text === part
}

/** [sender is ours, recipient is external, message.direction (null: an internal recipient of outbound mail), recipient.direction] */
const DIRECTIONS = [
  [false, false, 'inbound', 'inbound'],
  [false, true, 'inbound', 'inbound'],
  [true, false, 'internal', 'internal'],
  [true, false, null, 'internal'],
  [true, true, 'outbound', 'outbound'],
] as const
const DIRECTED = ['sender.ours', 'recipient.external', 'message.direction', 'recipient.direction'] as const

/**
 * How directions go together. Always: what is outbound has no value for internal recipients. `directed`: all that the
 * gateway derives (POLICY, Meaning 7).
 */
function directions(
  universe: Universe,
  box: Map<number, bigint>,
  free: (dimension: number) => bigint,
  directed: boolean,
): boolean {
  const places = DIRECTED.map((name) => universe.dimension(name))
  if (!directed) {
    const [, external, direction] = places as [Dimension, Dimension, Dimension, Dimension]
    const asked = box.get(direction.index)
    if (asked === undefined) return true
    const outbound = bit(direction, 'outbound')
    const set = box.get(external.index) ?? free(external.index)
    if (asked === outbound) box.set(external.index, set & ~bit(external, false))
    else if (asked === ABSENT) box.set(external.index, set & ~bit(external, true))
    else if ((set & ~bit(external, false)) === 0n) box.set(direction.index, asked & ~outbound)
    return true
  }
  if (!places.some((place) => box.has(place.index))) return true
  const sets = places.map((place) => box.get(place.index) ?? free(place.index))
  const unknown = (sets[1]! & UNKNOWN) !== 0n
  const fitting = DIRECTIONS.filter((row) => row.every((value, i) => (sets[i]! & bit(places[i]!, value)) !== 0n))
  if (fitting.length === 0) return unknown
  for (const [i, place] of places.entries()) {
    const bits = fitting.reduce((sum, row) => sum | bit(place, row[i]!), i === 1 && unknown ? UNKNOWN : 0n)
    box.set(place.index, sets[i]! & bits)
  }
  return true
}

function bit(dimension: Dimension, value: boolean | string | null): bigint {
  if (value === null) return ABSENT
  const index = dimension.regions.findIndex((region) => region.state === 'present' && region.value === value)
  return index < 0 ? 0n : 1n << BigInt(index)
}
