/**
 * Runs in pages of the add-in right after Office.js, in the simulator only: takes members away that the client does not have,
 * and adds what clients got after the library of 2022 (Office.context.officeTheme, Mailbox 1.14).
 */
import { COLORS } from '../host/events.ts'
import { hasMember } from '../profiles/members.ts'
import { overlaySettings } from './settings.ts'

interface LooseOffice {
  onReady(run: () => void): void
  context: { mailbox?: { item?: object }; officeTheme?: object }
}
declare const Office: LooseOffice

const settings = overlaySettings()
if (settings) {
  const { profile } = settings
  Office.onReady(() => {
    const { mailbox } = Office.context
    if (mailbox?.item) {
      const members = Object.getOwnPropertyDescriptors(mailbox.item)
      const kept = Object.entries(members).filter(([name]) => hasMember(profile, name))
      mailbox.item = Object.create(Object.getPrototypeOf(mailbox.item), Object.fromEntries(kept)) as object
    }
    if (profile.tellsTheme)
      Object.defineProperty(Office.context, 'officeTheme', {
        configurable: true,
        enumerable: true,
        get: () => COLORS[overlaySettings()?.theme ?? 'light'],
      })
  })
}
