import type {
  Decision,
  GrantRecord,
  KeyRecord,
  LinkFileRecord,
  MessageId,
  Method,
  Origin,
  Receipt,
  RecipientDecision,
  Step,
} from '../../../shared/domain/index.ts'
import type { Language } from '../../../shared/words/filelink.ts'
import type { BodyBlock } from '../../mime/edit.ts'
import type { Entity, HeaderField } from '../../mime/entity.ts'
import type { MimeIndex } from '../../mime/index-mime.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { ByteSource } from '../../ports/bytes.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Directory } from '../../ports/directory.ts'
import type { DocumentPage, DocumentRenderer } from '../../ports/document.ts'
import type { Keyring } from '../../ports/keyring.ts'
import type { TenantSecrets } from '../../ports/secrets.ts'
import type { TenantProfile } from '../tenant.ts'

/** The mail as the transform sees it: where its bytes are, what the parser found, what was decided. */
export interface MailInHand {
  readonly id: MessageId
  readonly tenant: TenantProfile
  readonly mailFrom: string
  /** How it came in; decides whether forms of other gateways are taken off its addresses. */
  readonly origin?: Pick<Origin, 'authenticated'>
  /** Epoch ms; expiry dates count from here. */
  readonly acceptedAt: number
  readonly source: ByteSource
  readonly parsed: ParsedForTransform
  readonly decision: Decision
  /** Inbound, where the tenant marks subjects: what takes forged marks off, and the mark that goes on. */
  readonly subjectMark?: { clean(subject: string): string; readonly add: string | null }
  /** Inbound: what was found, in the reader's language, above the text or as a file. */
  readonly report?: (language: Language) => BodyBlock | ReportFile
}

export interface ReportFile {
  readonly name: string
  readonly text: string
}

/** The part of the parse stage's result that the transform uses. */
export interface ParsedForTransform {
  readonly index: MimeIndex
  readonly message: { readonly subject: string; readonly autoSubmitted?: boolean }
  readonly attachments?:
    | readonly {
        readonly index: number
        readonly name: string
        readonly size: number
        readonly declaredType: string
        /** Found in the content. */
        readonly type?: string | null
        readonly hash?: string
        /** Index of the file that holds it. */
        readonly within?: number
      }[]
    | undefined
  /** Part id of the attachment with this `AttachmentFacts.index`. */
  readonly attachmentParts: readonly number[]
  readable(): Promise<{
    readonly cut: boolean
    readonly text: string
    readonly html?: string | undefined
    readonly images?: DocumentPage['images'] | undefined
  }>
  readonly visible: {
    readonly from: string
    readonly to: readonly string[]
    readonly cc: readonly string[]
    readonly date: number | null
  }
}

export interface Tools {
  readonly blobs: BlobStore
  readonly secrets: TenantSecrets
  readonly keyring: Keyring
  readonly directory: Directory
  readonly documents: DocumentRenderer
  readonly clock: Clock
  /** UUIDv7. */
  readonly newId: () => string
}

/** One rendition, ready to be written and sent. */
export interface RenderedCopy {
  readonly id: string
  readonly recipients: readonly RecipientDecision[]
  readonly steps: readonly Step[]
  /** Named route, '' for the default. */
  readonly route: string
  /** The whole message as it leaves; write it once. With `tailFrom`, its body is that of the mail in hand. */
  readonly message: Entity
  readonly method: Method | null
  /** One entry per cryptographic layer, filled when the message has been written. */
  readonly layers: readonly string[]
  readonly grants: readonly GrantRecord[]
  readonly linkFiles: readonly LinkFileRecord[]
  readonly secrets: readonly SecretForPerson[]
  /** A password that its recipient keeps, to be stored with the copy; `replaces` is the age of what it takes the place of. */
  readonly passwords: readonly { readonly record: KeyRecord; readonly replaces: number | null }[]
  /** API endpoints that get this copy as well. */
  readonly apis: readonly string[]
}

/** A password on its way to a person, by another path than the mail. */
export type SecretForPerson =
  | { readonly by: 'sms'; readonly recipient: string; readonly phone: string; readonly text: string }
  | {
      readonly by: 'sender'
      readonly recipient: string
      readonly sender: string
      readonly subject: string
      readonly text: string
      readonly html: string
    }

/** The mail while steps are applied: outer header fields and the content entity (Content-* fields and body). */
export interface Draft {
  readonly header: readonly HeaderField[]
  readonly content: Entity
}

export function receiptOf(copy: RenderedCopy, recipient: RecipientDecision): Receipt {
  return {
    method: copy.method ?? 'plain',
    layers: copy.layers,
    links: copy.grants
      .filter((grant) => grant.recipient === recipient.address)
      .flatMap((grant) =>
        grant.files.flatMap((id) => {
          const file = copy.linkFiles.find((candidate) => candidate.id === id)
          return file
            ? [
                {
                  name: file.name,
                  size: file.size,
                  sha256: file.sha256,
                  access: grant.access,
                  expiresAt: grant.expiresAt,
                },
              ]
            : []
        }),
      ),
    rules: recipient.reasons.map((reason) => reason.rule),
  }
}
