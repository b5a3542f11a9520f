/** The statements about messages, and the content of those that stand whole in a row. */
import type { SQL } from 'drizzle-orm'
import type { MessageId, MessageRecord } from '../../../shared/domain/index.ts'
import { orm } from './drizzle.ts'
import { columnsOf } from './placeholders.ts'
import { messageRecord } from './rows.ts'
import type { TenantStatements, TenantUnit } from './tenant.ts'

const { and, asc, desc, eq, gte, inArray, isNull, lt, sql } = orm

const $ = sql.placeholder

export async function messageById(on: TenantStatements, id: MessageId): Promise<MessageRecord | null> {
  const { message } = on.engine.tables
  const rows = await on.run(
    'message',
    (db) =>
      db
        .select()
        .from(message)
        .where(and(eq(message.tenant, $('tenant')), eq(message.id, $('id'))))
        .prepare('message'),
    { id },
  )
  return rows[0] ? messageRecord(rows[0]) : null
}

export async function contentOf(on: TenantStatements, message: MessageId): Promise<Uint8Array | null> {
  const { content } = on.engine.tables
  const [row] = await on.run(
    'content',
    (db) =>
      db
        .select({ bytes: content.bytes })
        .from(content)
        .where(and(eq(content.tenant, $('tenant')), eq(content.message, $('message'))))
        .prepare('content'),
    { message },
  )
  // A driver may give a piece of memory that others use too; whoever gets it hands it to another thread as a whole.
  if (row && row.bytes.buffer.byteLength !== row.bytes.byteLength) return new Uint8Array(row.bytes)
  return row?.bytes ?? null
}

export async function notDoneBlobs(
  on: TenantStatements,
  query: { since: number; limit: number; before?: MessageId },
): Promise<Pick<MessageRecord, 'id' | 'blob'>[]> {
  const { message, content } = on.engine.tables
  const rows = await on.unprepared((db) =>
    db
      .select({ id: message.id, blob: message.blob })
      .from(message)
      .leftJoin(content, and(eq(content.tenant, message.tenant), eq(content.message, message.id)))
      .where(
        and(
          eq(message.tenant, on.tenant),
          inArray(message.state, ['accepted', 'planned']),
          // Spelled like the index `message_kept`, so that SQLite sees that the partial index serves.
          sql`erased_at is null`,
          gte(message.acceptedAt, query.since),
          isNull(content.message),
          query.before === undefined ? undefined : lt(message.id, query.before),
        ),
      )
      .orderBy(desc(message.id))
      .limit(query.limit),
  )
  return rows.map(({ id, blob }) => ({ id: id as MessageId, blob }))
}

export async function messages(
  on: TenantStatements,
  query: { limit: number; before?: MessageId; sender?: string },
): Promise<MessageRecord[]> {
  const { message } = on.engine.tables
  const filter: SQL[] = [eq(message.tenant, $('tenant'))]
  if (query.before !== undefined) filter.push(lt(message.id, $('before')))
  if (query.sender !== undefined) filter.push(eq(message.sender, $('sender')))
  const name = `messages ${query.before !== undefined} ${query.sender !== undefined}`
  const rows = await on.run(
    name,
    (db) =>
      db
        .select()
        .from(message)
        .where(and(...filter))
        .orderBy(desc(message.id))
        .limit($('limit'))
        .prepare(name),
    { before: query.before, sender: query.sender?.toLowerCase(), limit: query.limit },
  )
  return rows.map(messageRecord)
}

export async function messagesCalled(on: TenantStatements, rfcMessageIds: readonly string[]): Promise<MessageRecord[]> {
  if (rfcMessageIds.length === 0) return []
  const { message } = on.engine.tables
  const rows = await on.unprepared((db) =>
    db
      .select()
      .from(message)
      .where(and(eq(message.tenant, on.tenant), inArray(message.rfcMessageId, [...rfcMessageIds])))
      // The oldest first: later mails that took over a Message-ID cannot push the original out.
      .orderBy(asc(message.id))
      .limit(100),
  )
  return rows.map(messageRecord)
}

export async function insertMessage(
  on: TenantUnit,
  message: MessageRecord,
  recipients: readonly string[],
  content?: Uint8Array,
): Promise<void> {
  const { recipient } = on.engine.tables
  await on.insert('message', { ...message, sender: message.envelope.mailFrom.toLowerCase(), erasedAt: null })
  if (content) {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
    await on.insert('content', { message: message.id, bytes })
  }
  for (const [position, address] of recipients.entries()) {
    await on.run(
      'insertRecipient',
      (db) =>
        db
          .insert(recipient)
          .values({
            tenant: $('tenant'),
            message: $('message'),
            address: $('address'),
            position: $('position'),
            state: 'pending',
            copy: null,
            detail: '',
            receipt: null,
            updatedAt: $('updatedAt'),
          })
          .onConflictDoNothing()
          .prepare('insertRecipient'),
      { message: message.id, address, position, updatedAt: message.acceptedAt },
    )
  }
}

export async function updateMessage(
  on: TenantUnit,
  id: MessageId,
  patch: Partial<Pick<MessageRecord, 'state' | 'decision'>>,
): Promise<void> {
  const { message } = on.engine.tables
  const names = (['state', 'decision'] as const).filter((name) => patch[name] !== undefined)
  if (names.length === 0) return
  const name = `updateMessage ${names.join()}`
  await on.run(
    name,
    (db) =>
      db
        .update(message)
        .set(columnsOf(message, names))
        .where(and(eq(message.tenant, $('tenant')), eq(message.id, $('id'))))
        .prepare(name),
    { id, ...patch },
  )
}
