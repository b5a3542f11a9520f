/** What one Outlook client can do and how it behaves, as far as an add-in notices. */
export interface ClientProfile {
  readonly id: 'web' | 'new' | 'classic' | 'mac' | 'ltsc' | 'mobile'
  readonly name: string
  /** Highest Mailbox requirement set: the minor version. */
  readonly mailbox: number
  /** Nested app authentication 1.1. */
  readonly nestedAppAuth: boolean
  /** Ms that a call takes. */
  readonly latency: number
  /** Calls on one item that run at once; more wait. */
  readonly concurrency: number
  /** Ms until a value written to the session data can be read. */
  readonly sessionDelay: number
  /** Whether names of headers come back in lower case. */
  readonly lowerCasesHeaders: boolean
  /** Whether a header that was removed cannot be set again, although the client says it was. */
  readonly forgetsRemovedHeaders: boolean
  /** Most recipients a field tells of; null: all. */
  readonly recipientsTold: number | null
  readonly launchEvents: readonly LaunchEventName[]
  /** Where launch events run: a page with Office.js, a script engine without a page, or nowhere. */
  readonly runtime: 'page' | 'script' | 'none'
  /** Compose windows have task panes; phones have none. */
  readonly composePane: boolean
  /** The way into the pane is a button beside "Don't send" (`extra`) or takes its place (`instead`). */
  readonly takeAction: 'extra' | 'instead'
  /** Whether Office.context.officeTheme says what the window looks like. */
  readonly tellsTheme: boolean
  /** Members of the item that the client lacks although its requirement set has them. */
  readonly missing: readonly string[]
}

export type LaunchEventName =
  | 'onNewMessageCompose'
  | 'onMessageRecipientsChanged'
  | 'onMessageAttachmentsChanged'
  | 'onMessageFromChanged'
  | 'onMessageSend'
