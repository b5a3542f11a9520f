import { hash } from 'node:crypto'
import type { Envelope, MessageId, Origin, TenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import type { BlobInfo, BlobStore } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import { IN_ROW } from '../../ports/store.ts'
import { checkLines } from './canonical.ts'
import { gather, type Holding } from './gather.ts'
import { endOfHeader, type HeaderFacts, readHeader } from './header.ts'
import type { Slabs } from './slabs.ts'
import { mailDate, receivedField } from './trace.ts'

export interface AcceptLimits {
  /** Bytes of a message as the client sends it. */
  readonly messageBytes: number
  /** Bytes up to and including the empty line. */
  readonly headerBytes: number
  /** Fields of the header. */
  readonly headerFields: number
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
  headerFields: 2_000,
  lineOctets: 998,
  hops: 50,
  recipients: 1_000,
  reserveBytes: 64 * 1024 * 1024,
}

/** A message on its way in. */
export interface Offered {
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
}

/** A message whose bytes are durable, or go into its row, and which nobody answers for yet. */
export interface Received {
  readonly id: MessageId
  /** Epoch ms. */
  readonly at: number
  readonly tenant: TenantId
  readonly envelope: Envelope
  readonly origin: Origin
  readonly blob: BlobInfo
  /** Without brackets, '' where there is none. */
  readonly messageId: string
  readonly subject: string
  /**
   * The stored bytes where they are few, alone in their buffer or slab: whoever evaluates next need not read them again. Those
   * that are to stand in the row are in no blob: `standsInRow`.
   */
  readonly bytes: Uint8Array | null
  /** Of the slab that the bytes are in, else 0: whoever is told of the message gives it back, or its receiver where nobody was. */
  readonly ticket: number
}

/**
 * Whether a message stands in its row (0044): it is short, and was held. By its size as stored, for bytes that were handed to
 * another thread are empty here.
 */
export const standsInRow = ({ bytes, blob }: Pick<Received, 'bytes' | 'blob'>): boolean =>
  bytes !== null && blob.size <= IN_ROW

export interface Receiver {
  /**
   * Checks what streams by and stores it under our trace field. Raises what `Acceptor.accept` raises but for the records;
   * nothing is left then.
   */
  receive(offered: Offered): Promise<Received>
  /** Its record has ended, well or not: the room its bytes took is free again. */
  release(received: Received): void
  /** Takes back what could not be recorded. */
  discard(received: Received): Promise<void>
  /** See `Acceptor.admit`. */
  admit(announced: number): Promise<void>
}

export interface ReceiveDeps {
  readonly blobs: BlobStore
  readonly clock: Clock
  /** UUIDv7. */
  readonly ids: () => MessageId
  /** Our host name: stands in Received and in Message-IDs that we add. */
  readonly name: string
  readonly limits?: Partial<AcceptLimits>
  /** For larger messages that are handed on with their bytes; none unless told. */
  readonly slabs?: Slabs
}

/** Bytes of all small messages that are held at once to be handed on, however many peers send; others are read from the store. */
const HELD = 8_388_608

export function createReceiver(deps: ReceiveDeps): Receiver {
  const limits = { ...DEFAULT_ACCEPT_LIMITS, ...deps.limits }
  const holding: Holding = { left: HELD, slabs: deps.slabs ?? null }
  const held = new WeakMap<Received, () => void>()

  return {
    async receive(given) {
      const offered = { ...given, envelope: withoutTwins(given.envelope) }
      const { tenant, origin } = offered
      if (offered.envelope.recipients.length === 0) throw new Fault('request-invalid', 'no recipient')
      if (offered.envelope.recipients.length > limits.recipients) throw new Fault('too-many-recipients')
      const id = deps.ids()
      const at = deps.clock.now()
      const checked = new Checked({ offered, id, at, by: deps.name, limits })
      const gathered = await gather(checked.stream(), holding)
      try {
        const { bytes, ticket } = gathered
        const short = bytes !== null && bytes.length <= IN_ROW
        const blob = short ? await summed(bytes) : await deps.blobs.put(tenant, 'spool', id, gathered.content)
        const { eightBit, messageId, subject } = checked.result()
        const envelope: Envelope = eightBit ? { ...offered.envelope, body: '8BITMIME' } : offered.envelope
        const received = { id, at, tenant, envelope, origin, blob, messageId, subject, bytes, ticket }
        held.set(received, gathered.release)
        return received
      } catch (error) {
        gathered.release()
        deps.slabs?.giveBack(gathered.ticket)
        throw error
      }
    },
    release: (received) => held.get(received)?.(),
    async discard(received) {
      if (!standsInRow(received)) await deps.blobs.delete(received.tenant, 'spool', received.id)
    },
    async admit(announced) {
      if (announced > limits.messageBytes) throw new Fault('message-too-large')
      await roomFor(announced)
    },
  }

  async function roomFor(bytes: number): Promise<void> {
    const free = await deps.blobs.free()
    if (free !== null && free < bytes + limits.reserveBytes) throw new Fault('disk-full')
  }

  async function summed(bytes: Uint8Array): Promise<BlobInfo> {
    await roomFor(bytes.length)
    return { size: bytes.length, sha256: hash('sha256', bytes) }
  }
}

/** A recipient that the client named twice in the same spelling gets one copy; the first DSN parameters count. */
function withoutTwins(envelope: Envelope): Envelope {
  const recipients = [
    ...new Map(envelope.recipients.toReversed().map((one) => [one.address, one])).values(),
  ].toReversed()
  return { ...envelope, recipients }
}

interface CheckedFacts extends HeaderFacts {
  readonly eightBit: boolean
}

interface Checking {
  readonly offered: Offered
  readonly id: MessageId
  readonly at: number
  readonly by: string
  readonly limits: AcceptLimits
}

/**
 * One pass: checks what streams by, holds back only the header, and puts our trace field in front. A class, because V8 gives a
 * generator function that is made for each mail a hidden class of its own, which costs more than running it.
 */
class Checked {
  readonly #of: Checking
  readonly #lines: ReturnType<typeof checkLines>
  #facts: HeaderFacts | undefined

  constructor(of: Checking) {
    this.#of = of
    this.#lines = checkLines(of.limits.lineOctets)
  }

  async *stream(): AsyncGenerator<Buffer> {
    const { offered, limits } = this.#of
    const held: Buffer[] = []
    let heldBytes = 0
    let tail = Buffer.alloc(0)
    let size = 0
    for await (const data of offered.content) {
      const chunk = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      size += chunk.length
      if (size > limits.messageBytes) throw new Fault('message-too-large')
      this.#lines.push(chunk)
      if (this.#facts) {
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
      yield this.#opening(Buffer.concat([...held, chunk.subarray(0, end)]))
      if (end < chunk.length) yield chunk.subarray(end)
    }
    this.#lines.end()
    if (!this.#facts) yield this.#opening(Buffer.concat(held))
    if (!this.#lines.complete) yield Buffer.from('\r\n')
  }

  /** Known when the content has been read. */
  result(): CheckedFacts {
    if (!this.#facts) throw new Fault('internal', 'the content was not read')
    return { ...this.#facts, eightBit: this.#lines.eightBit }
  }

  /** Fields to put in front; a submission without Date or Message-ID gets them (RFC 6409 8.1 and 8.2). */
  #opening(header: Buffer): Buffer {
    const { offered, id, at, by, limits } = this.#of
    const { envelope, origin, mayWrite } = offered
    const facts = readHeader(header, envelope.smtputf8)
    this.#facts = facts
    if (facts.fields > limits.headerFields) throw new Fault('header-too-large', `${facts.fields} fields`)
    if (facts.hops > limits.hops) throw new Fault('loop-detected', `${facts.hops} hops`)
    if (mayWrite && !facts.from.every(mayWrite)) throw new Fault('sender-not-allowed')
    let front = receivedField({ origin, smtputf8: envelope.smtputf8, by, id, at })
    if (origin.authenticated !== 'none') {
      if (!facts.messageId) {
        this.#facts = { ...facts, messageId: `${id}@${by}` }
        front += `Message-ID: <${this.#facts.messageId}>\r\n`
      }
      if (!facts.hasDate) front += `Date: ${mailDate(at)}\r\n`
    }
    return Buffer.concat([Buffer.from(front), header])
  }
}

/** Asked of the first bytes: chunks as long as they are must not be copied for it. */
function startsEmpty(chunks: readonly Buffer[]): boolean {
  const first = Buffer.concat(chunks.map((chunk) => chunk.subarray(0, 2)))
  return first[0] === 0x0d && first[1] === 0x0a
}
