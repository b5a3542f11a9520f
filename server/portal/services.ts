import type { Envelope, GrantRecord, LinkFileRecord, MessageId, Origin, TenantId } from '../../shared/domain/index.ts'
import type { OpenByteSource } from '../ports/bytes.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { Store, TenantWrites } from '../ports/store.ts'

/** A mail handed to the gateway by HTTP. */
export interface Submission {
  readonly tenant: TenantId
  readonly envelope: Envelope
  readonly origin: Origin
  /** A whole RFC 5322 message with CRLF line ends. When it throws, nothing is kept. */
  readonly content: AsyncIterable<Uint8Array>
  /** Runs inside the transaction that stores the message: what it writes is there with the message or not at all. */
  readonly alongside?: (tx: TenantWrites, accepted: AcceptedMail) => Promise<void>
}

export interface AcceptedMail {
  readonly id: MessageId
  /** Bytes stored. */
  readonly size: number
}

/** A message filed for the portal, opened for reading. */
export interface PortalMessage {
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  /** Epoch milliseconds. */
  readonly date: number
  readonly text: string
  /** As the sender wrote it: sanitised before it is shown. */
  readonly html: string | null
  readonly attachments: readonly PortalAttachment[]
}

export interface PortalAttachment {
  readonly name: string
  /** Decoded bytes. */
  readonly size: number
  readonly mediaType: string
  open(): Promise<OpenByteSource>
}

/** What the recipients' rooms need of the rest of the house. */
export interface PortalServices {
  readonly store: Store
  readonly clock: Clock
  readonly secrets: TenantSecrets
  readonly log: Log
  /** Durable when it resolves; raises the faults of the accept. */
  accept(submission: Submission): Promise<AcceptedMail>
  /** Raises `blob-missing` and `blob-damaged`. */
  openFile(tenant: TenantId, file: LinkFileRecord): Promise<OpenByteSource>
  openPortalMessage(tenant: TenantId, grant: GrantRecord): Promise<PortalMessage>
  /** Enqueues a mail of the gateway's own to one person; the same `key` is one mail. */
  sendMail(
    tenant: TenantId,
    mail: {
      readonly to: string
      readonly subject: string
      readonly text: string
      readonly html?: string
      readonly key: string
    },
  ): Promise<void>
  /** Enqueues a text message; `to` is E.164, the same `key` is one message. */
  sendSms(tenant: TenantId, sms: { readonly to: string; readonly text: string; readonly key: string }): Promise<void>
}
