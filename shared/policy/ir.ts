/** The typed form of a policy between reading and compiling: everything is resolved, nothing is a string to be parsed later. */
import type { Position, Text } from './diagnostic.ts'
import type { Layer } from './layer.ts'
import type { NamedList } from './parse/env.ts'
import type { AnyAction } from './registry/action.ts'
import type { FieldDefinition } from './registry/field.ts'
import type { AnyOperator } from './registry/operator.ts'

export type Mode = 'enforce' | 'simulate' | 'disabled'
export type OnUnknown = 'skip' | 'defer' | 'hold' | 'quarantine' | 'reject'

export type Condition =
  | { readonly kind: 'always' }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | Leaf
  | { readonly kind: 'attachments'; readonly quantifier: Quantifier; readonly of: Selector }

export type Quantifier = 'any' | 'all' | 'none'

export interface Leaf {
  readonly kind: 'leaf'
  /** As written: `message.header.x-case`. */
  readonly name: string
  readonly field: FieldDefinition
  readonly tests: readonly Test[]
  readonly at: Position
}

/** Leaves that must all hold for one and the same attachment. */
export interface Selector {
  readonly leaves: readonly Leaf[]
}

export interface Test {
  readonly operator: AnyOperator
  readonly operand: unknown
  /** `gte 25MB`, for explain. */
  readonly source: string
}

export interface ActionUse {
  readonly definition: AnyAction
  readonly params: unknown
  readonly at: Position
}

export interface Branch {
  readonly when: Condition
  readonly actions: readonly ActionUse[]
}

export interface Rule {
  readonly id: string
  readonly title: Text
  readonly mode: Mode
  readonly final: boolean
  readonly overridable: boolean
  readonly onUnknown: OnUnknown
  readonly when: Condition
  /** `then` is one branch that always holds. */
  readonly branches: readonly Branch[]
  readonly else: readonly ActionUse[]
  readonly choose: boolean
  readonly at: Position
}

export interface Exception {
  readonly id: string
  readonly rule: string
  readonly reason: Text
  readonly owner: string
  /** Epoch milliseconds; from then on it is as if it were not there. */
  readonly expires: number
  readonly when: Condition
  /** Only these actions of the rule; empty = all. */
  readonly actions: readonly string[]
  readonly at: Position
}

export interface Guarantee {
  readonly id: string
  readonly title: Text
  readonly when: Condition
  readonly protectedBy: readonly string[]
  readonly signedBy: readonly string[]
  readonly orOutcome: readonly string[]
  readonly onViolation: 'hold' | 'quarantine' | 'reject' | 'defer'
  readonly at: Position
}

export interface RuleSet {
  readonly file: string
  readonly name: string
  readonly owner: string
  readonly layer: Layer
  readonly mode: Mode
  readonly appliesTo: Condition
  /** Named lists; conditions hold their entries already. */
  readonly lists: ReadonlyMap<string, NamedList>
  readonly rules: readonly Rule[]
  readonly exceptions: readonly Exception[]
  readonly guarantees: readonly Guarantee[]
}
