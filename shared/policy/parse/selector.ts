import type { Leaf, Selector } from '../ir.ts'
import { readSelector } from './condition.ts'
import type { Shape } from './shape.ts'

/** Attachment fields that must all hold for the same attachment; `{}` picks every attachment. */
export const selectorShape: Shape<Selector> = {
  schema: { $ref: '#/$defs/selector' },
  read(node, env) {
    const leaves: Leaf[] | undefined = readSelector(node, env)
    return leaves === undefined ? undefined : { leaves }
  },
}
