/** What actions of a rule bring to plans, ready to be joined; made once where it is the same for every mail. */
import type { Outcome, Reason } from '../../domain/index.ts'
import type { MessageCache } from '../facts.ts'
import type { ActionUse } from '../ir.ts'
import type { ActionScene, Contribution } from '../registry/action.ts'
import { DELIVER, type Gate, joinGates } from '../registry/actions/gate.ts'
import { canonicalJson } from '../text/canonical.ts'
import { type Contributed, slotKey } from './plan.ts'

/** Equal contributions of one policy are one object, so that a plan tells at once that it has them already. */
export type Interned = Map<string, Contributed>

export class ReadyUse implements ActionUse {
  readonly definition: ActionUse['definition']
  readonly params: unknown
  readonly at: ActionUse['at']
  /** Of the rule it belongs to. */
  readonly rank: number
  readonly fixed: boolean
  readonly #interned: Interned
  #made: readonly Contributed[] | undefined

  constructor({ definition, params, at }: ActionUse, rank: number, interned: Interned) {
    this.definition = definition
    this.params = params
    this.at = at
    this.rank = rank
    this.fixed = definition.fixed?.(params) ?? false
    this.#interned = interned
  }

  /** Undefined when a fact it needs is unknown. `scene` bears the same rank. */
  contribute(scene: ActionScene): readonly Contributed[] | undefined {
    if (this.#made) return this.#made
    const made = this.definition.contribute(this.params, scene)
    if (!this.fixed) return made?.map((one) => this.#contributed(one))
    this.#made = made?.map((one) => this.#shared(one))
    return this.#made
  }

  /** The same where it does not hang on the recipient, made once a message. */
  contributeOnce(scene: ActionScene, { brought }: MessageCache): readonly Contributed[] | undefined {
    if (this.fixed || !this.definition.ofMessage) return this.contribute(scene)
    const known = brought.get(this)
    if (known !== undefined || brought.has(this)) return known
    const made = this.contribute(scene)
    brought.set(this, made)
    return made
  }

  #contributed({ slot, value }: Contribution<unknown>): Contributed {
    return { key: slotKey(this.definition, slot), action: this.definition, slot, value }
  }

  #shared(one: Contribution<unknown>): Contributed {
    const fresh = this.#contributed(one)
    const text = `${fresh.key}\n${canonicalJson(one.value)}`
    const known = this.#interned.get(text) ?? fresh
    this.#interned.set(text, known)
    return known
  }
}

/** Why a decision is as it is, before it is put in order. */
export interface Weighed {
  readonly reason: Reason
  /** The strictest outcome a rule asked for; `deliver` when it only changes how; null when it only adds. */
  readonly weight: Outcome | null
  /** As that of its contributor. */
  readonly order?: number
}

/** What a list of actions that all apply brings to every mail. */
export interface Brought {
  readonly contributions: readonly Contributed[]
  readonly gate: Gate
  readonly weighed: Weighed
}

/** The actions of a rule of nothing but `then`, once it applies for certain. */
export class Whole {
  readonly actions: readonly ReadyUse[]
  readonly #reason: Reason
  readonly #order: number
  #brought: Brought | null | undefined

  constructor(reason: Reason, actions: readonly ReadyUse[], order: number) {
    this.#reason = reason
    this.#order = order
    this.actions = actions
  }

  /** Null where what the actions bring hangs on the mail. */
  brought(): Brought | null {
    if (this.#brought === undefined) this.#brought = broughtBy(this.actions, this.#reason, this.#order)
    return this.#brought
  }
}

function broughtBy(uses: readonly ReadyUse[], reason: Reason, order: number): Brought | null {
  if (uses.length === 0 || !uses.every((use) => use.fixed)) return null
  const contributions: Contributed[] = []
  let gate = DELIVER
  for (const use of uses) {
    // Fixed ones look at the rank alone.
    for (const one of use.contribute({ rank: use.rank } as ActionScene) ?? []) {
      if (use.definition.phase === 'gate') gate = joinGates(gate, one.value as Gate)
      else contributions.push(one)
    }
  }
  const restrictive = uses.some((use) => use.definition.restrictive)
  return { contributions, gate, weighed: { reason, weight: restrictive ? gate.outcome : null, order } }
}
