import type {
  Decision,
  Envelope,
  MessageState,
  Origin,
  Receipt,
  RecipientState,
  Step,
} from '../../../../shared/domain/index.ts'
import type { Columns } from '../columns.pg.ts'
import { orm } from '../drizzle.ts'

const { sql } = orm

/** A message, its content where that is short, who gets it, and what is sent to them. */
export function mailTables(c: Columns) {
  const message = c.table(
    'message',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      state: c.text('state').$type<MessageState>().notNull(),
      /** `envelope.mailFrom` in lower case, to find a sender's messages. */
      sender: c.text('sender').notNull(),
      envelope: c.json<Envelope>('envelope').notNull(),
      origin: c.json<Origin>('origin').notNull(),
      blob: c.text('blob').notNull(),
      size: c.int('size').notNull(),
      digest: c.text('digest').notNull(),
      rfcMessageId: c.text('rfc_message_id').notNull(),
      subject: c.text('subject').notNull(),
      acceptedAt: c.int('accepted_at').notNull(),
      decision: c.json<Decision | null>('decision'),
      /** When its spool and copy blobs were deleted. */
      erasedAt: c.int('erased_at'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('message_sender').on(t.tenant, t.sender, t.id),
      c.index('message_called').on(t.tenant, t.rfcMessageId),
      c.index('message_kept').on(t.tenant, t.state, t.id).where(sql`erased_at is null`),
    ],
  )

  /** Small messages as received: what is short needs no file of its own and no flush beside its row's (0044). */
  const content = c.table(
    'message_content',
    {
      tenant: c.text('tenant').notNull(),
      message: c.text('message').notNull(),
      bytes: c.bytes('bytes').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.message] }),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const recipient = c.table(
    'recipient',
    {
      tenant: c.text('tenant').notNull(),
      message: c.text('message').notNull(),
      address: c.text('address').notNull(),
      position: c.int('position').notNull(),
      state: c.text('state').$type<RecipientState>().notNull(),
      copy: c.text('copy'),
      detail: c.text('detail').notNull(),
      receipt: c.json<Receipt | null>('receipt'),
      updatedAt: c.int('updated_at').notNull(),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.message, t.address] }),
      c.index('recipient_waits').on(t.tenant, t.message, t.state).where(sql`state in ('held', 'quarantined')`),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  const copy = c.table(
    'copy',
    {
      tenant: c.text('tenant').notNull(),
      id: c.text('id').notNull(),
      message: c.text('message').notNull(),
      recipients: c.json<readonly string[]>('recipients').notNull(),
      steps: c.json<readonly Step[]>('steps').notNull(),
      blob: c.text('blob').notNull(),
      size: c.int('size').notNull(),
      route: c.text('route').notNull(),
      mailFrom: c.text('mail_from').notNull(),
      createdAt: c.int('created_at').notNull(),
      head: c.bytes('head'),
      bodyStart: c.int('body_start'),
    },
    (t) => [
      c.primaryKey({ columns: [t.tenant, t.id] }),
      c.index('copy_message').on(t.tenant, t.message, t.id),
      c
        .foreignKey({ columns: [t.tenant, t.message], foreignColumns: [message.tenant, message.id] })
        .onDelete('cascade'),
    ],
  )

  return { message, content, recipient, copy }
}
