/** The launch events as they are served, in the runtime of classic Outlook, against every client and every fault. */
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { signStamp, stampKey } from '../../server/people/stamp.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { EPOCH, loadClassic } from '../../test/support/classic-runtime.ts'
import {
  CALLS,
  CLIENTS,
  type ClientProfile,
  FAULTS,
  type FakeDraft,
  type FakeMailbox,
  fakeMailbox,
  SINCE,
} from '../../test/support/fake-mailbox.ts'
import { type VirtualClock, virtualClock } from '../../test/support/virtual-clock.ts'
import { bundleLaunch } from '../../tools/launch.ts'
import { EMPTY_NOTEBOOK, NOTEBOOK_KEY, readNotebook, writeNotebook } from '../stamp/notebook.ts'
import type { OfficeHost } from './host.ts'

const EVENTS = [
  'onNewMessageCompose',
  'onMessageRecipientsChanged',
  'onMessageAttachmentsChanged',
  'onMessageFromChanged',
  'onMessageSend',
]
/** Ms in which the client has its answer. */
const BUDGET = 1000

let code: string
beforeAll(async () => {
  code = await bundleLaunch()
})

const web = CLIENTS[0]!
const classic = CLIENTS[2]!
const withEvents = CLIENTS.filter(({ mailbox }) => mailbox >= 10)
const withSend = CLIENTS.filter(({ mailbox, name }) => mailbox >= 12 && !name.includes('iOS'))

const key = stampKey(
  { keyEncryptionKey: () => Buffer.alloc(32, 1), macKey: () => Buffer.alloc(32, 2) },
  tenantId('demo'),
)

/** What the pane leaves after an answer of the service. */
async function noted(outcome: 'send' | 'ask' | 'stop'): Promise<{ stamp: string; session: Map<string, string> }> {
  const choice = { classification: 'confidential', protection: 'encrypt', outcome }
  const mail = { sender: 'anna@demo.example', visible: ['bob@partner.example'], subject: 'Offer', files: [] }
  const stamp = await signStamp(key, mail, choice, EPOCH)
  const { classification, protection } = choice
  const verdict = { stamp, bcc: [], lines: ['bob@partner.example: no key is known'] }
  const text = writeNotebook({ ...EMPTY_NOTEBOOK, classification, protection, verdict })!
  return { stamp, session: new Map([[NOTEBOOK_KEY, text]]) }
}

interface Stage {
  readonly clock: VirtualClock
  readonly mailbox: FakeMailbox
}

function stage(profile: ClientProfile, draft: Partial<FakeDraft> = {}, language?: string): Stage {
  const clock = virtualClock()
  const mailbox = fakeMailbox(clock, profile, draft, language)
  loadClassic(code, mailbox.office, clock)
  return { clock, mailbox }
}

async function fired({ clock, mailbox }: Stage, name: string) {
  const event = mailbox.fire(name)
  const start = clock.now
  await clock.run()
  return event.completions.map(({ at, with: options }) => ({ after: at - start, options }))
}

describe('the file', () => {
  it('is one script of less than 15 KB in the language of 2016', async () => {
    expect(Buffer.byteLength(code)).toBeLessThan(15 * 1024)
    expect(Buffer.byteLength(code)).toBe(code.length)
    const ofLint = createRequire(createRequire(import.meta.url).resolve('eslint'))
    const { parse } = createRequire(ofLint.resolve('espree'))('acorn') as {
      parse(code: string, options: object): unknown
    }
    expect(() => parse(code, { ecmaVersion: 2016, sourceType: 'script' })).not.toThrow()
    expect(() => parse('async () => {}', { ecmaVersion: 2016, sourceType: 'script' })).toThrow()
    expect(code).not.toMatch(/\b(?:fetch|XMLHttpRequest|WebSocket|import|require|localStorage|document|window)\b/)
  })

  it('asks for nothing but Office and timers, and leaves no global behind', () => {
    const clock = virtualClock()
    const mailbox = fakeMailbox(clock, classic)
    expect(loadClassic(code, mailbox.office, clock).leaked).toEqual([])
    expect(loadClassic(code, undefined, clock).leaked).toEqual([])
    expect(loadClassic(code, {}, clock).leaked).toEqual([])
    expect(() => loadClassic('document.title', mailbox.office, clock)).toThrow('document is not available')
  })

  it('has a handler for each event of the manifest', () => {
    const names: string[] = []
    loadClassic(code, { actions: { associate: (name) => void names.push(name) } }, virtualClock())
    expect(names).toEqual(EVENTS)
  })

  it('waits for a library that is not there as a whole yet', () => {
    const names: string[] = []
    let ready = () => {}
    const late: { -readonly [K in keyof OfficeHost]: OfficeHost[K] } = {
      onReady: (run) => {
        ready = run
      },
    }
    loadClassic(code, late, virtualClock())
    late.actions = { associate: (name) => void names.push(name) }
    ready()
    expect(names).toEqual(EVENTS)
  })
})

describe.each(withEvents)('$name', (profile) => {
  it('gets none three times on a new draft, within its time', async () => {
    const set = stage(profile)
    const [completion, ...more] = await fired(set, 'onNewMessageCompose')
    expect(more).toEqual([])
    expect(completion!.after).toBeLessThan(BUDGET)
    expect(Object.fromEntries(set.mailbox.draft.headers)).toEqual({
      'x-secflow-classification': 'none',
      'x-secflow-protection': 'none',
      'x-secflow-stamp': 'none',
    })
    expect(set.mailbox.busiest).toBeLessThanOrEqual(3)
  })

  it('writes nothing that stands there already', async () => {
    const set = stage(profile)
    await fired(set, 'onNewMessageCompose')
    const before = set.mailbox.calls.filter((call) => call === 'headers.set').length
    await fired(set, 'onMessageRecipientsChanged')
    expect(set.mailbox.calls.filter((call) => call === 'headers.set')).toHaveLength(before)
  })

  it('keeps the class that an answered mail brings along', async () => {
    const headers = new Map([['x-secflow-classification', 'secret']])
    const set = stage(profile, { composeType: 'reply', headers })
    await fired(set, 'onNewMessageCompose')
    expect(set.mailbox.draft.headers.get('x-secflow-classification')).toBe('secret')
    if (profile.mailbox < 11) return
    const note = readNotebook(set.mailbox.draft.session.get(NOTEBOOK_KEY) ?? '')
    expect(note?.inherited).toBe('secret')
  })

  it('takes no telephone and no waiver from an answered mail, and keeps what asks for more', async () => {
    const header =
      'encrypt, plain;reason=%"agreed", pdf;sms="+4915166666666", "bob@partner.example";sms="+4915166666666", filelink;expires=3d;second-factor, x", "bob@partner.example";sms="+4915166666666"'
    const set = stage(profile, { composeType: 'reply', headers: new Map([['x-secflow-protection', header]]) })
    await fired(set, 'onNewMessageCompose')
    expect(set.mailbox.draft.headers.get('x-secflow-protection')).toBe(
      'encrypt, pdf, filelink;expires=3d;second-factor',
    )
  })

  it('keeps a telephone that the sender gave, also when the draft moves to a window of its own', async () => {
    const protection = '"bob@partner.example";sms="+4915112345678"'
    const session = new Map([[NOTEBOOK_KEY, writeNotebook({ ...EMPTY_NOTEBOOK, protection })!]])
    const headers = new Map([['x-secflow-protection', protection]])
    const set = stage(profile, { composeType: 'reply', headers, session })
    await fired(set, profile.mailbox < 11 ? 'onMessageRecipientsChanged' : 'onNewMessageCompose')
    expect(set.mailbox.draft.headers.get('x-secflow-protection')).toBe(protection)
  })
})

describe.each(withSend)('sending from $name', (profile) => {
  it('goes with the signed stamp while nothing changed, and with the wish alone after a change', async () => {
    const { stamp, session } = await noted('send')
    const set = stage(profile, { session })
    expect(await fired(set, 'onMessageSend')).toMatchObject([{ options: { allowEvent: true } }])
    expect(set.mailbox.draft.headers.get('x-secflow-stamp')).toBe(stamp)
    set.mailbox.draft.to.push('late@partner.example')
    expect(await fired(set, 'onMessageSend')).toMatchObject([{ options: { allowEvent: true } }])
    expect(Object.fromEntries(set.mailbox.draft.headers)).toEqual({
      'x-secflow-classification': 'confidential',
      'x-secflow-protection': 'encrypt',
      'x-secflow-stamp': 'none',
    })
  })

  it('does not sign for somebody else', async () => {
    const { session } = await noted('send')
    const set = stage(profile, { session, from: 'boss@demo.example' })
    await fired(set, 'onMessageSend')
    const own = profile.mailbox >= 7
    expect(set.mailbox.draft.headers.get('x-secflow-stamp') === 'none').toBe(own)
  })

  it('is asked about or stopped as the verdict says, each as the client can', async () => {
    const can = profile.mailbox >= 14
    const asked = await fired(stage(profile, { session: (await noted('ask')).session }), 'onMessageSend')
    expect(asked).toHaveLength(1)
    expect(asked[0]!.options).toMatchObject(
      can ? { allowEvent: false, sendModeOverride: 'promptUser', commandId: 'composePane' } : { allowEvent: true },
    )
    const stopped = await fired(stage(profile, { session: (await noted('stop')).session }, 'de-DE'), 'onMessageSend')
    expect(stopped).toHaveLength(1)
    expect(stopped[0]!.options?.allowEvent).toBe(false)
    expect(stopped[0]!.options?.errorMessage).toContain('no key is known')
    expect(stopped[0]!.options?.errorMessage).toContain('senden Sie erneut')
    expect(Object.hasOwn(stopped[0]!.options!, 'commandId')).toBe(can)
  })
})

describe('Outlook for Mac', () => {
  it('trusts the headers while the notes are not to be seen yet', async () => {
    const mac = CLIENTS.find(({ sessionDelay }) => sessionDelay > 0)!
    const { session, stamp } = await noted('send')
    const headers = new Map([
      ['x-secflow-classification', 'confidential'],
      ['x-secflow-protection', 'encrypt'],
      ['x-secflow-stamp', stamp],
    ])
    const set = stage(mac, { headers: new Map(headers) })
    await fired(set, 'onMessageSend')
    expect(set.mailbox.draft.headers).toEqual(headers)
    set.mailbox.draft.session = session
    await fired(set, 'onMessageSend')
    expect(set.mailbox.draft.headers).toEqual(headers)
  })
})

describe('whatever the client does', () => {
  const faults = CALLS.flatMap((call) => FAULTS.map((fault) => ({ call, fault })))

  it.each(EVENTS)('%s is answered once, in time, and the mail goes', async (name) => {
    for (const profile of [web, classic]) {
      for (const { call, fault } of faults) {
        const set = stage(profile, { session: (await noted('send')).session })
        set.mailbox.fault(call, fault)
        const completions = await fired(set, name)
        expect(completions, `${profile.name}: ${call} ${fault}`).toHaveLength(1)
        expect(completions[0]!.after, `${profile.name}: ${call} ${fault}`).toBeLessThan(BUDGET)
        if (name === 'onMessageSend') expect(completions[0]!.options).toEqual({ allowEvent: true })
      }
    }
  })

  it.each(FAULTS)('with everything that %s at once', async (fault) => {
    for (const name of EVENTS) {
      const set = stage(web, { session: (await noted('stop')).session })
      for (const call of CALLS) set.mailbox.fault(call, fault)
      const completions = await fired(set, name)
      expect(completions).toHaveLength(1)
      expect(completions[0]!.after).toBeLessThan(BUDGET)
      if (name === 'onMessageSend' && fault !== 'twice') expect(completions[0]!.options).toEqual({ allowEvent: true })
    }
  })

  it('any faults together, at any speed, in any order of events', async () => {
    const notes = { send: await noted('send'), ask: await noted('ask'), stop: await noted('stop'), nothing: null }
    const plan = fc.record({
      profile: fc.constantFrom(...withEvents),
      latency: fc.integer({ min: 0, max: 1500 }),
      verdict: fc.constantFrom('send' as const, 'ask' as const, 'stop' as const, 'nothing' as const),
      faults: fc.dictionary(fc.constantFrom(...CALLS), fc.constantFrom(...FAULTS)),
      events: fc.array(fc.tuple(fc.constantFrom(...EVENTS), fc.integer({ min: 0, max: 700 })), {
        minLength: 1,
        maxLength: 4,
      }),
    })
    await fc.assert(
      fc.asyncProperty(plan, async ({ profile, latency, verdict, faults: wrong, events }) => {
        const session = new Map(notes[verdict]?.session ?? [])
        const set = stage({ ...profile, latency }, { session })
        for (const call of CALLS) set.mailbox.fault(call, wrong[call] ?? null)
        const started: { name: string; at: number; event: ReturnType<FakeMailbox['fire']> }[] = []
        for (const [name, later] of events) {
          const at = set.clock.now
          started.push({ name, at, event: set.mailbox.fire(name) })
          await set.clock.run(at + later)
        }
        await set.clock.run()
        for (const { name, at, event } of started) {
          if (profile.mailbox < SINCE[name]!) continue
          expect(event.completions).toHaveLength(1)
          expect(event.completions[0]!.at - at).toBeLessThan(BUDGET)
          const options = event.completions[0]!.with
          if (name !== 'onMessageSend') expect(options).toBeUndefined()
          else if (verdict !== 'stop' && verdict !== 'ask') expect(options).toEqual({ allowEvent: true })
          else if (verdict === 'ask' && !options?.allowEvent) expect(options?.sendModeOverride).toBe('promptUser')
        }
      }),
      { numRuns: 150 },
    )
  })

  it('never weakens what stands on the draft', async () => {
    const before = { 'x-secflow-classification': 'secret', 'x-secflow-protection': 'encrypt' }
    for (const { call, fault } of faults) {
      const set = stage(web, { headers: new Map(Object.entries(before)) })
      set.mailbox.fault(call, fault)
      for (const name of EVENTS) await fired(set, name)
      expect(Object.fromEntries(set.mailbox.draft.headers), `${call} ${fault}`).toMatchObject(before)
    }
  })

  it('without timers, without a mailbox, without anything to answer to', async () => {
    for (const without of [['setTimeout'], ['clearTimeout']]) {
      const clock = virtualClock()
      const mailbox = fakeMailbox(clock, web)
      loadClassic(code, mailbox.office, clock, without)
      expect(mailbox.fire('onMessageSend').completions).toEqual([{ at: 0, with: { allowEvent: true } }])
    }
    const clock = virtualClock()
    const handlers = new Map<string, (event: object) => void>()
    const actions = { associate: (name: string, handler: (event: object) => void) => void handlers.set(name, handler) }
    for (const office of [{ actions }, { actions, context: {} }, { actions, context: { mailbox: {} } }]) {
      loadClassic(code, office, clock)
      const completions: unknown[] = []
      handlers.get('onMessageSend')!({ completed: (options: unknown) => void completions.push(options) })
      await clock.run()
      expect(completions).toEqual([{ allowEvent: true }])
      expect(() => handlers.get('onMessageSend')!({})).not.toThrow()
      await clock.run()
    }
  })

  it('a client that loses the first try of a reply gets a second one', async () => {
    const set = stage(web)
    set.mailbox.fault('headers.set', 'fails')
    const event = set.mailbox.fire('onNewMessageCompose')
    await set.clock.run(200)
    set.mailbox.fault('headers.set', null)
    await set.clock.run()
    expect(event.completions).toHaveLength(1)
    expect(set.mailbox.draft.headers.get('x-secflow-stamp')).toBe('none')
  })

  it('what an older event found out is not written over what a newer one wrote', async () => {
    const { session, stamp } = await noted('send')
    const set = stage({ ...web, latency: 80 }, { session })
    const first = set.mailbox.fire('onMessageRecipientsChanged')
    await set.clock.run(100)
    const second = set.mailbox.fire('onMessageSend')
    await set.clock.run()
    expect([first.completions.length, second.completions.length]).toEqual([1, 1])
    expect(set.mailbox.draft.headers.get('x-secflow-stamp')).toBe(stamp)
    expect(set.mailbox.calls.filter((call) => call === 'headers.set')).toHaveLength(1)
  })

  it('five hundred recipients and a subject in any script are answered in time', async () => {
    const to = Array.from({ length: 500 }, (_, at) => `r${at}@partner.example`)
    const subject = 'שלום 🙂 '.repeat(30)
    const stamp = await signStamp(
      key,
      { sender: 'anna@demo.example', visible: to, subject, files: [] },
      { classification: 'confidential', protection: '', outcome: 'send' },
      EPOCH,
    )
    const text = writeNotebook({
      ...EMPTY_NOTEBOOK,
      classification: 'confidential',
      verdict: { stamp, bcc: [], lines: [] },
    })!
    const set = stage(web, { to, subject, session: new Map([[NOTEBOOK_KEY, text]]) })
    const started = performance.now()
    expect(await fired(set, 'onMessageSend')).toMatchObject([{ options: { allowEvent: true } }])
    expect(performance.now() - started).toBeLessThan(BUDGET)
    expect(set.mailbox.draft.headers.get('x-secflow-stamp')).toBe(stamp)
  })

  it('a name that is not resolved yet makes the mail go unsigned', async () => {
    const set = stage(web, { session: (await noted('stop')).session, to: ['bob@partner.example', ''] })
    expect(await fired(set, 'onMessageSend')).toMatchObject([{ options: { allowEvent: true } }])
    expect(set.mailbox.draft.headers.get('x-secflow-stamp')).toBe('none')
  })
})
