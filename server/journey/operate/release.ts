import type { MessageRecord, RecipientRecord } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { Release } from '../../../shared/policy/index.ts'
import { coversAddress, lookupAddress } from '../../../shared/words/address.ts'
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
  const own = by.address === null ? null : lookupAddress(by.address)
  const person = own === null ? null : await read.person(own)
  const self = new Set([lookupAddress(by.subject), ...(own === null ? [] : [own])])
  const { mailFrom } = record.envelope
  const { identity } = record.origin
  if (
    self.has(lookupAddress(mailFrom)) ||
    (identity !== undefined && self.has(lookupAddress(identity))) ||
    coversAddress(person?.sendsAs ?? [], mailFrom)
  )
    throw new Fault('forbidden', {
      en: 'a mail of one’s own is for somebody else to release',
      de: 'die eigene Mail gibt jemand anderes frei',
    })
  if (by.roles.includes('owner')) return
  const names = new Set([own, ...by.roles, person?.role, ...(person?.groups ?? [])])
  for (const { address } of rows) {
    const approvers = record.decision?.recipients.find((one) => one.address === address)?.approvers ?? []
    const allowed =
      approvers.length === 0 ? by.acts : approvers.some((name) => names.has(name) || names.has(lookupAddress(name)))
    if (!allowed)
      throw new Fault('forbidden', {
        en: `the policy names others for ${address}`,
        de: `für ${address} nennt die Richtlinie andere`,
      })
  }
}
