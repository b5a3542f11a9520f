/** Joins what was handed in, what the records say and what reached the next hop. */
import { createHash } from 'node:crypto'
import type { TenantReads } from '../../../server/ports/store.ts'
import { FINAL_STATES, type MessageId, type RecipientState } from '../../../shared/domain/index.ts'
import type { Ledger, Sent } from './ledger.ts'
import type { Arrival } from './sink.ts'

export interface Account {
  readonly accepted: number
  /** Of accepted mails, by recipient. */
  readonly delivered: number
  readonly bounced: number
  /** For a person to decide. */
  readonly held: number
  /** Accepted, and neither at the next hop nor refused there nor with a person. */
  readonly lost: number
  /** At the next hop, and nobody handed it in, or it was refused for good. */
  readonly phantom: number
  /** Recipients who got it more than once. */
  readonly duplicate: number
  /** Bodies at the next hop that are not what was handed in. */
  readonly altered: number
  /** Mails the audit calls uncertain. */
  readonly uncertain: number
  /** Whatever breaks the rule, one line each; empty is what a test wants. */
  readonly wrong: readonly string[]
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

interface Record {
  readonly message: MessageId
  /** Final events of the audit, by recipient. */
  readonly ended: Map<string, number>
  uncertain: boolean
}

const ENDED = /^recipient\.(delivered|filed|rejected|failed|dropped)$/

/**
 * The rule: every mail that got 250 has one record, each of its recipients one end there, and whoever is `delivered` got
 * it at least once, byte for byte; more than once only where the audit says uncertain. What was not acknowledged may come,
 * once, unaltered.
 */
export async function accountFor(
  ledger: Ledger,
  arrivals: ReadonlyMap<string, readonly Arrival[]>,
  read: TenantReads,
  /** Whom our own reports go to. */
  sender: string,
): Promise<Account> {
  const records = recordsOf(await read.audit({ limit: 100_000_000 }))
  const wrong: string[] = []
  const sum = {
    accepted: 0,
    delivered: 0,
    bounced: 0,
    held: 0,
    lost: 0,
    phantom: 0,
    duplicate: 0,
    altered: 0,
    uncertain: 0,
  }

  for (const sent of ledger.values()) {
    const found = records.get(sent.id) ?? []
    const came = arrivals.get(sent.id) ?? []
    const uncertain = found.some((record) => record.uncertain)
    if (uncertain) sum.uncertain += 1
    if (sent.fate === 'accepted') sum.accepted += 1
    if (found.length > 1) wrong.push(`${sent.id} has ${found.length} records`)
    if (sent.fate === 'refused' && /^5/.test(sent.reply) && (found.length > 0 || came.length > 0)) {
      sum.phantom += 1
      wrong.push(`${sent.id} was refused (${sent.reply}) and has ${found.length} records, ${came.length} arrivals`)
    }
    const altered = came.filter(({ sha256 }) => sha256 !== sent.sha256).length
    if (altered > 0) {
      sum.altered += altered
      wrong.push(`${sent.id} reached the next hop altered`)
    }
    for (const address of sent.recipients) {
      const times = came.filter(({ recipients }) => recipients.includes(address)).length
      if (times > 1) {
        sum.duplicate += 1
        if (!uncertain) wrong.push(`${sent.id} reached ${address} ${times} times, and the audit knows no doubt`)
      }
    }
    if (sent.fate === 'accepted') await settle(sent, found[0], came)
  }
  for (const [id, came] of arrivals) {
    if (ledger.has(id) || came.every(({ recipients }) => recipients.every((address) => address === sender))) continue
    sum.phantom += 1
    wrong.push(`nobody handed in ${id}`)
  }
  return { ...sum, wrong }

  async function settle(sent: Sent, record: Record | undefined, came: readonly Arrival[]): Promise<void> {
    if (!record) {
      sum.lost += sent.recipients.length
      wrong.push(`${sent.id} got 250 and has no record`)
      return
    }
    const states = new Map((await read.recipients(record.message)).map(({ address, state }) => [address, state]))
    for (const address of sent.recipients) {
      const state: RecipientState | undefined = states.get(address)
      const ends = record.ended.get(address) ?? 0
      const times = came.filter(({ recipients }) => recipients.includes(address)).length
      if (state === 'delivered') {
        sum.delivered += 1
        if (times === 0) {
          sum.lost += 1
          wrong.push(`${sent.id} counts as delivered to ${address} and never came`)
        }
      } else if (state === 'held') sum.held += 1
      else if (state && FINAL_STATES.includes(state)) sum.bounced += 1
      else {
        sum.lost += 1
        wrong.push(`${sent.id} for ${address} is ${state ?? 'nowhere'}`)
      }
      if (state !== 'held' && ends !== 1) wrong.push(`${sent.id} for ${address} has ${ends} ends in the audit`)
    }
  }
}

function recordsOf(audit: Awaited<ReturnType<TenantReads['audit']>>): Map<string, Record[]> {
  const byMessage = new Map<string, Record>()
  const byId = new Map<string, Record[]>()
  for (const { type, message, detail } of audit) {
    if (message === null) continue
    if (type === 'message.accepted') {
      const record: Record = { message, ended: new Map(), uncertain: false }
      const id = String((detail as { messageId?: unknown }).messageId)
      byMessage.set(message, record)
      byId.set(id, [...(byId.get(id) ?? []), record])
      continue
    }
    const record = byMessage.get(message)
    if (!record) continue
    if (type === 'copy.uncertain') record.uncertain = true
    if (ENDED.test(type)) {
      const address = String((detail as { recipient?: unknown }).recipient)
      record.ended.set(address, (record.ended.get(address) ?? 0) + 1)
    }
  }
  return byId
}

/** One line for the table of a run. */
export function told(account: Account): string {
  const { wrong: _, ...figures } = account
  return Object.entries(figures)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}
