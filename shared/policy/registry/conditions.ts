/** The vocabulary of conditions: every field and operator, each defined once. */
import type { FieldDefinition, TypeName } from './field.ts'
import { attachmentFields } from './fields/attachment.ts'
import { dlpFields } from './fields/dlp.ts'
import { messageFields } from './fields/message.ts'
import { recipientFields } from './fields/recipient.ts'
import { senderFields } from './fields/sender.ts'
import type { AnyOperator } from './operator.ts'
import { dataLoss } from './operators/dlp.ts'
import { domains } from './operators/domain.ts'
import { membership } from './operators/membership.ts'
import { order } from './operators/order.ts'
import { textual } from './operators/text.ts'
import { temporal } from './operators/time.ts'

export const fields: ReadonlyMap<string, FieldDefinition> = new Map(
  [...messageFields, ...senderFields, ...recipientFields, ...attachmentFields, ...dlpFields].map((field) => [
    field.name,
    field,
  ]),
)

export const operators: readonly AnyOperator[] = [
  ...membership,
  ...textual,
  ...order,
  ...temporal,
  ...domains,
  ...dataLoss,
] as AnyOperator[]

/** Families of fields such as `message.header.*`, by their stem. */
const families = [...fields.values()].filter((field) => field.name.endsWith('.*'))

/** The field of a name as written, or null. */
export function fieldOf(name: string): FieldDefinition | null {
  const field = fields.get(name)
  if (field) return field.name.endsWith('.*') ? null : field
  return (
    families.find((family) => name.length > family.name.length - 1 && name.startsWith(family.name.slice(0, -1))) ?? null
  )
}

/** What stands for `*` in a family's name, lower case; '' for others. */
export function restOf(field: FieldDefinition, name: string): string {
  return field.name.endsWith('.*') ? name.slice(field.name.length - 1).toLowerCase() : ''
}

export function operatorsOf(type: TypeName): readonly AnyOperator[] {
  const known = byType.get(type) ?? operators.filter((operator) => operator.types.includes(type))
  byType.set(type, known)
  return known
}

const byType = new Map<TypeName, readonly AnyOperator[]>()
