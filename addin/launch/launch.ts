/**
 * What Outlook runs on the events of a draft. In classic Outlook this file is alone in a bare JavaScript runtime: no DOM, no
 * storage, no modules. It asks no server and evaluates no policy: it writes down what was chosen, and lets the mail go.
 */
import { handleBegin, handleChange, handleSend } from './handle.ts'
import type { LaunchEvent, OfficeHost } from './host.ts'

declare const Office: OfficeHost | undefined

/** Names as the manifest has them. */
const HANDLERS: Readonly<Record<string, (office: OfficeHost, event: LaunchEvent) => void>> = {
  onNewMessageCompose: handleBegin,
  onMessageRecipientsChanged: handleChange,
  onMessageAttachmentsChanged: handleChange,
  onMessageFromChanged: handleChange,
  onMessageSend: handleSend,
}

const office = typeof Office === 'undefined' ? undefined : Office

function associate(host: OfficeHost): void {
  for (const name of Object.keys(HANDLERS)) host.actions?.associate?.(name, (event) => HANDLERS[name]!(host, event))
}

// At once, because classic Outlook never says that it is ready; where the library is still loading its host's part, when it has.
if (office?.actions?.associate) associate(office)
else office?.onReady?.(() => associate(office))
