import type { Damage } from '../../../../shared/domain/index.ts'
import type { HeaderField } from '../../../mime/entity.ts'
import { fieldsOf, fieldValue } from '../../../mime/header.ts'

const LISTS = ['list-id', 'list-post', 'list-unsubscribe', 'mailing-list', 'x-mailing-list']
const FORWARDED = ['resent-from', 'resent-to', 'resent-sender', 'x-forwarded-to', 'x-forwarded-for', 'x-forwarded']

/** By which way, as its header says (RFC 2919, RFC 2369, RFC 5322 3.6.6), a mail came that may have changed it. */
export function suspectedDamage(fields: readonly HeaderField[]): Damage | null {
  const has = (names: readonly string[]) => fields.some(({ name }) => names.includes(name))
  const bulk = fieldsOf(fields, 'precedence').some((field) => /^(list|bulk)$/i.test(fieldValue(field)))
  if (has(LISTS) || bulk) return 'mailing-list'
  return has(FORWARDED) ? 'forwarding' : null
}
