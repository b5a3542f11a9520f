/** What an action of a rule brings to plans, ready to be joined; made once where it is the same for every mail. */
import type { ActionUse } from '../ir.ts'
import type { ActionScene, Contribution } from '../registry/action.ts'
import { canonicalJson } from '../text/canonical.ts'
import { type Contributed, slotKey } from './plan.ts'

/** Equal contributions of one policy are one object, so that a plan tells at once that it has them already. */
export type Interned = Map<string, Contributed>

export class ReadyUse implements ActionUse {
  readonly definition: ActionUse['definition']
  readonly params: unknown
  readonly at: ActionUse['at']
  readonly #interned: Interned
  readonly #fixed: boolean
  #made: readonly Contributed[] | undefined

  constructor({ definition, params, at }: ActionUse, interned: Interned) {
    this.definition = definition
    this.params = params
    this.at = at
    this.#interned = interned
    this.#fixed = definition.fixed?.(params) ?? false
  }

  /** Undefined when a fact it needs is unknown. `scene` bears the rank of the one rule this belongs to. */
  contribute(scene: ActionScene): readonly Contributed[] | undefined {
    if (this.#made) return this.#made
    const made = this.definition.contribute(this.params, scene)
    if (!this.#fixed) return made?.map((one) => this.#contributed(one))
    this.#made = made?.map((one) => this.#shared(one))
    return this.#made
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
