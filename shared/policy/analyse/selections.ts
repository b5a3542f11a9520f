/** Which actions a rule can bring in a box: `select` of the engine, over all truths its conditions can have there. */
import type { ActionUse, Condition, Rule, RuleSet } from '../ir.ts'
import type { Boxes } from './boxes.ts'
import { type Atom, type Box, F, type Form, T, U } from './form.ts'
import type { Universe } from './universe.ts'

export interface Selected {
  readonly actions: readonly ActionUse[]
  /** Actions in doubt: a restrictive one among them applies `onUnknown`. */
  readonly open: readonly ActionUse[]
}

/** A rule over regions. */
export interface Subject {
  readonly rule: Rule
  readonly set: RuleSet
  readonly applies: Form
  readonly when: Form
  readonly branches: readonly Form[]
  /** Exceptions that may take its actions away (all of them where the list is empty). */
  readonly exceptions: readonly { readonly when: Form; readonly actions: readonly string[] }[]
}

const NOTHING: Selected = { actions: [], open: [] }
const MAX_SELECTIONS = 40

export function subjectOf(universe: Universe, set: RuleSet, rule: Rule, sets: readonly RuleSet[]): Subject {
  return {
    rule,
    set,
    applies: universe.form(set.appliesTo),
    when: universe.form(rule.when),
    branches: rule.branches.map((branch) => universe.form(branch.when)),
    exceptions: sets.flatMap((other) =>
      other.mode !== 'enforce'
        ? []
        : other.exceptions
            .filter((exception) => exception.rule === rule.id)
            .map(({ when, actions }) => ({
              when: universe.form({ kind: 'all', of: [other.appliesTo, when] }),
              actions,
            })),
    ),
  }
}

/** Every condition a policy holds. */
export function conditionsOf(sets: readonly RuleSet[]): readonly Condition[] {
  return sets.flatMap((set) => [
    set.appliesTo,
    ...set.rules.flatMap((rule) => [rule.when, ...rule.branches.map((branch) => branch.when)]),
    ...set.exceptions.map((exception) => exception.when),
    ...set.guarantees.map((guarantee) => guarantee.when),
  ])
}

/** All selections that can come about in the box; null when there are too many to tell. Exceptions are left aside. */
export function selectionsIn(subject: Subject, boxes: Boxes, box: Box): readonly Selected[] | null {
  const applies = boxes.possible(subject.applies, box)
  if (applies === F) return [NOTHING]
  const own = boxes.possible(subject.when, box)
  const { rule } = subject
  const found: Selected[] = []
  const add = (actions: readonly ActionUse[], open: readonly ActionUse[]) => {
    const same = found.some((one) => sameUses(one.actions, actions) && sameUses(one.open, open))
    if (!same) found.push({ actions, open })
  }
  const branches = subject.branches.map((branch) => boxes.possible(branch, box))
  const walk = (index: number, certain: boolean, open: readonly ActionUse[]) => {
    const truths = branches[index]
    if (truths === undefined) return add([], open)
    if (found.length > MAX_SELECTIONS) return
    const { actions } = rule.branches[index]!
    if (truths & F) walk(index + 1, certain, open)
    if (truths & U) walk(index + 1, certain, [...open, ...actions])
    if (truths & T) {
      if (certain && open.length === 0) add(actions, [])
      else add([], [...open, ...actions])
    }
  }
  if (applies & F) add([], [])
  for (const a of [T, U]) {
    if (!(applies & a)) continue
    if (own & F) add(a === T ? rule.else : [], a === T ? [] : rule.else)
    if (own & T) walk(0, a === T, [])
    if (own & U) walk(0, false, rule.else)
  }
  return found.length > MAX_SELECTIONS ? null : found
}

function sameUses(a: readonly ActionUse[], b: readonly ActionUse[]): boolean {
  return a.length === b.length && a.every((use, index) => use === b[index])
}

/** Names of actions that an exception may take away in the box; null is all of them. */
export function mayBeExempt({ exceptions }: Subject, boxes: Boxes, box: Box): ReadonlySet<string> | null {
  const taken = new Set<string>()
  for (const { when, actions } of exceptions) {
    if (!(boxes.possible(when, box) & T)) continue
    if (actions.length === 0) return null
    for (const action of actions) taken.add(action)
  }
  return taken
}

/** The first atom that can still have several truths in the box, and how many there are. */
export function undecided(
  subject: Subject,
  boxes: Boxes,
  box: Box,
): { readonly first: Atom | null; readonly count: number } {
  const forms = [subject.applies, subject.when, ...subject.branches, ...subject.exceptions.map(({ when }) => when)]
  return undecidedIn(forms, boxes, box)
}

export function undecidedIn(
  forms: readonly Form[],
  boxes: Boxes,
  box: Box,
): { readonly first: Atom | null; readonly count: number } {
  let first: Atom | null = null
  let count = 0
  const visit = (form: Form): void => {
    const truths = boxes.possible(form, box)
    if (truths === T || truths === F || truths === U) return
    if (form.kind === 'atom') {
      first ??= form
      count++
    } else if (form.kind === 'not') visit(form.of)
    else if (form.kind !== 'true' && form.kind !== 'open') for (const part of form.of) visit(part)
  }
  for (const form of forms) visit(form)
  return { first, count }
}

/** The parts of a box in which an atom has one truth each, false first. */
export function split(boxes: Boxes, box: Box, atom: Atom): readonly Box[] {
  return [atom.f, atom.u, atom.t].flatMap((set) => {
    if (set === 0n) return []
    const part = boxes.narrow(box, atom.dimension, set)
    return part === null ? [] : [part]
  })
}
