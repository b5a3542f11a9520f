/**
 * What of Office.js the task pane touches, beyond what the launch events do. Every member is optional: which there are differs
 * between clients, and the pane says what it cannot do. Requirement sets: Mailbox 1.3 notifications, 1.5 ItemChanged, 1.7
 * RecipientsChanged, 1.8 internetHeaders, AttachmentsChanged and the initialization context, 1.10 compose type, 1.11 sessionData,
 * 1.14 OfficeThemeChanged, 1.15 InitializationContextChanged.
 */
import type { ComposeItem, Done, Getter } from '../../launch/host.ts'

/** A recipient as the client knows it: names that are not resolved and contact lists have no address. */
export interface OfficePerson {
  readonly displayName?: string
  readonly emailAddress?: string
  readonly recipientType?: string
}

export interface OfficeAttachment {
  readonly name?: string
  readonly size?: number
  readonly isInline?: boolean
}

type Handler = (event: { readonly type?: string; readonly officeTheme?: OfficeTheme }) => void

interface Observable {
  addHandlerAsync?(type: string, handler: Handler, done?: Done<unknown>): void
  removeHandlerAsync?(type: string, done?: Done<unknown>): void
}

/** `in` both modes; reading, `to` and `subject` are values and not getters. */
export interface OfficeItem extends Omit<ComposeItem, 'to' | 'cc' | 'bcc' | 'from' | 'subject'>, Observable {
  readonly itemType?: string
  readonly to?: Getter<readonly OfficePerson[]>
  readonly cc?: Getter<readonly OfficePerson[]>
  readonly bcc?: Getter<readonly OfficePerson[]>
  readonly from?: Getter<OfficePerson> | OfficePerson
  readonly subject?: Getter<string> | string
  readonly internetMessageId?: string
  /** Mailbox 1.14, writing only: Message-ID of the mail that is answered. */
  readonly inReplyTo?: string
  /** Mailbox 1.8: what a Smart Alert said when it opened the pane, '' for another way in. */
  getInitializationContextAsync?(done: Done<string>): void
  /** Mailbox 1.8, reading only: the raw header block. */
  getAllInternetHeadersAsync?(done: Done<string>): void
}

export interface OfficeTheme {
  readonly bodyBackgroundColor?: string
  readonly bodyForegroundColor?: string
}

export interface PaneOffice {
  readonly EventType?: { readonly InitializationContextChanged?: string }
  onReady?(run?: (info: { readonly host?: string | null }) => void): unknown
  readonly context?: {
    readonly displayLanguage?: string
    readonly officeTheme?: OfficeTheme
    readonly requirements?: { isSetSupported?(name: string, version: string): boolean }
    readonly mailbox?: Observable & {
      readonly item?: OfficeItem | null
      readonly userProfile?: OfficePerson
    }
  }
}

/** Names of events as Office.EventType has them. */
export const EVENT = {
  recipients: 'olkRecipientsChanged',
  attachments: 'olkAttachmentsChanged',
  item: 'olkItemSelectedChanged',
  theme: 'officeThemeChanged',
} as const
