/** What a box makes certain: how rules that surely apply stop a mail or protect it. */
import type { Method, Outcome } from '../../domain/index.ts'
import type { ActionUse, Guarantee } from '../ir.ts'
import { LAYERS } from '../layer.ts'
import type { Boxes } from './boxes.ts'
import type { Box } from './form.ts'
import { mayBeExempt, type Selected, type Subject, selectionsIn } from './selections.ts'

/** What one rule is sure to do in a box, and what it can do there. */
interface Effect {
  /** It stops the mail whichever selection comes about. */
  readonly stops: boolean
  /** Methods of which it accepts one at most, unless it stops the mail; null when it may accept anything. */
  readonly methods: readonly Method[] | null
  /** It signs, unless it stops the mail. */
  readonly signs: readonly string[] | null
  /** Kinds of signatures it can ask for. */
  readonly maySign: readonly string[]
  /** Outcomes other than deliver it can ask for. */
  readonly outcomes: readonly Outcome[]
  /** The sender's wish for less cannot take its part away. */
  readonly firm: boolean
  readonly rank: number
}

const ALL_OUTCOMES: readonly Outcome[] = ['defer', 'hold', 'quarantine', 'reject']

export function effectOf(subject: Subject, boxes: Boxes, box: Box): Effect {
  const { rule, set } = subject
  const rank = LAYERS.indexOf(set.layer) * 2 + (rule.final ? 0 : 1)
  const firm = !rule.overridable || rule.final
  const selections = selectionsIn(subject, boxes, box)
  const exempt = mayBeExempt(subject, boxes, box)
  const left = (uses: readonly ActionUse[]) =>
    exempt === null ? [] : uses.filter((use) => !exempt.has(use.definition.name))
  const all = selections ?? []
  const every = all.map((one) => ({ ...one, certain: left(one.actions), doubt: left(one.open) }))
  const stopped = (one: (typeof every)[number]) =>
    one.certain.some(isGate) || (rule.onUnknown !== 'skip' && one.doubt.some((use) => use.definition.restrictive))
  const moving = every.filter((one) => !stopped(one))
  const sure = selections !== null && exempt !== null
  return {
    stops: sure && moving.length === 0,
    methods: sure ? joint(moving.map((one) => methodsOf(one.certain))) : null,
    signs: sure ? joint(moving.map((one) => signsOf(one.certain))) : null,
    maySign: all.flatMap((one) => signsOf(one.actions) ?? []),
    outcomes: selections === null ? ALL_OUTCOMES : [...new Set(all.flatMap((one) => outcomesOf(subject, one)))],
    firm,
    rank,
  }
}

/** What holds whichever of several comes about: their union, or nothing where one promises nothing. */
function joint<V>(lists: readonly (readonly V[] | null)[]): readonly V[] | null {
  if (lists.length === 0 || lists.includes(null)) return null
  return [...new Set(lists.flatMap((list) => list ?? []))]
}

function isGate({ definition }: ActionUse): boolean {
  return definition.phase === 'gate'
}

function methodsOf(uses: readonly ActionUse[]): readonly Method[] | null {
  const lists = uses.flatMap(({ definition, params }) => {
    if (definition.name !== 'protect') return []
    const { anyOf, container = 'mail' } = params as { readonly anyOf: readonly Method[]; readonly container?: string }
    // Files alone are not the mail.
    return container === 'mail' ? [anyOf] : []
  })
  if (lists.length === 0) return null
  return lists.reduce((a, b) => a.filter((method) => b.includes(method)))
}

function signsOf(uses: readonly ActionUse[]): readonly string[] | null {
  const kinds = uses.flatMap(({ definition, params }) =>
    definition.name === 'sign' ? [(params as { readonly with: string }).with] : [],
  )
  return kinds.length === 0 ? null : kinds
}

function outcomesOf({ rule }: Subject, { actions, open }: Selected): readonly Outcome[] {
  const gates = actions.filter(isGate).map((use) => use.definition.name as Outcome)
  const unknown = [...open, ...actions].some((use) => use.definition.restrictive) && rule.onUnknown !== 'skip'
  const none = actions.flatMap(({ definition, params }) => {
    if (definition.name !== 'protect') return []
    const { ifNone = 'reject', password } = params as { ifNone?: Outcome; password?: { ifNoPhone?: string } }
    const phone = password?.ifNoPhone
    return [ifNone, ...(phone === 'hold' || phone === 'reject' ? [phone] : [])] as Outcome[]
  })
  return [...gates, ...none, ...(unknown ? [rule.onUnknown as Outcome] : [])]
}

/**
 * Methods that are never chosen though rules accept them. The portal is always possible where it asks for no phone, and no
 * wish of a sender puts transport alone before it: if it comes before `tls` in the tenant's order, and whoever accepts `tls`
 * accepts it too, then it is in every intersection that holds `tls`.
 */
export function neverChosen(subjects: readonly Subject[], preference: readonly Method[]): readonly Method[] {
  const uses = subjects.flatMap(({ rule }) => [...rule.else, ...rule.branches.flatMap(({ actions }) => actions)])
  const openToTls = uses.flatMap(({ definition, params }) => {
    const protect = params as { readonly anyOf: readonly Method[]; readonly access?: string }
    return definition.name === 'protect' && protect.anyOf.includes('tls') ? [protect] : []
  })
  const first = preference.indexOf('portal')
  if (first < 0 || preference.indexOf('tls') < first) return []
  return openToTls.every(({ anyOf, access }) => anyOf.includes('portal') && access !== 'portal-2fa') ? ['tls'] : []
}

/** Whether no mail of the box can break the guarantee at its own recipient. */
export function isSafe(guarantee: Guarantee, effects: readonly Effect[], never: readonly Method[]): boolean {
  return neverOpen(guarantee, effects, never) && outcomesAccepted(guarantee, effects)
}

/** It is not delivered, or delivered as required. */
export function neverOpen(
  { protectedBy, signedBy }: Guarantee,
  effects: readonly Effect[],
  never: readonly Method[],
): boolean {
  if (effects.some((one) => one.stops)) return true
  if (protectedBy.length === 0 && signedBy.length === 0) return false
  return (
    (protectedBy.length === 0 || isProtected([...protectedBy, ...never], effects)) &&
    (signedBy.length === 0 || isSigned(signedBy, effects))
  )
}

/** Accepted methods intersect, and one that is never chosen does no harm; one firm contributor keeps the slot, and with it what the others ask. */
function isProtected(protectedBy: readonly string[], effects: readonly Effect[]): boolean {
  const asking = effects.filter((one) => one.methods !== null)
  if (!asking.some((one) => one.firm)) return false
  const common = asking.map((one) => one.methods ?? []).reduce((a, b) => a.filter((method) => b.includes(method)))
  return common.every((method) => protectedBy.includes(method))
}

/** The highest rank decides who signs; within a rank a difference holds the mail. */
function isSigned(signedBy: readonly string[], effects: readonly Effect[]): boolean {
  const wrong = effects.filter((one) => one.maySign.some((kind) => !signedBy.includes(kind))).map((one) => one.rank)
  const highest = Math.min(...wrong)
  return effects.some((one) => one.firm && one.signs?.every((kind) => signedBy.includes(kind)) && one.rank < highest)
}

function outcomesAccepted({ orOutcome }: Guarantee, effects: readonly Effect[]): boolean {
  if (ALL_OUTCOMES.every((outcome) => orOutcome.includes(outcome))) return true
  // Wishes of the sender and facts about the recipient can always hold, defer or reject what is not stopped harder.
  const possible = new Set<Outcome>(['hold', 'defer', 'reject', ...effects.flatMap((one) => one.outcomes)])
  return [...possible].every((outcome) => orOutcome.includes(outcome))
}

/** Whether a rule could contribute to safety, were its conditions decided. `strong`: by stopping or protecting. */
export function helps({ rule }: Subject, guarantee: Guarantee): 'strong' | 'weak' | 'no' {
  const uses = [...rule.else, ...rule.branches.flatMap((branch) => branch.actions)]
  const wanted = (use: ActionUse) =>
    isGate(use) ||
    (guarantee.protectedBy.length > 0 && use.definition.name === 'protect') ||
    (guarantee.signedBy.length > 0 && use.definition.name === 'sign')
  if (uses.some(wanted)) return 'strong'
  return rule.onUnknown !== 'skip' && uses.some((use) => use.definition.restrictive) ? 'weak' : 'no'
}
