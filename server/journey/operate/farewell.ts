import type { MessageRecord, TenantId } from '../../../shared/domain/index.ts'
import type { TenantWrites } from '../../ports/store.ts'
import { enclose } from '../deliver/record.ts'
import { createReporter, isWanted, type PreparedReport, type ReportDeps } from '../deliver/report.ts'
import { isAnswerable } from '../notices.ts'
import type { Acted } from './operator.ts'

/** The end of recipients that an operator drops, and word of it to a sender who may be told. */
export function createFarewell(deps: ReportDeps) {
  const reporter = createReporter(deps)
  return {
    /** Writes the report; null when nobody is to be told. */
    async prepare(
      tenant: TenantId,
      record: MessageRecord,
      recipients: readonly string[],
      reason: string,
      now: number,
    ): Promise<PreparedReport | null> {
      if (!isAnswerable(record)) return null
      const known = new Map(record.envelope.recipients.map((recipient) => [recipient.address, recipient]))
      const told = recipients.flatMap((address) => {
        const recipient = known.get(address)
        if (!recipient || !isWanted('failed', recipient)) return []
        const reply = `550 5.7.1 Not delivered by decision of the operator: ${reason}`
        const words = { en: reply, de: `550 5.7.1 Auf Entscheidung der Administration nicht zugestellt: ${reason}` }
        const { orcpt } = recipient
        return [{ address, ...(orcpt ? { orcpt } : {}), action: 'failed' as const, reply, words, lastAttempt: now }]
      })
      return reporter.prepare(tenant, record, told, now)
    },

    async record(
      tx: TenantWrites,
      record: MessageRecord,
      recipients: readonly string[],
      words: PreparedReport | null,
      { by, reason, report }: Acted,
      now: number,
    ): Promise<void> {
      for (const address of recipients) {
        const moved = await tx.updateRecipient(record.id, address, { state: 'dropped', detail: reason, at: now })
        if (!moved) continue
        await tx.appendAudit({
          time: now,
          type: 'recipient.dropped',
          message: record.id,
          actor: by.subject,
          detail: { recipient: address, reason, roles: by.roles, told: report && words !== null },
        })
      }
      if (words) await enclose(tx, words, record, now)
    },
  }
}
