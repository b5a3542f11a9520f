import { type Ask, told } from './ask.ts'
import type { OfficeItem, PaneOffice } from './office.ts'

/**
 * Calls when the pane was opened from a Smart Alert, which says so in its `contextData` (Mailbox 1.14), and each time one opens it
 * again while it stands (Mailbox 1.15). Returns what ends it. From another way into the pane nothing is called.
 */
export function watchOpening(office: PaneOffice, item: OfficeItem, ask: Ask, opened: () => void): () => void {
  let over = false
  const look = async () => {
    // The handler stays: to take it off would take off that of the next draft, too.
    if (over) return
    const said = told(await ask<string>((done) => item.getInitializationContextAsync!(done)))
    if (!over && isOurs(said)) opened()
  }
  void look()
  // Not every library knows the event by its name.
  const type = office.EventType?.InitializationContextChanged
  const mailbox = office.context?.mailbox
  const again = () => void look()
  try {
    if (type) mailbox?.addHandlerAsync?.(type, again)
  } catch {
    // A client that opens the pane anew each time.
  }
  return () => {
    over = true
  }
}

/** What the alert says (`addin/stamp/alert.ts`): classic Outlook may hand it over as text within text. */
function isOurs(said: unknown): boolean {
  let value = said
  for (let depth = 0; depth < 2 && typeof value === 'string' && value !== ''; depth++) {
    try {
      value = JSON.parse(value)
    } catch {
      return false
    }
  }
  return typeof value === 'object' && value !== null && 'secflow' in value
}
