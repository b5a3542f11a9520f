import type { Envelope, MessageId, Origin, TenantId } from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import type { BlobInfo, BlobStore } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/log.ts'
import type { Store, TenantWrites } from '../../ports/store.ts'
import { checkLines } from './canonical.ts'
import { endOfHeader, type HeaderFacts, readHeader } from './header.ts'
import { mailDate, receivedField } from './trace.ts'

export interface AcceptLimits {
  /** Bytes of a message as the client sends it. */
  readonly messageBytes: number
  /** Bytes up to and including the empty line. */
  readonly headerBytes: number
  /** Octets of a line without CRLF (RFC 5322 2.1.1). */
  readonly lineOctets: number
  /** Received fields; more is a loop (RFC 5321 6.3). */
  readonly hops: number
  readonly recipients: number
  /** Free bytes that stay for retry state and reports: mail is refused for now before they are touched. */
  readonly reserveBytes: number
}

export const DEFAULT_ACCEPT_LIMITS: AcceptLimits = {
  messageBytes: 200 * 1024 * 1024,
  headerBytes: 256 * 1024,
  lineOctets: 998,
  hops: 50,
  recipients: 1_000,
  reserveBytes: 64 * 1024 * 1024,
}

export interface Submission {
  readonly tenant: TenantId
  readonly envelope: Envelope
  readonly origin: Origin
  /** The message; CRLF line ends, no dot-stuffing. Read once. */
  readonly content: AsyncIterable<Uint8Array>
  /**
   * Whom From may name, where that is checked here: every mailbox of it, else `sender-not-allowed`. A mail without From passes:
   * who adds one later takes the reverse-path, which was checked.
   */
  readonly mayWrite?: (address: string) => boolean
  /** Runs in the transaction that records the message: what it writes is there with the message or not at all. */
  readonly alongside?: (tx: TenantWrites, accepted: { readonly id: MessageId; readonly size: number }) => Promise<void>
}

export interface Acceptor {
  /**
   * Takes over the responsibility for a message: resolves only when blob, rows, job and audit are durable (HOUSE decision 11).
   * `size` is what is stored, trace field included. Raises `message-too-large`, `header-too-large`, `header-8bit`,
   * `header-malformed`, `sender-not-allowed`, `bare-line-end`, `nul-byte`, `line-too-long`, `loop-detected`, `too-many-recipients`,
   * `request-invalid` (no recipient), `disk-full`, `store-unavailable`, or what `content` throws; nothing is left then.
   */
  accept(submission: Submission): Promise<{ readonly id: MessageId; readonly size: number }>
  /** Raises `disk-full` when a message of `announced` bytes would eat the reserve, `message-too-large` above the limit. */
  admit(announced: number): Promise<void>
}

export interface AcceptDeps {
  readonly store: Store
  readonly blobs: BlobStore
  readonly clock: Clock
  /** UUIDv7. */
  readonly ids: () => MessageId
  /** Our host name: stands in Received and in Message-IDs that we add. */
  readonly name: string
  readonly log: Log
  readonly metrics: Metrics
  readonly limits?: Partial<AcceptLimits>
}

/** A recipient that the client named twice in the same spelling gets one copy; the first DSN parameters count. */
function withoutTwins(envelope: Envelope): Envelope {
  const recipients = [
    ...new Map(envelope.recipients.toReversed().map((one) => [one.address, one])).values(),
  ].toReversed()
  return { ...envelope, recipients }
}

export function createAcceptor(deps: AcceptDeps): Acceptor {
  const limits = { ...DEFAULT_ACCEPT_LIMITS, ...deps.limits }

  async function accept(given: Submission) {
    const submission = { ...given, envelope: withoutTwins(given.envelope) }
    const { tenant, envelope } = submission
    if (envelope.recipients.length === 0) throw new Fault('request-invalid', 'no recipient')
    if (envelope.recipients.length > limits.recipients) throw new Fault('too-many-recipients')
    const id = deps.ids()
    const at = deps.clock.now()
    const checked = check(submission, id, at, deps.name, limits)
    const blob = await deps.blobs.put(tenant, 'spool', id, checked.stream())
    try {
      await record(submission, id, at, blob, checked.result())
    } catch (error) {
      await deps.blobs.delete(tenant, 'spool', id).catch((cause: unknown) => {
        deps.log.warn('spool.left', { tenant, message: id, fault: toFault(cause).code })
      })
      throw toFault(error)
    }
    deps.metrics.count('messages_accepted_total', { channel: submission.origin.channel })
    deps.metrics.observe('accept_seconds', (deps.clock.now() - at) / 1000)
    deps.log.info('message.accepted', { tenant, message: id, size: blob.size })
    return { id, size: blob.size }
  }

  /** The one transaction: message, recipients, first job and audit stand together or not at all. */
  async function record(submission: Submission, id: MessageId, at: number, blob: BlobInfo, facts: CheckedFacts) {
    const { tenant, origin } = submission
    const envelope: Envelope = facts.eightBit ? { ...submission.envelope, body: '8BITMIME' } : submission.envelope
    const addresses = envelope.recipients.map((recipient) => recipient.address)
    await deps.store.tenant(tenant).write(async (tx) => {
      await tx.insertMessage(
        {
          id,
          state: 'accepted',
          envelope,
          origin,
          blob: id,
          size: blob.size,
          digest: blob.sha256,
          rfcMessageId: facts.messageId,
          subject: facts.subject,
          acceptedAt: at,
          decision: null,
        },
        addresses,
      )
      await tx.enqueue([{ queue: 'process', message: id, lane: '', step: 'process', payload: {}, runAt: at }])
      await tx.appendAudit({
        time: at,
        type: 'message.accepted',
        message: id,
        actor: origin.identity ?? 'stranger',
        detail: {
          sender: envelope.mailFrom,
          recipients: addresses,
          size: blob.size,
          digest: blob.sha256,
          messageId: facts.messageId,
          channel: origin.channel,
          authenticated: origin.authenticated,
          peer: origin.peer,
          tls: origin.tls,
        },
      })
      await submission.alongside?.(tx, { id, size: blob.size })
    })
  }

  return {
    accept,
    async admit(announced) {
      if (announced > limits.messageBytes) throw new Fault('message-too-large')
      const free = await deps.blobs.free()
      if (free !== null && free < announced + limits.reserveBytes) throw new Fault('disk-full')
    },
  }
}

interface CheckedFacts extends HeaderFacts {
  readonly eightBit: boolean
}

/** One pass: checks what streams by, holds back only the header, and puts our trace field in front. */
function check(submission: Submission, id: MessageId, at: number, by: string, limits: AcceptLimits) {
  const { envelope, origin, content, mayWrite } = submission
  const lines = checkLines(limits.lineOctets)
  let facts: HeaderFacts | undefined

  /** Fields to put in front; a submission without Date or Message-ID gets them (RFC 6409 8.1 and 8.2). */
  function opening(header: Buffer): Buffer {
    facts = readHeader(header, envelope.smtputf8)
    if (facts.hops > limits.hops) throw new Fault('loop-detected', `${facts.hops} hops`)
    if (mayWrite && !facts.from.every(mayWrite)) throw new Fault('sender-not-allowed')
    let front = receivedField({ origin, smtputf8: envelope.smtputf8, by, id, at })
    if (origin.authenticated !== 'none') {
      if (!facts.messageId) {
        facts = { ...facts, messageId: `${id}@${by}` }
        front += `Message-ID: <${facts.messageId}>\r\n`
      }
      if (!facts.hasDate) front += `Date: ${mailDate(at)}\r\n`
    }
    return Buffer.concat([Buffer.from(front), header])
  }

  async function* stream(): AsyncGenerator<Buffer> {
    const held: Buffer[] = []
    let heldBytes = 0
    let tail = Buffer.alloc(0)
    let size = 0
    for await (const data of content) {
      const chunk = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      size += chunk.length
      if (size > limits.messageBytes) throw new Fault('message-too-large')
      lines.push(chunk)
      if (facts) {
        yield chunk
        continue
      }
      // An empty line at the very start is a header without fields.
      const end = size - chunk.length < 2 && startsEmpty([...held, chunk]) ? 2 - heldBytes : endOfHeader(tail, chunk)
      if ((end < 0 ? heldBytes + chunk.length : heldBytes + end) > limits.headerBytes)
        throw new Fault('header-too-large')
      if (end < 0) {
        held.push(chunk)
        heldBytes += chunk.length
        tail = Buffer.concat([tail, chunk.subarray(-3)]).subarray(-3)
        continue
      }
      yield opening(Buffer.concat([...held, chunk.subarray(0, end)]))
      if (end < chunk.length) yield chunk.subarray(end)
    }
    lines.end()
    if (!facts) yield opening(Buffer.concat(held))
    if (!lines.complete) yield Buffer.from('\r\n')
  }

  return {
    stream,
    result(): CheckedFacts {
      if (!facts) throw new Fault('internal', 'the content was not read')
      return { ...facts, eightBit: lines.eightBit }
    },
  }
}

function startsEmpty(chunks: readonly Buffer[]): boolean {
  return Buffer.concat(chunks).subarray(0, 2).toString('latin1') === '\r\n'
}
