import type { Text } from '../diagnostic.ts'
import type { TenantLabels } from '../labels.ts'
import type { Env } from '../parse/env.ts'
import type { Node } from '../parse/node.ts'
import type { JsonSchema, Shape } from '../parse/shape.ts'
import type { Truth } from '../truth.ts'
import type { FieldDefinition, Scene, TypeName } from './field.ts'
import type { Value } from './types.ts'

/**
 * What a fact must have for a test to hold: be one of `values`; be a strict subdomain of one of them (`below`); contain one
 * as a part of its text (`text`). Facts and keys in comparable form.
 */
export interface OperatorKeys {
  readonly kind: 'value' | 'below' | 'text'
  readonly values: readonly Value[]
}

/** One way to test a field. `O` is the operand after reading. */
export interface OperatorDefinition<O = unknown> {
  readonly name: string
  readonly types: readonly TypeName[]
  readonly doc: Text
  schema(field: FieldDefinition): JsonSchema
  /** Undefined after a finding. */
  read(node: Node, field: FieldDefinition, env: Env): O | undefined
  /** A predicate on one normalised value; made once, when a policy is compiled. */
  test(operand: O, field: FieldDefinition): (value: Value, scene: Scene) => boolean
  /** In place of `test` where the operand itself may be unknown. */
  truth?(operand: O, field: FieldDefinition): (value: Value, scene: Scene) => Truth
  /** The answer for a fact that is known to be absent (or has no values). Default false. */
  absent?(operand: O): boolean
  /** With several values: must all of them meet the test (`not`), not one? */
  readonly every?: boolean
  /** Slow compared with a look-up in a set: its answers are kept and shared by all rules with the same test. */
  readonly costly?: boolean
  /**
   * Keys of which a fact must have at least one for the test to hold: the index of rules looks rules up by them. Null (or
   * no such function): the test cannot be looked up.
   */
  keys?(operand: O, field: FieldDefinition, labels: TenantLabels): readonly OperatorKeys[] | null
  /** The values of which a known single one must be for the test to hold, when that is all there is to it; else null. */
  equals?(operand: O, field: FieldDefinition): readonly Value[] | null
  /** The answer when the value is only a lower bound of the true one. Default: unknown. */
  beyond?(operand: O, value: Value): boolean | undefined
  /** What holds for a part of a text holds for the whole: a hit in a lower bound is certain, no hit is unknown. */
  readonly grows?: boolean
}

/** Most operators read one shape that depends on the field only. */
export function operator<O>(definition: {
  readonly name: string
  readonly types: readonly TypeName[]
  readonly doc: Text
  readonly every?: boolean
  readonly costly?: boolean
  keys?(operand: O, field: FieldDefinition, labels: TenantLabels): readonly OperatorKeys[] | null
  equals?(operand: O, field: FieldDefinition): readonly Value[] | null
  operand(field: FieldDefinition): Shape<O>
  test(operand: O, field: FieldDefinition): (value: Value, scene: Scene) => boolean
  absent?(operand: O): boolean
  beyond?(operand: O, value: Value): boolean | undefined
  readonly grows?: boolean
}): OperatorDefinition<O> {
  const shapes = new Map<FieldDefinition, Shape<O>>()
  const shapeFor = (field: FieldDefinition) => {
    const shape = shapes.get(field) ?? definition.operand(field)
    shapes.set(field, shape)
    return shape
  }
  return {
    ...definition,
    schema: (field) => shapeFor(field).schema,
    read: (node, field, env) => shapeFor(field).read(node, env),
  }
}

/** An operator whose operand's type is forgotten: what the registry and compiled rules hold. */
export type AnyOperator = OperatorDefinition<unknown>
