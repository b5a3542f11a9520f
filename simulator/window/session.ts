import type { HostFault } from '../host/calls.ts'
import type { WindowTheme } from '../host/events.ts'
import { type OfficeFrame, openFrame } from '../host/frame.ts'
import type { ChangeDetail, Draft, DraftChange, HostItem, Person } from '../host/item.ts'
import { type LaunchRuntime, openRuntime } from '../host/launch.ts'
import type { ClientProfile, LaunchEventName } from '../profiles/profile.ts'
import { demoToken } from './server.ts'

/** A mail that is written, with what runs beside it: launch events and, when it is open, the task pane. */
export interface ComposeSession {
  readonly draft: Draft
  readonly item: Extract<HostItem, { kind: 'compose' }>
  readonly runtime: LaunchRuntime
  /** Opens the pane's page in a new frame; it is told of every change from then on. */
  openPane(): OfficeFrame
  closePane(): void
  pane(): OfficeFrame | null
  close(): void
}

export interface SessionOptions {
  readonly profile: ClientProfile
  readonly language: 'de-DE' | 'en-US'
  readonly theme: () => WindowTheme
  readonly faults: ReadonlyMap<number, HostFault>
  readonly roaming: Map<string, string>
  /** The window draws what changed. */
  redraw(what: DraftChange): void
  closeItem(): void
  /** Strangers have no add-in. */
  readonly addin: boolean
}

const EVENT_OF: Partial<Record<DraftChange, LaunchEventName>> = {
  recipients: 'onMessageRecipientsChanged',
  attachments: 'onMessageAttachmentsChanged',
  from: 'onMessageFromChanged',
}
/** Clients gather what changes in quick succession. */
const GATHER = 250

export const TASK_PANE = '/simulator/addin/taskpane.html'
const NOTHING: LaunchRuntime = { fire: () => null, close() {} }

export function openSession(draft: Draft, paneTitle: string, options: SessionOptions): ComposeSession {
  const { profile, faults, roaming, language } = options
  let frame: OfficeFrame | null = null
  const timers = new Map<LaunchEventName, number>()
  const item: ComposeSession['item'] = {
    kind: 'compose',
    draft,
    changed(what: DraftChange, detail?: ChangeDetail) {
      options.redraw(what)
      frame?.tell(what, detail)
      const event = EVENT_OF[what]
      if (!event) return
      clearTimeout(timers.get(event))
      timers.set(
        event,
        setTimeout(() => void runtime.fire(event, eventDetails(what, detail)), GATHER),
      )
    },
  }
  const scene = { profile, item, roaming, close: options.closeItem }
  const shared = { scene, user: draft.from, language, theme: options.theme(), tokens: demoToken, faults }
  const runtime = options.addin
    ? openRuntime({ ...shared, page: '/simulator/addin/launchevent.html', script: '/addin/launchevent.js' })
    : NOTHING
  void runtime.fire('onNewMessageCompose')
  return {
    draft,
    item,
    runtime,
    openPane() {
      frame?.close()
      frame = openFrame({ ...shared, theme: options.theme(), src: TASK_PANE, title: paneTitle })
      return frame
    },
    closePane() {
      frame?.close()
      frame = null
    },
    pane: () => frame,
    close() {
      for (const timer of timers.values()) clearTimeout(timer)
      frame?.close()
      runtime.close()
    },
  }
}

function eventDetails(what: DraftChange, detail: ChangeDetail = {}): object {
  if (what === 'recipients') return { changedRecipientFields: detail.fields ?? { to: true, cc: true, bcc: true } }
  if (what === 'attachments') return { attachmentStatus: detail.attachment?.status ?? 'added' }
  return {}
}

/** Where a mail that is read shows the pane. */
export function openReadPane(
  item: Extract<HostItem, { kind: 'read' }>,
  user: Person,
  paneTitle: string,
  options: Pick<SessionOptions, 'profile' | 'language' | 'theme' | 'faults' | 'roaming'>,
): OfficeFrame {
  const { profile, roaming, faults, language } = options
  const scene = { profile, item, roaming, close() {} }
  const theme = options.theme()
  return openFrame({ scene, user, language, theme, tokens: demoToken, faults, src: TASK_PANE, title: paneTitle })
}
