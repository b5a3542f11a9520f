/** Which look-ups a decision can depend on, so that only these are made. */
import type { PolicyInput } from '../../domain/index.ts'
import { Facts, messageCache } from '../facts.ts'
import type { Condition, Selector } from '../ir.ts'
import { leavesOf } from '../parse/condition.ts'
import type { Policy } from '../policy.ts'
import type { FieldDefinition } from '../registry/field.ts'
import { byCode } from '../text/canonical.ts'
import { candidatesOf } from './matching.ts'

export type Lookup = NonNullable<FieldDefinition['lookup']>

export interface FactRequest {
  /** Null: the sender; else the recipient's position in the input. */
  readonly recipient: number | null
  readonly lookup: Lookup
}

/** Actions whose outcome hangs on keys, phone and transport of the recipient, whatever the conditions ask. */
const CHOOSING = ['protect', 'fileLink']
const ALL: readonly Lookup[] = ['directory', 'keys', 'tls']

/**
 * Look-ups that can change the decision. `partial` is the input with every fact of a look-up left unknown; with the facts
 * requested filled in, `decide` gives what it would give with all of them (`decisionId` aside, which is of the input).
 */
export function neededFacts(policy: Policy, partial: PolicyInput): readonly FactRequest[] {
  const cache = messageCache()
  const wished = partial.intent.protection.some(({ token }) => token !== 'none')
  const requests = new Map<string, FactRequest>()
  const add = (recipient: number | null, lookup: Lookup) =>
    void requests.set(`${recipient ?? ''} ${lookup}`, { recipient, lookup })
  for (const [position, one] of partial.recipients.entries()) {
    const facts = new Facts(partial, one, policy.tenantLabels, cache)
    const ask = (condition: Condition) => {
      for (const { lookup, name } of fieldsOf(condition))
        if (lookup) add(name.startsWith('sender.') ? null : position, lookup)
    }
    let choosing = wished
    for (const { rule } of candidatesOf(policy, facts)) {
      for (const condition of [rule.source.when, ...rule.source.branches]) ask(condition)
      const uses = [...rule.else, ...rule.branches.flatMap((branch) => branch.actions)]
      choosing ||= uses.some(({ definition }) => CHOOSING.includes(definition.name))
      for (const { exception } of policy.exceptions) if (exception.rule === rule.id) ask(exception.when)
    }
    for (const { guarantee } of policy.guarantees) ask(guarantee.when)
    if (choosing) for (const lookup of ALL) add(position, lookup)
    // The selectors of sets (`appliesTo`) stand in front of exceptions and guarantees too.
    if (policy.exceptions.length + policy.guarantees.length > 0) add(null, 'directory')
  }
  return [...requests.values()].sort((a, b) => (a.recipient ?? -1) - (b.recipient ?? -1) || byCode(a.lookup, b.lookup))
}

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
    leaf.kind === 'leaf' ? [leaf.field] : leaf.of.leaves.map((inner) => inner.field),
  )
}
