/** Which actions of which rules apply to one recipient, and what is left open because a fact is unknown. */
import type { Selection } from '../compiled-rule.ts'
import type { Facts } from '../facts.ts'
import type { Candidate } from '../match/rule-index.ts'
import type { CompiledRule, Policy } from '../policy.ts'
import { instant } from '../text/units.ts'
import { and, type Truth } from '../truth.ts'
import type { ReadyUse } from './ready.ts'

const NONE: readonly ReadyUse[] = []

/** What exceptions in force take away, by rule: null is the whole rule. */
export type Exempt = ReadonlyMap<
  string,
  { readonly actions: ReadonlySet<string> | null; readonly exceptions: readonly string[] }
>

export function select(rule: CompiledRule, facts: Facts): Selection {
  const applies = rule.applies(facts)
  if (applies === false) return none(rule)
  const own = rule.when(facts)
  const truth = and([applies, own])
  if (own === false && applies === true) {
    return { rule, truth, branch: rule.else.length > 0 ? 'else' : null, actions: rule.else, open: [] }
  }
  if (own === false) return { rule, truth: undefined, branch: null, actions: [], open: rule.else }
  return branchOf(rule, truth, own === undefined ? rule.else : [], facts)
}

/** As `select`, for a rule that the index found; it may have told the truth of the rule's condition already. */
export function selectFound({ rule, truth, settled }: Candidate, facts: Facts): Selection {
  if (settled) return settled
  if (truth === 'open') return select(rule, facts)
  return branchOf(rule, truth, NONE, facts)
}

function none(rule: CompiledRule): Selection {
  return { rule, truth: false, branch: null, actions: [], open: [] }
}

/** The first branch that holds, if nothing before it is in doubt. */
function branchOf(rule: CompiledRule, truth: Truth, otherwise: readonly ReadyUse[], facts: Facts): Selection {
  let open = otherwise
  for (let index = 0; index < rule.branches.length; index++) {
    const branch = rule.branches[index]!
    const holds = branch.when(facts)
    if (holds === false) continue
    if (holds === true && truth === true && open.length === 0) {
      return { rule, truth, branch: rule.choose ? `choose[${index}]` : 'then', actions: branch.actions, open: NONE }
    }
    open = [...open, ...branch.actions]
    if (holds === true) break
  }
  return { rule, truth, branch: null, actions: NONE, open }
}

const NO_EXEMPT: Exempt = new Map()

/** Exceptions that are in force at the time of receipt and hold for certain. */
export function exemptions(policy: Policy, facts: Facts): Exempt {
  if (policy.exceptions.length === 0) return NO_EXEMPT
  const exempt = new Map<string, { actions: Set<string> | null; exceptions: string[] }>()
  const now = instant(facts.input.time)
  if (now === null) return exempt
  for (const { exception, when } of policy.exceptions) {
    if (now >= exception.expires || when(facts) !== true) continue
    const known = exempt.get(exception.rule) ?? { actions: new Set<string>(), exceptions: [] }
    known.exceptions.push(exception.id)
    if (exception.actions.length === 0) known.actions = null
    else for (const action of exception.actions) known.actions?.add(action)
    exempt.set(exception.rule, known)
  }
  return exempt
}

/** The actions that exceptions leave. */
export function withoutExempt(uses: readonly ReadyUse[], rule: string, exempt: Exempt): readonly ReadyUse[] {
  if (exempt.size === 0) return uses
  const taken = exempt.get(rule)
  if (!taken) return uses
  return taken.actions === null ? [] : uses.filter((use) => !taken.actions?.has(use.definition.name))
}
