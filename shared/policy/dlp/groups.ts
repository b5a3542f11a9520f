import { isWordAt } from './detector.ts'

/** Groups of digits that one separator each holds together: `4111 1111 1111 1111`. */
export interface Run {
  readonly groups: readonly string[]
}

const RUN = /\d+(?:[ .\-/]\d+)*/g
/** Longest number that is looked for, in digits. */
const LONGEST = 19

/** Every run of digit groups with free borders, in linear time. */
export function* digitRuns(text: string): Iterable<Run> {
  for (const { 0: found, index } of text.matchAll(RUN)) {
    const groups = found.split(/[ .\-/]/)
    // A group that touches a letter belongs to a word.
    const from = isWordAt(text, index - 1) ? 1 : 0
    const to = isWordAt(text, index + found.length) ? groups.length - 1 : groups.length
    if (to > from) yield { groups: groups.slice(from, to) }
  }
}

/**
 * Numbers that whole groups make, when `lengths` (of the groups) is accepted; the longest at each place first, and what
 * lies inside a number that `valid` accepts is not looked at again.
 */
export function* numbersIn(
  { groups }: Run,
  shape: (lengths: readonly number[]) => boolean,
  valid: (digits: string) => boolean,
): Iterable<string> {
  for (let from = 0; from < groups.length; ) {
    const to = endOf(groups, from, shape, valid)
    if (to > from) yield groups.slice(from, to).join('')
    from = Math.max(to, from + 1)
  }
}

function endOf(
  groups: readonly string[],
  from: number,
  shape: (lengths: readonly number[]) => boolean,
  valid: (digits: string) => boolean,
): number {
  let found = from
  const lengths: number[] = []
  let digits = ''
  for (let to = from; to < groups.length && digits.length + groups[to]!.length <= LONGEST; to++) {
    digits += groups[to]!
    lengths.push(groups[to]!.length)
    if (shape(lengths) && valid(digits)) found = to + 1
  }
  return found
}
