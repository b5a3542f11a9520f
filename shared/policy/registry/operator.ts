import type { Text } from '../diagnostic.ts'
import type { Env } from '../parse/env.ts'
import type { Node } from '../parse/node.ts'
import type { JsonSchema, Shape } from '../parse/shape.ts'
import type { FieldDefinition, Scene, TypeName } from './field.ts'
import type { Value } from './types.ts'

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
  /** The answer for a fact that is known to be absent (or has no values). Default false. */
  absent?(operand: O): boolean
  /** With several values: must all of them meet the test (`not`), not one? */
  readonly every?: boolean
  /** The answer when the value is only a lower bound of the true one. Default: unknown. */
  beyond?(operand: O, value: Value): boolean | undefined
}

/** Most operators read one shape that depends on the field only. */
export function operator<O>(definition: {
  readonly name: string
  readonly types: readonly TypeName[]
  readonly doc: Text
  readonly every?: boolean
  operand(field: FieldDefinition): Shape<O>
  test(operand: O, field: FieldDefinition): (value: Value, scene: Scene) => boolean
  absent?(operand: O): boolean
  beyond?(operand: O, value: Value): boolean | undefined
}): OperatorDefinition<O> {
  return {
    ...definition,
    schema: (field) => definition.operand(field).schema,
    read: (node, field, env) => definition.operand(field).read(node, env),
  }
}

/** An operator whose operand's type is forgotten: what the registry and compiled rules hold. */
export type AnyOperator = OperatorDefinition<unknown>
