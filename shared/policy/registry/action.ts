import type { OnceStep, Phase, Step } from '../../domain/index.ts'
import type { Text } from '../diagnostic.ts'
import type { Layer } from '../layer.ts'
import type { Shape } from '../parse/shape.ts'
import type { Scene } from './field.ts'

/** What a rule brings to a slot. Values of one slot are joined, so their order never counts. */
export interface Contribution<V> {
  /** Which thing is meant: a store, a header name; '' where there is only one. */
  readonly slot: string
  readonly value: V
}

/** How the merged values of all slots of one action become steps. */
export interface Slotted<V> {
  readonly slot: string
  readonly value: V
  /** Ids of the rules that contributed, sorted. */
  readonly rules: readonly string[]
}

/** What an action may look at when it makes its contribution concrete. */
export interface ActionScene extends Scene {
  /** Layer of the rule as a rank, 0 = tenant; single-valued slots go to the lowest. */
  readonly rank: number
  /** Indices of the attachments that a selector picks (unknown counts as picked); undefined when the structure is unknown. */
  select(selector: unknown): readonly number[] | undefined
}

/**
 * One action. `join` is a semilattice join: commutative, associative, idempotent (a property test holds every action to
 * it), which is why rule order never changes a decision.
 */
export interface ActionDefinition<P = unknown, V = unknown> {
  readonly name: string
  readonly phase: Phase
  /** `message`: done once per message, else for each recipient's copy. */
  readonly scope: 'recipient' | 'message'
  /** Leaving it out would protect less: an unknown condition then applies `onUnknown`. */
  readonly restrictive: boolean
  /** Done even when nothing is delivered (only for scope `message`). */
  readonly always?: boolean
  /** Layers that may not use it. */
  readonly notIn?: readonly Layer[]
  readonly doc: Text
  /** How two rules that ask for it are joined, in words. */
  readonly merge: Text
  readonly params: Shape<P>
  /** Undefined when a fact it needs is unknown. */
  contribute(params: P, scene: ActionScene): readonly Contribution<V>[] | undefined
  /** Whether its contributions hang on parameters and rank alone, whatever the mail. Default: no. */
  fixed?(params: P): boolean
  /** Where they hang on the message and its files besides, but not on the recipient. */
  readonly ofMessage?: boolean
  join(a: V, b: V): V
  /** A single-valued slot with two values of the same weight. */
  conflict?(value: V): boolean
  /** Steps of a recipient's plan; not asked without slots. */
  steps?(slots: readonly Slotted<V>[], scene: Scene): readonly Step[]
  /** Steps once per message; not asked without slots. */
  once?(slots: readonly Slotted<V>[]): readonly OnceStep[]
}

export type AnyAction = ActionDefinition<unknown, unknown>

/** Keeps the types of parameters and value while an action is written; forgets them in the registry. */
export function action<P, V>(definition: ActionDefinition<P, V>): AnyAction {
  return definition as AnyAction
}
