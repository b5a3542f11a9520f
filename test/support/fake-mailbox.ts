/**
 * A mailbox as the launch events see it: a draft behind the asynchronous calls of Office.js, with the manners of each client and
 * with every fault a client was seen to have. Callbacks are always asynchronous; wrong arguments throw at once, as there.
 */
import type { ComposeItem, Done, LaunchEvent, OfficeHost } from '../../addin/launch/host.ts'
import type { SendCompletion } from '../../addin/stamp/alert.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface ClientProfile {
  readonly name: string
  /** Highest Mailbox requirement set. */
  readonly mailbox: number
  /** Ms that a call takes. */
  readonly latency: number
  /** Calls on one item that run at once; more wait. */
  readonly concurrency: number
  /** Ms until a value that was written to the session data can be read. */
  readonly sessionDelay: number
  /** Whether a header that was set reads back in lower case. */
  readonly lowerCasesHeaders: boolean
}

const client = (name: string, mailbox: number, more: Partial<ClientProfile> = {}): ClientProfile => ({
  name,
  mailbox,
  latency: 20,
  concurrency: 3,
  sessionDelay: 0,
  lowerCasesHeaders: false,
  ...more,
})

/** Minor versions of the requirement set: what research found each client to have. */
export const CLIENTS: readonly ClientProfile[] = [
  client('Outlook on the web', 16, { latency: 40, lowerCasesHeaders: true }),
  client('new Outlook for Windows', 16, { latency: 40, lowerCasesHeaders: true }),
  client('classic Outlook for Windows', 15, { latency: 5, concurrency: 50 }),
  client('classic Outlook 2206', 12, { latency: 15, concurrency: 50 }),
  client('Outlook for Mac', 14, { latency: 15, sessionDelay: 2000 }),
  client('Outlook for iOS and Android', 13, { latency: 60, lowerCasesHeaders: true }),
  client('LTSC 2021', 9, { latency: 10, concurrency: 50 }),
]

export type CallName =
  | 'headers.get'
  | 'headers.set'
  | 'session.get'
  | 'session.set'
  | 'to'
  | 'cc'
  | 'bcc'
  | 'subject'
  | 'files'
  | 'from'
  | 'composeType'
  | 'context'

/** How a call goes wrong. `late` answers after five seconds, `twice` gives two answers, `noise` succeeds with nonsense. */
export const FAULTS = ['missing', 'throws', 'fails', 'silent', 'late', 'twice', 'noise'] as const
export type CallFault = (typeof FAULTS)[number]
export const CALLS: readonly CallName[] = [
  'headers.get',
  'headers.set',
  'session.get',
  'session.set',
  'to',
  'cc',
  'bcc',
  'subject',
  'files',
  'from',
  'composeType',
]

export interface FakeDraft {
  from: string
  to: string[]
  cc: string[]
  bcc: string[]
  subject: string
  attachments: { name: string; size: number; isInline?: boolean }[]
  composeType: 'newMail' | 'reply' | 'forward'
  /** As they travel. */
  headers: Map<string, string>
  session: Map<string, string>
  /** What a Smart Alert said when it opened the pane. */
  context: string
}

export interface FakeMailbox {
  readonly office: OfficeHost
  readonly draft: FakeDraft
  /** Fires an event of the manifest; nothing happens where the client does not have it. */
  fire(name: string): FiredEvent
  /** From the next call on. */
  fault(call: CallName, fault: CallFault | null): void
  /** Most calls that ran at once. */
  readonly busiest: number
  /** Names of the calls that were made. */
  readonly calls: readonly CallName[]
}

export interface FiredEvent {
  /** What `event.completed` was called with, one entry a call, and when (ms of the clock). */
  readonly completions: readonly { readonly at: number; readonly with: SendCompletion | undefined }[]
}

/** Minor version of the requirement set that brought each event, by its handler. */
export const SINCE: Readonly<Record<string, number>> = {
  onNewMessageCompose: 10,
  onMessageRecipientsChanged: 11,
  onMessageAttachmentsChanged: 11,
  onMessageFromChanged: 13,
  onMessageSend: 12,
}

const errors = {
  argument: () =>
    Object.assign(new Error('Value does not fall within the expected range.'), { name: 'Sys.ArgumentError' }),
  missing: 9050,
  internal: 9042,
}

export function fakeMailbox(
  clock: VirtualClock,
  profile: ClientProfile,
  start: Partial<FakeDraft> = {},
  language = 'en-US',
): FakeMailbox {
  const draft: FakeDraft = {
    from: 'anna@demo.example',
    to: ['bob@partner.example'],
    cc: [],
    bcc: [],
    subject: 'Offer',
    attachments: [],
    composeType: 'newMail',
    headers: new Map(),
    session: new Map(),
    context: '',
    ...start,
  }
  const faults = new Map<CallName, CallFault>()
  const calls: CallName[] = []
  const handlers = new Map<string, (event: LaunchEvent) => void>()
  const waiting: (() => void)[] = []
  let running = 0
  let busiest = 0

  /** One asynchronous call: `work` gives its value or throws the code it fails with. */
  function call<T>(name: CallName, done: Done<T>, work: () => T): void {
    const fault = faults.get(name)
    calls.push(name)
    if (fault === 'throws') throw new Error(`${name} is not available`)
    const answer = (): Parameters<Done<T>>[0] => {
      if (fault === 'fails') return { status: 'failed', error: { code: errors.internal } }
      if (fault === 'noise') return { status: 'succeeded', value: [null, 7, { emailAddress: 4 }] as unknown as T }
      try {
        return { status: 'succeeded', value: work() }
      } catch (code) {
        return { status: 'failed', error: { code: Number(code) } }
      }
    }
    const run = () => {
      running++
      busiest = Math.max(busiest, running)
      clock.setTimeout(
        () => {
          running--
          waiting.shift()?.()
          if (fault === 'silent') return
          done(answer())
          if (fault === 'twice') done(answer())
        },
        fault === 'late' ? 5000 : profile.latency,
      )
    }
    if (running < profile.concurrency) run()
    else waiting.push(run)
  }

  const since = <T>(version: number, name: CallName, member: T): T | undefined =>
    profile.mailbox >= version && faults.get(name) !== 'missing' ? member : undefined
  const people = (list: readonly string[]) => list.map((emailAddress) => ({ emailAddress, displayName: emailAddress }))

  const item: Record<string, unknown> = {}
  const getter = (version: number, name: CallName, read: () => unknown) => ({
    get: () => since(version, name, { getAsync: (done: Done<unknown>) => call(name, done, read) }),
  })
  Object.defineProperties(item, {
    to: getter(1, 'to', () => people(draft.to)),
    cc: getter(1, 'cc', () => people(draft.cc)),
    bcc: getter(1, 'bcc', () => people(draft.bcc)),
    subject: getter(1, 'subject', () => draft.subject),
    from: getter(7, 'from', () => people([draft.from])[0]),
    getAttachmentsAsync: {
      get: () =>
        since(8, 'files', (done: Done<unknown>) =>
          call('files', done, () => draft.attachments.map((one) => ({ ...one }))),
        ),
    },
    getInitializationContextAsync: {
      get: () => since(8, 'context', (done: Done<unknown>) => call('context', done, () => draft.context)),
    },
    getComposeTypeAsync: {
      get: () =>
        since(10, 'composeType', (done: Done<unknown>) =>
          call('composeType', done, () => ({ composeType: draft.composeType, coercionType: 'html' })),
        ),
    },
    internetHeaders: {
      get: () =>
        profile.mailbox < 8
          ? undefined
          : {
              getAsync: since(8, 'headers.get', (names: readonly string[], done: Done<unknown>) =>
                call('headers.get', done, () => readHeaders(names)),
              ),
              setAsync: since(8, 'headers.set', (headers: Record<string, string>, done: Done<unknown>) => {
                checkHeaders(headers)
                call('headers.set', done, () => writeHeaders(headers))
              }),
            },
    },
    sessionData: {
      get: () =>
        profile.mailbox < 11
          ? undefined
          : {
              getAsync: since(11, 'session.get', (name: string, done: Done<unknown>) =>
                call('session.get', done, () => {
                  const value = draft.session.get(name)
                  if (value === undefined) throw errors.missing
                  return value
                }),
              ),
              setAsync: since(11, 'session.set', (name: string, value: string, done: Done<unknown>) =>
                call('session.set', done, () => {
                  if (value.length > 50_000) throw 9051
                  clock.setTimeout(() => draft.session.set(name, value), profile.sessionDelay)
                }),
              ),
            },
    },
  })

  function readHeaders(names: readonly string[]): Record<string, string> {
    const found: Record<string, string> = {}
    for (const name of names) {
      const value = draft.headers.get(name.toLowerCase())
      if (value !== undefined) found[profile.lowerCasesHeaders ? name.toLowerCase() : name] = value
    }
    return found
  }

  function checkHeaders(headers: Record<string, string>): void {
    const names = Object.keys(headers)
    if (names.length === 0) throw errors.argument()
    for (const name of names) {
      const value = headers[name]
      // Beyond ASCII nobody says what becomes of it.
      if (typeof value !== 'string' || name.length + value.length > 998 || !/^[\x20-\x7e]*$/.test(value))
        throw errors.argument()
    }
  }

  function writeHeaders(headers: Record<string, string>): void {
    for (const [name, value] of Object.entries(headers)) draft.headers.set(name.toLowerCase(), value)
  }

  const office: OfficeHost = {
    actions: { associate: (name, handler) => void handlers.set(name, handler) },
    context: {
      displayLanguage: language,
      requirements: {
        isSetSupported: (name, version) => name === 'Mailbox' && profile.mailbox >= Number(version.split('.')[1]),
      },
      mailbox: { item: item as ComposeItem, userProfile: { emailAddress: 'anna@demo.example' } },
    },
  }

  return {
    office,
    draft,
    fire(name) {
      const completions: { at: number; with: SendCompletion | undefined }[] = []
      if (profile.mailbox >= SINCE[name]!) {
        handlers.get(name)?.({ completed: (options) => void completions.push({ at: clock.now, with: options }) })
      }
      return { completions }
    },
    fault: (name, fault) => void (fault ? faults.set(name, fault) : faults.delete(name)),
    get busiest() {
      return busiest
    },
    calls,
  }
}
