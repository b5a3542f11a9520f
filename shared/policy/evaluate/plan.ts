/** A plan under construction: slots whose values are joined. */

import type { AnyAction, Slotted } from '../registry/action.ts'
import { byCode } from '../text/canonical.ts'

export interface Contributor {
  readonly id: string
  readonly overridable: boolean
  /** Place of a rule's id among those of its policy, in their order; numbers compare faster than texts. */
  readonly order?: number
}

export interface PlanSlot {
  readonly action: AnyAction
  readonly slot: string
  readonly value: unknown
  readonly by: readonly Contributor[]
}

/** What one action brings to one slot, with the slot's key in a plan. */
export interface Contributed {
  readonly key: string
  readonly action: AnyAction
  readonly slot: string
  readonly value: unknown
}

export type Plan = ReadonlyMap<string, PlanSlot>

export function slotKey(action: AnyAction, slot: string): string {
  return slot === '' ? action.name : `${action.name} ${slot}`
}

/** Joins one contribution into a plan. */
export function contribute(plan: Map<string, PlanSlot>, added: PlanSlot): void {
  const key = slotKey(added.action, added.slot)
  const known = plan.get(key)
  plan.set(key, known ? joinSlots(known, added) : added)
}

export function joinSlots(a: PlanSlot, b: PlanSlot): PlanSlot {
  return { ...a, value: a.action.join(a.value, b.value), by: joinContributors(a.by, b.by) }
}

/** The join of two plans; property tests hold it to commutative, associative and idempotent. */
export function joinPlans(a: Plan, b: Plan): Plan {
  const joined = new Map(a)
  for (const slot of b.values()) contribute(joined, slot)
  return joined
}

function joinContributors(a: readonly Contributor[], b: readonly Contributor[]): readonly Contributor[] {
  return zipped(distinctContributors(a), distinctContributors(b))
}

/** The union of two lists that are in order. */
function zipped(a: readonly Contributor[], b: readonly Contributor[]): readonly Contributor[] {
  const all: Contributor[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const [one, other] = [a[i]!, b[j]!]
    if (one.id < other.id) {
      all.push(one)
      i++
    } else if (other.id < one.id) {
      all.push(other)
      j++
    } else {
      all.push(one.overridable ? other : one)
      i++
      j++
    }
  }
  for (; i < a.length; i++) all.push(a[i]!)
  for (; j < b.length; j++) all.push(b[j]!)
  return all
}

/** Whether they come in order already, each once. A wish, which has no place, is told by its id. */
function areInOrder(list: readonly Contributor[]): boolean {
  for (let i = 1; i < list.length; i++) {
    const [a, b] = [list[i - 1]!, list[i]!]
    if (a.order === undefined || b.order === undefined ? a.id >= b.id : a.order >= b.order) return false
  }
  return true
}

/** One entry an id, in order of ids; overridable only if every entry of that id is. */
export function distinctContributors(list: readonly Contributor[]): readonly Contributor[] {
  if (areInOrder(list)) return list
  const byId = new Map<string, Contributor>()
  // A rule is mostly one and the same contributor for all recipients.
  for (const one of new Set(list)) {
    const known = byId.get(one.id)
    byId.set(one.id, known && known.overridable !== one.overridable ? { id: one.id, overridable: false } : one)
  }
  return [...byId.values()].sort((x, y) => byCode(x.id, y.id))
}

/** Contributions to one slot that are known by sight; others are joined anew, which changes nothing. */
const KNOWN = 8

interface Open {
  readonly action: AnyAction
  readonly slot: string
  value: unknown
  /** What came last. */
  last: unknown
  readonly joined: unknown[]
  readonly by: Contributor[]
}

/** A plan while contributions come in; who made them is put in order once, at the end. */
export class Joining {
  readonly #slots = new Map<string, Open>()

  add(one: Contributed, by: Contributor): void {
    const { key, action, slot, value } = one
    const known = this.#slots.get(key)
    if (known) {
      join(known, value)
      known.by.push(by)
    } else this.#slots.set(key, { action, slot, value, last: value, joined: [value], by: [by] })
  }

  /** The same of a slot that was joined already, with all who contributed to it. */
  addAll(key: string, { action, slot, value, by }: PlanSlot): void {
    const known = this.#slots.get(key)
    if (known) {
      join(known, value)
      for (let i = 0; i < by.length; i++) known.by.push(by[i]!)
    } else this.#slots.set(key, { action, slot, value, last: value, joined: [value], by: [...by] })
  }

  plan(): Map<string, PlanSlot> {
    const plan = new Map<string, PlanSlot>()
    for (const [key, { action, slot, value, by }] of this.#slots)
      plan.set(key, { action, slot, value, by: distinctContributors(by) })
    return plan
  }
}

/** Joins are idempotent: what was joined once need not be again. */
function join(slot: Open, value: unknown): void {
  if (slot.last === value) return
  slot.last = value
  if (slot.joined.includes(value)) return
  slot.value = slot.action.join(slot.value, value)
  if (slot.joined.length < KNOWN) slot.joined.push(value)
}

/** Most actions never ask who contributed. */
class PlannedSlot implements Slotted<unknown> {
  readonly slot: string
  readonly value: unknown
  readonly #by: readonly Contributor[]

  constructor({ slot, value, by }: PlanSlot) {
    this.slot = slot
    this.value = value
    this.#by = by
  }

  get rules(): readonly string[] {
    return this.#by.map(({ id }) => id)
  }
}

/** Slots by action, sorted by name, as its `steps` and `once` take them. */
export function slotsByAction(plan: Plan): ReadonlyMap<AnyAction, readonly Slotted<unknown>[]> {
  const slots = new Map<AnyAction, Slotted<unknown>[]>()
  for (const planned of plan.values()) {
    const one = new PlannedSlot(planned)
    const known = slots.get(planned.action)
    if (known) known.push(one)
    else slots.set(planned.action, [one])
  }
  for (const list of slots.values()) if (list.length > 1) list.sort((a, b) => byCode(a.slot, b.slot))
  return slots
}

/** Names of single-valued slots where rules of one layer disagree. */
export function conflictsOf(plan: Plan): readonly { readonly name: string; readonly rules: readonly string[] }[] {
  const conflicts: { readonly name: string; readonly rules: readonly string[] }[] = []
  for (const [name, { action, value, by }] of plan)
    if (action.conflict?.(value)) conflicts.push({ name, rules: by.map(({ id }) => id) })
  return conflicts.sort((a, b) => byCode(a.name, b.name))
}
