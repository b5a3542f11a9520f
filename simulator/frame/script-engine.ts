/**
 * Runs as a worker: the script engine of classic Outlook. It has `Office`, timers and console, and nothing of a page; touching
 * one ends the script, as there.
 */
import type { AsyncResult, Done, LaunchEvent, OfficeHost } from '../../addin/launch/host.ts'
import type { FromScript, ToScript } from '../host/script.ts'

declare function importScripts(url: string): void
declare function postMessage(message: FromScript): void

type Options = Readonly<Record<string, unknown>>

const pending = new Map<number, (reply: Readonly<Record<string, unknown>>) => void>()
const handlers = new Map<string, (event: LaunchEvent) => void>()
let calls = 0

function call<T>(
  number: number,
  given: Options,
  done: Done<T>,
  shape: (data: unknown) => unknown = (data) => data,
): void {
  const id = ++calls
  pending.set(id, (reply) => done(resultOf<T>(reply, shape)))
  postMessage({ say: 'call', id, number, given })
}

function resultOf<T>(reply: Readonly<Record<string, unknown>>, shape: (data: unknown) => unknown): AsyncResult<T> {
  if (reply.error) return { status: 'failed', error: { code: Number(reply.errorCode) } }
  return { status: 'succeeded', value: shape(reply.data) as T }
}

interface Addressed {
  readonly name: string
  readonly address: string
}
const person = ({ name, address }: Addressed) => ({ displayName: name, emailAddress: address })
const people = (data: unknown) => (data as readonly Addressed[]).map(person)
const field = (recipientField: number) => ({
  getAsync: (done: Done<readonly { emailAddress: string }[]>) => call(15, { recipientField }, done, people),
})

/** Name and value of a header together. */
const LONGEST = 998

function checked(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const names = Object.keys(headers)
  const wrong = names.some((name) => typeof headers[name] !== 'string' || name.length + headers[name].length > LONGEST)
  if (names.length === 0 || wrong) throw new RangeError('Value does not fall within the expected range.')
  return headers
}

function officeOf(mailbox: number, language: string, user: string): OfficeHost {
  return {
    onReady: (run) => run(),
    actions: { associate: (name, handler) => void handlers.set(name, handler) },
    context: {
      displayLanguage: language,
      requirements: {
        isSetSupported: (name, version) => name === 'Mailbox' && mailbox >= Number(version.split('.')[1]),
      },
      mailbox: {
        userProfile: { emailAddress: user },
        item: {
          to: field(0),
          cc: field(1),
          bcc: field(2),
          from: { getAsync: (done) => call(107, {}, done, (data) => person(data as Addressed)) },
          subject: { getAsync: (done) => call(18, {}, done) },
          getAttachmentsAsync: (done) => call(149, {}, done),
          getComposeTypeAsync: (done) => call(174, {}, done),
          internetHeaders: {
            getAsync: (names, done) => call(151, { internetHeaderKeys: names }, done),
            setAsync: (headers, done) => call(152, { internetHeaderNameValuePairs: checked(headers) }, done),
          },
          sessionData: {
            getAsync: (name, done) => call(186, { name }, done),
            setAsync: (name, value, done) => call(185, { name, value }, done),
          },
        },
      },
    },
  }
}

function forgetThePage(): void {
  for (const name of ['location', 'navigator', 'self', 'indexedDB', 'caches', 'window', 'document', 'localStorage']) {
    Object.defineProperty(globalThis, name, {
      get() {
        throw new ReferenceError(`${name} is not available`)
      },
    })
  }
}

addEventListener('message', ({ data }: MessageEvent<ToScript>) => {
  switch (data.hear) {
    case 'start':
      Object.assign(globalThis, { Office: officeOf(data.mailbox, data.language, data.user) })
      forgetThePage()
      importScripts(data.script)
      return postMessage({ say: 'ready' })
    case 'answer':
      pending.get(data.id)?.(data.reply)
      pending.delete(data.id)
      return
    case 'event':
      handlers.get(data.handler)?.({
        completed: (completion = { allowEvent: true }) =>
          postMessage({ say: 'completed', command: data.command, completion }),
      })
  }
})
