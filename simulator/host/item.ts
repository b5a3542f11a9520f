/** What the host knows of the mail in a window: one that is written, or one that is read. */
export interface Person {
  readonly name: string
  readonly address: string
}

export type Field = 'to' | 'cc' | 'bcc'

/** A name that was typed and not yet found in the address book has no address; clients leave it out until it is. */
export interface Recipient extends Person {
  readonly resolved: boolean
}

export interface Attachment {
  readonly id: string
  readonly name: string
  readonly type: string
  /** Bytes. */
  readonly size: number
  readonly inline: boolean
  /** Base64; null for a link into a cloud. */
  readonly content: string | null
  /** Clients name it to add-ins from this moment on (`performance.now`); late ones are listed after their upload. */
  readonly listedAt: number
}

export interface Notification {
  readonly key: string
  readonly type: number
  readonly message: string
  readonly icon?: string
  readonly persistent?: boolean
  readonly actions?: readonly { readonly actionText: string; readonly commandId: string }[]
}

export type DraftChange = 'recipients' | 'subject' | 'body' | 'attachments' | 'from' | 'headers' | 'notifications'

/** A mail that is written. Whoever changes it says so through `changed`. */
export interface Draft {
  readonly id: string
  readonly composeType: 'newMail' | 'reply' | 'forward'
  readonly inReplyTo: string | null
  from: Person
  readonly fields: Record<Field, readonly Recipient[]>
  subject: string
  html: string
  text: string
  attachments: readonly Attachment[]
  /** By lower-case name, with the name as it was given. */
  readonly headers: Map<string, { readonly name: string; readonly value: string }>
  readonly session: Map<string, string>
  readonly notifications: Map<string, Notification>
  customProperties: string
  appended: string
  /** What `getInitializationContextAsync` gives: set when a Smart Alert opens the pane. */
  context: string
  savedAs: string | null
}

/** A mail that is read. */
export interface ReceivedMail {
  readonly id: string
  readonly messageId: string
  readonly from: Person
  readonly to: readonly Person[]
  readonly cc: readonly Person[]
  readonly subject: string
  /** Epoch ms. */
  readonly date: number
  readonly text: string
  /** Header block as received. */
  readonly header: string
  readonly attachments: readonly Omit<Attachment, 'listedAt'>[]
}

export type HostItem =
  | { readonly kind: 'compose'; readonly draft: Draft; changed(what: DraftChange, detail?: ChangeDetail): void }
  | {
      readonly kind: 'read'
      readonly mail: ReceivedMail
      readonly notifications: Map<string, Notification>
      changed(): void
    }

export interface ChangeDetail {
  readonly fields?: Readonly<Record<Field, boolean>>
  readonly attachment?: { readonly status: 'added' | 'removed'; readonly attachment: Attachment }
}
