/** Comparing what rules ask for, by the joins of the actions themselves. */

import { slotKey } from '../evaluate/plan.ts'
import type { ActionUse, Leaf, Rule, RuleSet } from '../ir.ts'
import { LAYERS } from '../layer.ts'
import type { ActionScene, AnyAction } from '../registry/action.ts'
import { canonicalJson } from '../text/canonical.ts'
import { conditionKey } from './universe.ts'

export interface Asked {
  readonly action: AnyAction
  readonly value: unknown
}

/** Who decides a single-valued slot; the lowest rank stands. */
export function rankOf(set: RuleSet, rule: Rule): number {
  return LAYERS.indexOf(set.layer) * 2 + (rule.final ? 0 : 1)
}

/** Numbers for attachment selectors: equal ones get equal numbers, so that selections unite as selectors would. */
export class Selectors {
  readonly #known = new Map<string, number>()

  number(selector: unknown): number {
    const { leaves } = selector as { readonly leaves: readonly Leaf[] }
    const key = canonicalJson(conditionKey({ kind: 'all', of: leaves }))
    const known = this.#known.get(key) ?? this.#known.size
    this.#known.set(key, known)
    return known
  }
}

/** What actions bring to the slots of a plan. Facts of the mail stand for themselves: nobody is named. */
export function askedBy(uses: readonly ActionUse[], rank: number, selectors: Selectors): ReadonlyMap<string, Asked> {
  const scene = {
    input: { sender: { address: '{sender}' }, message: { header: {} } },
    recipient: { address: '{recipient}' },
    attachment: null,
    rank,
    select: (selector: unknown) => [selectors.number(selector)],
  } as unknown as ActionScene
  const asked = new Map<string, Asked>()
  for (const { definition: action, params } of uses) {
    for (const { slot, value } of action.contribute(params, scene) ?? []) {
      const key = action.phase === 'gate' ? 'gate' : slotKey(action, slot)
      const known = asked.get(key)
      asked.set(key, { action, value: known ? action.join(known.value, value) : value })
    }
  }
  return asked
}

/** `b` asks for everything that `a` asks for, or for more. */
export function covers(b: ReadonlyMap<string, Asked>, a: ReadonlyMap<string, Asked>): boolean {
  return [...a].every(([key, { action, value }]) => {
    const other = b.get(key)
    return other !== undefined && canonicalJson(action.join(other.value, value)) === canonicalJson(other.value)
  })
}
