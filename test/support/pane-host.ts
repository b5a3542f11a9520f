/**
 * Runs in the browser, before the pane: Outlook as the pane sees it, made of the typed fake mailbox. What it is to be stands in
 * `globalThis.paneHost`; the draft stands in `globalThis.mailbox` for the test to look at and to change.
 */
import type { Done } from '../../addin/launch/host.ts'
import type { OfficeTheme } from '../../addin/pane/host/office.ts'
import {
  type CallFault,
  type CallName,
  CLIENTS,
  type FakeDraft,
  type FakeMailbox,
  fakeMailbox,
} from './fake-mailbox.ts'

export interface PaneHost {
  /** Name of a client profile. */
  readonly client?: string
  readonly language?: string
  readonly theme?: OfficeTheme
  readonly draft?: Omit<Partial<FakeDraft>, 'headers' | 'session'> & { readonly headers?: readonly [string, string][] }
  readonly faults?: Readonly<Partial<Record<CallName, CallFault>>>
  /** Display names by address; a name with no `@` is one that is not resolved. */
  readonly names?: Readonly<Record<string, string>>
  /** A mail that is read, in place of a draft; null: none is selected. */
  readonly reading?: ReadingHost | null
}

interface ReadingHost {
  readonly from: string
  readonly subject: string
  readonly headers: string | null
  readonly messageId?: string
}

type Handler = (event: object) => void

const host = (globalThis as { paneHost?: PaneHost }).paneHost ?? {}
const profile = CLIENTS.find(({ name }) => name === host.client) ?? CLIENTS[0]!
const started = performance.now()
const clock = {
  get now() {
    return performance.now() - started
  },
  setTimeout: (run: () => void, ms?: number) => Number(setTimeout(run, ms)),
  clearTimeout: (timer: number | undefined) => clearTimeout(timer),
  run: () => Promise.resolve(),
}
const { headers, ...draft } = host.draft ?? {}
const mailbox = fakeMailbox(
  clock,
  profile,
  { from: 'e.lang@demo.example', ...draft, ...(headers ? { headers: new Map(headers) } : {}) },
  host.language,
)
for (const [call, fault] of Object.entries(host.faults ?? {})) mailbox.fault(call as CallName, fault)

const handlers = new Map<string, Handler>()
const observable = {
  addHandlerAsync: (type: string, handler: Handler) => void handlers.set(type, handler),
  removeHandlerAsync: (type: string) => void handlers.delete(type),
}

/** Names where the fake has addresses only. */
function named(field: 'to' | 'cc' | 'bcc') {
  const getter = mailbox.office.context!.mailbox!.item![field]
  return (
    getter && {
      getAsync: (done: Done<readonly object[]>) =>
        getter.getAsync!((result) =>
          done(
            result.value
              ? { ...result, value: result.value.map((one) => person(String(one?.emailAddress ?? ''))) }
              : (result as never),
          ),
        ),
    }
  )
}
const person = (address: string) =>
  address.includes('@')
    ? { displayName: host.names?.[address] ?? address, emailAddress: address, recipientType: 'externalUser' }
    : { displayName: address, emailAddress: '', recipientType: 'other' }

const composing = new Proxy(mailbox.office.context!.mailbox!.item!, {
  get(item, key) {
    if (key === 'to' || key === 'cc' || key === 'bcc') return named(key)
    if (key === 'addHandlerAsync' || key === 'removeHandlerAsync') return observable[key]
    return Reflect.get(item, key)
  },
})

const reading = host.reading && {
  itemType: 'message',
  from: { displayName: host.reading.from, emailAddress: host.reading.from },
  subject: host.reading.subject,
  internetMessageId: host.reading.messageId ?? '<1@partner.example>',
  ...(host.reading.headers === null
    ? {}
    : {
        getAllInternetHeadersAsync: (done: Done<string>) =>
          void setTimeout(() => done({ status: 'succeeded', value: host.reading!.headers! }), profile.latency),
      }),
}

Object.assign(globalThis, {
  mailbox,
  /** Fires an event of the client. */
  fire: (type: string, event: object = {}) => handlers.get(type)?.({ type, ...event }),
  Office: {
    onReady: (run: (info: object) => void) => setTimeout(() => run({ host: 'Outlook', platform: 'OfficeOnline' })),
    actions: mailbox.office.actions,
    context: {
      displayLanguage: host.language ?? 'en-US',
      officeTheme: host.theme,
      requirements: mailbox.office.context!.requirements,
      mailbox: {
        ...observable,
        item: host.reading === undefined ? composing : reading,
        userProfile: { emailAddress: 'e.lang@demo.example', displayName: 'Eva Lang' },
      },
    },
  },
} satisfies { readonly mailbox: FakeMailbox } & Record<string, unknown>)
