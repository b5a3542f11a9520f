import type { CopyRecord, ReceivedMessage, RecipientRecord } from '../../../shared/domain/index.ts'
import type { TenantWrites } from '../../ports/store.ts'
import type { TransportResult } from '../../ports/transport.ts'
import { withSession } from './leg.ts'
import type { PreparedReport } from './report.ts'
import { ofCopy, type Verdict } from './verdict.ts'

/**
 * Moves the recipients whose copy it is, and says in the audit what became of everybody. `known` may be from before the attempt:
 * whose copy it is, and how it was protected, does not change any more.
 */
export async function record(
  tx: TenantWrites,
  copy: CopyRecord,
  message: ReceivedMessage,
  known: readonly RecipientRecord[],
  verdicts: readonly Verdict[],
  result: TransportResult,
  at: number,
): Promise<void> {
  const rows = new Map(ofCopy(known, copy).map((row) => [row.address, row]))
  for (const { address, state, reply, exhausted } of verdicts) {
    const own = rows.has(address)
    if (own) {
      const receipt = state === 'delivered' ? withSession(rows.get(address)?.receipt ?? null, result.hop) : null
      const moved = await tx.updateRecipient(message.id, address, {
        state,
        detail: reply,
        at,
        ...(receipt ? { receipt } : {}),
      })
      if (!moved) continue
    }
    await tx.appendAudit({
      time: at,
      type: `${own ? 'recipient' : 'copy'}.${state}`,
      message: message.id,
      actor: 'gateway',
      detail: {
        recipient: address,
        copy: copy.id,
        reply,
        remote: result.remote,
        tls: result.tls,
        ...(result.hop ? { session: result.hop } : {}),
        ...(exhausted ? { exhausted } : {}),
      },
    })
  }
}

/** The report to the sender, in the transaction that settles what it is about. */
export async function enclose(
  tx: TenantWrites,
  report: PreparedReport,
  message: ReceivedMessage,
  at: number,
): Promise<void> {
  await tx.insertCopy(report.copy)
  await tx.enqueue([report.job])
  await tx.appendAudit({
    time: at,
    type: 'report.queued',
    message: message.id,
    actor: 'gateway',
    detail: { copy: report.copy.id, to: message.envelope.mailFrom },
  })
}

/** A failure of which nobody is told: its mail came from the null sender, and a report about a report is none (RFC 5321 6.1). */
export async function unreported(
  tx: TenantWrites,
  copy: CopyRecord,
  message: ReceivedMessage,
  failed: readonly string[],
  at: number,
): Promise<void> {
  if (failed.length === 0 || copy.mailFrom !== '') return
  await tx.appendAudit({
    time: at,
    type: 'report.suppressed',
    message: message.id,
    actor: 'gateway',
    detail: { copy: copy.id, recipients: failed, why: 'null sender' },
  })
}

/** Who may have the mail although nobody said so: it is sent to them once more, under the same Message-ID. */
export async function auditUncertain(
  tx: TenantWrites,
  copy: CopyRecord,
  message: ReceivedMessage,
  about: { readonly recipients: readonly string[]; readonly why: 'crash' | 'no-reply'; readonly times: number },
  at: number,
): Promise<void> {
  await tx.appendAudit({
    time: at,
    type: 'copy.uncertain',
    message: message.id,
    actor: 'gateway',
    detail: { copy: copy.id, ...about, rfcMessageId: message.rfcMessageId },
  })
}
