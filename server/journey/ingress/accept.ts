import type { MessageId, TenantId } from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import { type ForeignIntent, NO_FOREIGN_INTENT } from '../../../shared/words/foreign/mapping.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Store, TenantReads, TenantWrites } from '../../ports/store.ts'
import { joinTwins, realRecipients } from '../real-recipients.ts'
import { createReceiver, type Offered, type ReceiveDeps, type Received, type Receiver, standsInRow } from './receive.ts'

/** Runs in the transaction that records the message: what it writes is there with the message or not at all. */
export type AlongsideMessage = (
  tx: TenantWrites,
  accepted: { readonly id: MessageId; readonly size: number },
) => Promise<void>

export interface Submission extends Offered {
  readonly alongside?: AlongsideMessage
}

export interface Acceptor {
  /**
   * Takes over the responsibility for a message: resolves only when blob, rows, job and audit are durable (HOUSE decision 11).
   * `size` is what is stored, trace field included. Raises `message-too-large`, `header-too-large`, `header-8bit`,
   * `header-malformed`, `sender-not-allowed`, `bare-line-end`, `nul-byte`, `line-too-long`, `loop-detected`, `too-many-recipients`,
   * `request-invalid` (no recipient), `disk-full`, `store-unavailable`, or what `content` throws; nothing is left then.
   * `store-in-doubt`: the message may stand, the client has to try again.
   */
  accept(submission: Submission): Promise<{ readonly id: MessageId; readonly size: number }>
  /** Raises `disk-full` when a message of `announced` bytes would eat the reserve, `message-too-large` above the limit. */
  admit(announced: number): Promise<void>
}

export interface RecordDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** What a tenant understands of other gateways: their forms are taken off the recipients. Nothing where not given. */
  readonly foreignIntent?: (tenant: TenantId) => ForeignIntent
}

/** Recipients in an audit entry about forms of their addresses. */
const NAMED_MAX = 20

export interface AcceptDeps extends ReceiveDeps, RecordDeps {}

export function createAcceptor(deps: AcceptDeps): Acceptor {
  const receiver = createReceiver(deps)
  const record = createRecorder(deps)
  return {
    accept: ({ alongside, ...offered }) =>
      acceptWith(receiver, (received) => record(received, alongside), offered, deps.log),
    admit: receiver.admit,
  }
}

/** Receives, has it recorded, and takes the bytes back when that fails for certain. */
export async function acceptWith(
  receiver: Receiver,
  record: (received: Received) => Promise<void>,
  offered: Offered,
  log: Log,
): Promise<{ readonly id: MessageId; readonly size: number }> {
  const received = await receiver.receive(offered)
  try {
    await record(received)
  } catch (error) {
    // Rows that may stand keep their content: after a restart the mail goes out, or the content is set aside.
    if (toFault(error).code === 'store-in-doubt') throw error
    await receiver.discard(received).catch((cause: unknown) => {
      log.warn('spool.left', { tenant: received.tenant, message: received.id, fault: toFault(cause).code })
    })
    throw toFault(error)
  } finally {
    receiver.release(received)
  }
  return { id: received.id, size: received.blob.size }
}

/** The one transaction: message, recipients, first job and audit stand together or not at all. */
export function createRecorder({ store, clock, log, metrics, foreignIntent = () => NO_FOREIGN_INTENT }: RecordDeps) {
  return async function record(received: Received, alongside?: AlongsideMessage): Promise<void> {
    const { id, at, tenant, origin, blob, messageId, subject, bytes } = received
    const real = realRecipients(received.envelope, origin, foreignIntent(tenant))
    const envelope = real.read.length > 0 ? joinTwins(real.envelope) : received.envelope
    const { size, sha256: digest } = blob
    const recipients = envelope.recipients.map((recipient) => recipient.address)
    const { read, write } = store.tenant(tenant)
    const stored = write(async (tx) => {
      await tx.insertMessage(
        {
          id,
          state: 'accepted',
          envelope,
          origin,
          blob: id,
          size,
          digest,
          rfcMessageId: messageId,
          subject,
          acceptedAt: at,
          decision: null,
        },
        recipients,
        bytes && standsInRow(received) ? bytes : undefined,
      )
      await tx.enqueue([{ queue: 'process', message: id, lane: '', step: 'process', payload: {}, runAt: at }])
      await tx.appendAudit({
        time: at,
        type: 'message.accepted',
        message: id,
        actor: origin.identity ?? 'stranger',
        detail: {
          sender: envelope.mailFrom,
          recipients,
          size,
          digest,
          messageId,
          channel: origin.channel,
          authenticated: origin.authenticated,
          peer: origin.peer,
          tls: origin.tls,
        },
      })
      if (real.read.length > 0)
        await tx.appendAudit({
          time: at,
          type: 'intent.recipients',
          message: id,
          actor: origin.identity ?? 'stranger',
          detail: { recipients: real.read.slice(0, NAMED_MAX), count: real.read.length },
        })
      await alongside?.(tx, { id, size })
    })
    await stored.catch(async (error: unknown) => {
      const absent = toFault(error).code !== 'store-unavailable' || (await isAbsent(read, id))
      throw absent ? error : new Fault('store-in-doubt', id, { cause: error })
    })
    metrics.observe('accept_seconds', (clock.now() - at) / 1000)
    metrics.count('messages_accepted_total', { channel: origin.channel })
    log.info('message.accepted', { tenant, message: id, size })
  }
}

/** Whether no row stands, for certain: a commit whose flush failed, or whose answer was lost, may. */
async function isAbsent(read: TenantReads, id: MessageId): Promise<boolean> {
  try {
    return (await read.message(id)) === null
  } catch {
    return false
  }
}
