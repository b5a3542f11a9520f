import type { MessageRecord, RecipientRecord } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Release } from '../../../shared/policy/index.ts'
import type { TenantReads } from '../../ports/store.ts'
import type { Operator } from './operator.ts'

/** What a release satisfies: for each recipient the rules that had a part in holding it. */
export function releasable(record: MessageRecord, rows: readonly RecipientRecord[]): Release[] {
  return rows.flatMap(({ address }) => {
    const decided = record.decision?.recipients.find((recipient) => recipient.address === address)
    return decided ? [{ address, rules: [...new Set(decided.reasons.map(({ rule }) => rule))] }] : []
  })
}

/**
 * Raises `forbidden` unless this person may decide on all of them: whom the policy's hold names (by address, by role of
 * theirs, by their role or group in the directory) or, where it names nobody, any operator; the owner always. Nobody
 * releases a mail of his own, nor one from an address that he, too, sends as: it may be his.
 */
export async function mayRelease(
  read: Pick<TenantReads, 'person'>,
  by: Operator,
  record: MessageRecord,
  rows: readonly RecipientRecord[],
): Promise<void> {
  const own = by.address?.toLowerCase() ?? null
  const person = own === null ? null : await read.person(own)
  const self = [own, by.subject.toLowerCase()]
  const sender = record.envelope.mailFrom.toLowerCase()
  if (
    self.includes(sender) ||
    self.includes(record.origin.identity?.toLowerCase() ?? null) ||
    person?.sendsAs.some((address) => address.toLowerCase() === sender)
  )
    throw new Fault('forbidden', 'a mail of one’s own is for somebody else to release')
  if (by.roles.includes('owner')) return
  const names = new Set([own, ...by.roles, person?.role, ...(person?.groups ?? [])])
  for (const { address } of rows) {
    const approvers = record.decision?.recipients.find((one) => one.address === address)?.approvers ?? []
    const allowed =
      approvers.length === 0 ? by.acts : approvers.some((name) => names.has(name) || names.has(name.toLowerCase()))
    if (!allowed) throw new Fault('forbidden', `the policy names others for ${address}`)
  }
}
