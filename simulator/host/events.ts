import { described } from './attachments.ts'
import type { ChangeDetail, DraftChange } from './item.ts'

/** Names that Office.js registers for when an add-in asks for an event. */
const HOST_EVENTS = {
  recipients: 'olkRecipientsChanged',
  attachments: 'olkAttachmentsChanged',
  theme: 'officeThemeChanged',
} as const

/** The event that tells an add-in of a change, and what comes with it; null for changes it is not told of. */
export function eventOf(what: DraftChange, detail: ChangeDetail = {}): { name: string; data: string } | null {
  if (what === 'recipients') {
    const fields = detail.fields ?? { to: true, cc: true, bcc: true }
    return { name: HOST_EVENTS.recipients, data: JSON.stringify(fields) }
  }
  if (what === 'attachments' && detail.attachment) {
    const { status, attachment } = detail.attachment
    const attachmentDetails = described(attachment)
    return { name: HOST_EVENTS.attachments, data: JSON.stringify({ attachmentStatus: status, attachmentDetails }) }
  }
  return null
}

/** What a theme event says: colours as numbers. */
export function themeEvent(theme: WindowTheme): { name: string; data: string } {
  const colors = Object.entries(COLORS[theme]).map(([name, color]) => [name, Number.parseInt(color.slice(1), 16)])
  return { name: HOST_EVENTS.theme, data: JSON.stringify(Object.fromEntries(colors)) }
}

export type WindowTheme = 'light' | 'dark'

/** Colours that Outlook tells an add-in (Mailbox 1.14). */
export const COLORS: Readonly<Record<WindowTheme, Readonly<Record<string, string>>>> = {
  light: {
    bodyBackgroundColor: '#ffffff',
    bodyForegroundColor: '#242424',
    controlBackgroundColor: '#ffffff',
    controlForegroundColor: '#242424',
  },
  dark: {
    bodyBackgroundColor: '#292929',
    bodyForegroundColor: '#ffffff',
    controlBackgroundColor: '#333333',
    controlForegroundColor: '#ffffff',
  },
}
