/** The add-in as both manifests describe it. Everything that differs between installations is in `Installation`. */

/** Texts in the two languages of the product. */
export interface Text {
  readonly en: string
  readonly de: string
}

export const LOCALES = { en: 'en-US', de: 'de-DE' } as const

export interface Installation {
  /** Base of the add-in's URLs without a final slash: `https://mail.example/addin`. */
  readonly base: string
  /** GUID of the add-in; never changes while it is deployed. */
  readonly id: string
  readonly supportUrl: string
  readonly sendMode: SendMode
}

/**
 * What Outlook does when the add-in does not answer, or says no. `SoftBlock`: the sender may send when the add-in is not
 * available. `Block`: he may not; for deployment by an administrator only.
 */
export type SendMode = 'SoftBlock' | 'Block'

/** Raised with every change of what the manifests say: an administrator's centre takes nothing that is not newer. */
export const VERSION = '1.0.0'

export const PROVIDER = 'Secflow'

export const NAME: Text = { en: 'Secflow', de: 'Secflow' }
export const DESCRIPTION: Text = {
  en: 'Classify and protect mail, and see for each recipient what will happen before you send.',
  de: 'Nachrichten einstufen und schützen und vor dem Senden sehen, was für jeden Empfänger geschieht.',
}
/** 80 characters at most, for the unified manifest. */
export const SHORT_DESCRIPTION: Text = {
  en: 'Classify and protect mail, and see what will happen before you send.',
  de: 'Nachrichten einstufen, schützen und vorher sehen, was geschieht.',
}

/** What the events need; the base manifest asks for less, so that servers of one’s own take it. */
export const MAILBOX = { base: '1.5', commands: '1.8', send: '1.12' } as const

export interface Surface {
  /** Id of the button; `commandId` of the alerts. */
  readonly id: string
  readonly group: string
  readonly mode: 'compose' | 'read'
  readonly page: string
  readonly label: Text
  readonly tip: Text
}

export const GROUP_LABEL: Text = { en: 'Protection', de: 'Schutz' }

export const SURFACES: readonly Surface[] = [
  {
    id: 'composePane',
    group: 'composeGroup',
    mode: 'compose',
    page: 'taskpane.html',
    label: { en: 'Protect', de: 'Schützen' },
    tip: {
      en: 'Classify this message and see what will happen for each recipient.',
      de: 'Diese Nachricht einstufen und sehen, was für jeden Empfänger geschieht.',
    },
  },
  {
    id: 'readPane',
    group: 'readGroup',
    mode: 'read',
    page: 'taskpane.html?mode=read',
    label: { en: 'Protection details', de: 'Schutz anzeigen' },
    tip: {
      en: 'See how this message was protected and verified.',
      de: 'Sehen, wie diese Nachricht geschützt und geprüft wurde.',
    },
  },
]

interface OutlookEvent {
  readonly type: string
  /** As unified manifests name it. */
  readonly unified: string
  readonly handler: string
  /** Whether phones have it. */
  readonly mobile: boolean
}

const event = (name: string, unified: string, mobile: boolean): OutlookEvent => ({
  type: `On${name}`,
  unified,
  handler: `on${name}`,
  mobile,
})

export const EVENTS: readonly OutlookEvent[] = [
  event('NewMessageCompose', 'newMessageComposeCreated', true),
  event('MessageRecipientsChanged', 'messageRecipientsChanged', true),
  event('MessageAttachmentsChanged', 'messageAttachmentsChanged', false),
  event('MessageFromChanged', 'messageFromChanged', true),
  event('MessageSend', 'messageSending', false),
]

/** Edges of the square pictures of buttons, in pixels; the others than those that Outlook wants save it scaling. */
export const BUTTON_ICONS = [16, 24, 32, 48, 80] as const
export const NEEDED_ICONS = [16, 32, 80] as const
/** Of the add-in itself: in lists, and in lists on fine screens. */
export const APP_ICONS = { normal: 64, fine: 128 } as const
/** Of the unified manifest's package. */
export const PACKAGE_ICONS = { color: 192, outline: 32 } as const

/** Files below the base, as the server has them. */
export const FILES = { page: 'launchevent.html', script: 'launchevent.js' } as const

export const iconFile = (size: number): string => `icons/icon-${size}.png`
export const OUTLINE_ICON = `icons/outline-${PACKAGE_ICONS.outline}.png`
