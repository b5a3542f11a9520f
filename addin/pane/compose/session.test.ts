import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Draft, Verdict, Vocabulary } from '../../../shared/contract/index.ts'
import { EMPTY_NOTEBOOK, type Notebook } from '../../stamp/notebook.ts'
import type { Service } from '../api/service.ts'
import { type Answer, type Trouble, trouble } from '../api/trouble.ts'
import type { DraftPort } from '../host/draft.ts'
import type { SeenMail, Written } from '../host/mail.ts'
import type { Offline } from '../offline/offline.ts'
import { createStore } from '../parts/store.ts'
import { isWaiting, reduce, START } from './model.ts'
import { openSession } from './session.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const VOCABULARY: Vocabulary = {
  language: 'en',
  labels: ['public', 'internal', 'secret'].map((id, rank) => ({ id, name: id, description: '', rank })),
  defaultLabel: 'internal',
  protections: [],
}
const verdictFor = (draft: Draft, name: string): Verdict => ({
  decisionId: name,
  revision: 'r',
  stamp: `${name}.b.c`,
  recipients: draft.recipients.map((one) => ({
    address: typeof one === 'string' ? one : one.address,
    outcome: 'deliver',
    steps: [],
    method: 'smime',
    reasons: [],
    missing: [],
  })),
  copies: [],
})

function bench(options: { readonly answer?: (draft: Draft, at: number) => Promise<Answer<Verdict>> } = {}) {
  const mail: { now: SeenMail } = {
    now: {
      sender: 'anna@demo.example',
      people: [{ field: 'to', name: 'bob', address: 'bob@partner.example' }],
      subject: 'Offer',
      files: [],
      headers: {},
      notebook: EMPTY_NOTEBOOK,
      composeType: 'newMail',
      answers: null,
      cut: false,
    },
  }
  const written: { notebook: Notebook; headers: Readonly<Record<string, string>> }[] = []
  let changed = () => {}
  const result: { written: Written } = { written: 'stamped' }
  const draft: DraftPort = {
    read: async () => mail.now,
    write: async (notebook, headers) => {
      written.push({ notebook, headers })
      return result.written
    },
    watch: (heard) => {
      changed = heard
      return () => {}
    },
  }
  const asked: Draft[] = []
  const service = {
    vocabulary: async () => ({ ok: true, value: VOCABULARY }),
    evaluate: (body: Draft) => {
      asked.push(body)
      const at = asked.length
      return options.answer?.(body, at) ?? Promise.resolve({ ok: true, value: verdictFor(body, `v${at}`) })
    },
    signIn: async () => null,
  } as unknown as Service
  const offline: Offline = {
    decide: async (body) => verdictFor(body, 'offline'),
    vocabulary: async () => null,
    keepVocabulary: () => {},
    refresh: () => {},
    domains: () => [],
  }
  let back = () => {}
  const store = createStore(reduce, START)
  const session = openSession({
    draft,
    service,
    offline,
    store,
    whenOnline: (heard) => {
      back = heard
      return () => {}
    },
  })
  const pass = (ms = 1000) => vi.advanceTimersByTimeAsync(ms)
  return { mail, written, asked, session, store, result, pass, change: () => changed(), online: () => back() }
}
const refuse = async (one: Trouble): Promise<Answer<Verdict>> => ({ ok: false, trouble: one })

describe('a draft under the eyes of the pane', () => {
  it('is asked about once it is quiet, however fast it changes', async () => {
    const { mail, asked, pass, change, store } = bench()
    await pass()
    expect(asked).toHaveLength(1)
    for (let at = 0; at < 20; at++) {
      mail.now = { ...mail.now, subject: `Offer ${at}` }
      change()
      await pass(50)
    }
    await pass()
    expect(asked.map(({ subject }) => subject)).toEqual(['Offer', 'Offer 19'])
    expect(store.get().shown?.verdict.decisionId).toBe('v2')
    change()
    await pass()
    expect(asked).toHaveLength(2)
  })

  it('shows the answer to the last question, when an earlier one answers after it', async () => {
    const waiting: ((answer: Answer<Verdict>) => void)[] = []
    const { asked, session, pass, store, written } = bench({
      answer: () => new Promise((resolve) => waiting.push(resolve)),
    })
    await pass()
    session.choose({ sign: true })
    await pass()
    expect(asked).toHaveLength(2)
    waiting[1]!({ ok: true, value: verdictFor(asked[1]!, 'new') })
    await pass(10)
    waiting[0]!({ ok: true, value: verdictFor(asked[0]!, 'old') })
    await pass()
    expect(store.get().shown?.verdict.decisionId).toBe('new')
    expect(written.map(({ headers }) => headers['X-Secflow-Protection'])).toEqual(['sign', 'sign'])
  })

  it('carries the wish at once, before the service has answered', async () => {
    const { session, written, pass, store } = bench({ answer: () => new Promise(() => {}) })
    await pass()
    session.choose({ classification: 'secret' })
    await pass(200)
    expect(written.at(-1)?.headers).toEqual({
      'X-Secflow-Classification': 'secret',
      'X-Secflow-Protection': 'none',
      'X-Secflow-Stamp': 'none',
    })
    expect(store.get().stamp).toEqual({ kind: 'stamped', signed: false })
  })

  it.each(['refused', 'unread', 'unsupported'] as const)('is not called stamped when writing ends %s', async (why) => {
    const { result, pass, store } = bench()
    result.written = why
    await pass()
    expect(store.get().stamp).toEqual({ kind: 'failed', why })
  })

  it('asks again without the address that the service does not take', async () => {
    const { mail, asked, pass, store, change } = bench({
      answer: (body, at) =>
        at === 1
          ? refuse(trouble('refused', { pointers: ['/recipients/1/address'] }))
          : Promise.resolve({ ok: true, value: verdictFor(body, `v${at}`) }),
    })
    mail.now = { ...mail.now, people: [...mail.now.people!, { field: 'cc', name: 'odd', address: 'odd@@x' }] }
    change()
    await pass()
    expect(asked.at(-1)?.recipients).toEqual([{ address: 'bob@partner.example', field: 'to' }])
    expect([...store.get().refused]).toEqual(['odd@@x'])
    expect(store.get().trouble).toBeNull()
  })

  it.each([
    ['offline', true],
    ['broken', true],
    ['slow', true],
    ['busy', true],
    ['forbidden', false],
    ['signed-out', false],
  ] as const)('shows what the kept policy says when the service is %s: %s', async (kind, kept) => {
    const { pass, store } = bench({ answer: () => refuse(trouble(kind)) })
    await pass()
    expect(store.get().trouble?.kind).toBe(kind)
    expect(store.get().shown?.source).toBe(kept ? 'offline' : undefined)
  })

  it('asks again by itself after the time the service names, and when the connection is back', async () => {
    let well = false
    const { asked, pass, store, online } = bench({
      answer: (body) =>
        well
          ? Promise.resolve({ ok: true, value: verdictFor(body, 'well') })
          : refuse(trouble('busy', { again: 30_000 })),
    })
    await pass()
    await pass(28_000)
    expect(asked).toHaveLength(1)
    await pass(2000)
    expect(asked).toHaveLength(2)
    well = true
    online()
    await pass()
    expect(store.get()).toMatchObject({ trouble: null, shown: { source: 'service' } })
  })

  it('notes what the events need: labels, blind recipients, and sentences for who gets nothing', async () => {
    const { mail, change, written, pass } = bench({
      answer: async (body) => {
        const verdict = verdictFor(body, 'v')
        verdict.recipients[0] = { ...verdict.recipients[0]!, outcome: 'reject', text: 'Not to them.' }
        return { ok: true, value: verdict }
      },
    })
    mail.now = {
      ...mail.now,
      people: [...mail.now.people!, { field: 'bcc', name: 'e', address: 'eve@partner.example' }],
    }
    change()
    await pass()
    expect(written.at(-1)?.notebook).toMatchObject({
      labels: ['public', 'internal', 'secret'],
      verdict: { bcc: ['eve@partner.example'], lines: ['bob@partner.example: Not to them.'] },
    })
  })

  it('waits for nothing once nobody is written to, whatever is chosen', async () => {
    const { mail, change, session, store, pass, written } = bench()
    await pass()
    mail.now = { ...mail.now, people: [] }
    change()
    await pass()
    expect([store.get().shown, isWaiting(store.get())]).toEqual([null, false])
    session.choose({ classification: 'secret' })
    await pass()
    expect(isWaiting(store.get())).toBe(false)
    expect(written.at(-1)?.headers['X-Secflow-Classification']).toBe('secret')
  })

  it('is left alone once the pane is closed', async () => {
    const { session, asked, change, mail, pass } = bench()
    await pass()
    session.stop()
    mail.now = { ...mail.now, subject: 'x' }
    change()
    await pass(60_000)
    expect(asked).toHaveLength(1)
  })
})
