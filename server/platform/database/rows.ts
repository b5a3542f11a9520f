/** Rows to records: the tenant goes, '' becomes null where the record says null. */
import type {
  AuditEvent,
  AuditRecord,
  GrantRecord,
  Job,
  JobRecord,
  KeyRecord,
  MessageId,
  MessageRecord,
  ReceivedMessage,
} from '../../../shared/domain/index.ts'
import type { Tables } from './tables.ts'

type Row<T extends keyof Tables> = Tables[T]['$inferSelect']

/** Takes the tenant off a row. */
export function record<R extends { tenant: string }>(row: R): Omit<R, 'tenant'> {
  const { tenant: _, ...rest } = row
  return rest
}

export function messageRecord(row: Row<'message'>): MessageRecord {
  const { sender: _, erasedAt: __, ...rest } = record(row)
  return rest as MessageRecord
}

export function receivedMessage(row: Omit<Row<'message'>, 'decision'>): ReceivedMessage {
  const { sender: _, erasedAt: __, ...rest } = record(row)
  return rest as ReceivedMessage
}

export function keyRecord(row: Row<'key'>): KeyRecord {
  const { capabilities, ...rest } = record(row)
  return capabilities === null ? rest : { ...rest, capabilities }
}

export function grantRecord(row: Row<'grant'>): GrantRecord {
  const { erasedAt: _, contentBlob: __, ...rest } = record(row)
  return rest as GrantRecord
}

export function auditRecord(row: Row<'audit'>): AuditRecord {
  return { ...(JSON.parse(row.text) as AuditEvent), seq: row.seq, hash: row.hash }
}

export function jobOf(row: Row<'job'>): Job {
  return {
    id: row.id,
    tenant: row.tenant,
    queue: row.queue,
    message: row.message === '' ? null : (row.message as MessageId),
    lane: row.lane,
    step: row.step,
    payload: row.payload,
    runAt: row.runAt,
    attempt: row.attempt,
    leaseToken: row.leaseToken ?? '',
    createdAt: row.createdAt,
    dots: row.dots,
  }
}

export function jobRecord(row: Row<'job'>): JobRecord {
  const { tenant: _, leaseToken: __, ...rest } = row
  return { ...rest, message: row.message === '' ? null : (row.message as MessageId) }
}
