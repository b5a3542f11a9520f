/** Which look-ups a decision can depend on, so that only these are made. */
import type { PolicyInput } from '../../domain/index.ts'
import { Facts, messageCache } from '../facts.ts'
import type { Condition, Selector } from '../ir.ts'
import { leavesOf } from '../parse/condition.ts'
import type { CompiledRule, Policy } from '../policy.ts'
import type { FieldDefinition } from '../registry/field.ts'
import { completed } from '../steps.ts'
import { byCode } from '../text/canonical.ts'
import { candidatesOf } from './matching.ts'

export type Lookup = NonNullable<FieldDefinition['lookup']>

export interface FactRequest {
  /** Null: the sender, or with `auth` the message; else the recipient's position in the input. */
  readonly recipient: number | null
  readonly lookup: Lookup
}

/** Actions whose outcome hangs on keys, phone and transport of the recipient, whatever the conditions ask. */
const CHOOSING = ['protect', 'fileLink']
export const LOOKUPS: readonly Lookup[] = ['directory', 'keys', 'tls']

/**
 * Look-ups that can change the decision. `partial` is the input with every fact of a look-up left unknown; with the facts
 * requested filled in, `decide` gives what it would give with all of them (`decisionId` aside, which is of the input).
 * It holds because a truth that is known stays what it is however many more facts come: only what is open is asked for.
 */
export function neededFacts(policy: Policy, partial: PolicyInput): readonly FactRequest[] {
  return completed(findingNeeds(policy, partial))
}

/** As `neededFacts`, stopping after each recipient. */
export function* findingNeeds(policy: Policy, partial: PolicyInput): Generator<undefined, readonly FactRequest[]> {
  const cache = messageCache(policy.lists)
  const asking = new Asking()
  const wished = partial.intent.protection.some(({ token }) => token !== 'none')
  for (const [position, one] of partial.recipients.entries()) {
    const facts = new Facts(partial, one, policy.tenantLabels, cache)
    let choosing = wished || (one.asked?.length ?? 0) > 0
    for (const { rule } of candidatesOf(policy, facts)) {
      // One open condition may leave another branch of the rule open, and decisions name every fact that is missing then.
      if (rulePredicates(rule).some((holds) => holds(facts) === undefined))
        for (const condition of [rule.source.when, ...rule.source.branches]) asking.ask(condition, position)
      const uses = [...rule.else, ...rule.branches.flatMap((branch) => branch.actions)]
      choosing ||= uses.some(({ definition }) => CHOOSING.includes(definition.name))
      for (const { exception, set, when } of exceptionsOf(policy, rule.id))
        if (when(facts) === undefined) for (const condition of [set, exception.when]) asking.ask(condition, position)
    }
    for (const { guarantee, set, when } of policy.guarantees)
      if (when(facts) === undefined) for (const condition of [set, guarantee.when]) asking.ask(condition, position)
    if (choosing) for (const lookup of LOOKUPS) asking.add(position, lookup)
    yield
  }
  return asking.requests()
}

/**
 * The requests that were not made when `input` was assembled, though `policy` needs them: deciding without them would take
 * "nobody asked" for "nobody could tell". Empty for an input whose every look-up was made.
 */
export function unrecordedFacts(policy: Policy, input: PolicyInput): readonly FactRequest[] {
  const { message, recipients } = input
  if (!message.unasked && !recipients.some(({ unasked }) => unasked !== undefined)) return []
  return neededFacts(policy, input).filter(({ recipient, lookup }) => {
    if (lookup === 'auth') return message.unasked?.includes(lookup)
    return recipient !== null && recipients[recipient]?.unasked?.includes(lookup)
  })
}

class Asking {
  readonly #requests = new Map<string, FactRequest>()

  add(recipient: number | null, lookup: Lookup): void {
    this.#requests.set(`${recipient ?? ''} ${lookup}`, { recipient, lookup })
  }

  ask(condition: Condition, position: number): void {
    for (const { lookup, name } of fieldsOf(condition))
      if (lookup) this.add(lookup === 'auth' || name.startsWith('sender.') ? null : position, lookup)
  }

  requests(): readonly FactRequest[] {
    return [...this.#requests.values()].sort(
      (a, b) => (a.recipient ?? -1) - (b.recipient ?? -1) || byCode(a.lookup, b.lookup),
    )
  }
}

const rulePredicates = (rule: CompiledRule) => [rule.applies, rule.when, ...rule.branches.map(({ when }) => when)]

const exceptionsOf = (policy: Policy, rule: string) =>
  policy.exceptions.length === 0 ? [] : policy.exceptions.filter(({ exception }) => exception.rule === rule)

/** Whether any rule asks for words inside of files: reading them costs time and memory that other policies need not spend. */
export function readsFileText(policy: Policy): boolean {
  let reads = fileTextReaders.get(policy)
  if (reads === undefined) {
    reads = asksForFileText(policy)
    fileTextReaders.set(policy, reads)
  }
  return reads
}

/** Asked for every mail, answered once per policy: the answer takes a walk over all rules. */
const fileTextReaders = new WeakMap<Policy, boolean>()

function asksForFileText(policy: Policy): boolean {
  return policy.ruleSets.some((set) => {
    const branches = set.rules.flatMap((rule) => rule.branches)
    const conditions = [
      set.appliesTo,
      ...set.rules.map((rule) => rule.when),
      ...branches.map((branch) => branch.when),
      ...set.exceptions.map((exception) => exception.when),
      ...set.guarantees.map((guarantee) => guarantee.when),
    ]
    const uses = [...branches.flatMap(({ actions }) => actions), ...set.rules.flatMap((rule) => rule.else)]
    const selected = uses.flatMap(
      ({ params }) => (params as { readonly select?: Selector } | null)?.select?.leaves ?? [],
    )
    return [...conditions.flatMap(fieldsOf), ...selected.map(({ field }) => field)].some(
      ({ name }) => name === 'attachment.text' || name.startsWith('dlp.'),
    )
  })
}

function fieldsOf(condition: Condition): readonly FieldDefinition[] {
  return leavesOf(condition).flatMap((leaf) =>
    leaf.kind === 'leaf' ? [leaf.field, ...(leaf.field.reads ?? [])] : leaf.of.leaves.map((inner) => inner.field),
  )
}
