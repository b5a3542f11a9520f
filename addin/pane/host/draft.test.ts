import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CLIENTS, fakeMailbox } from '../../../test/support/fake-mailbox.ts'
import { EMPTY_NOTEBOOK } from '../../stamp/notebook.ts'
import { asker } from './ask.ts'
import { openDraft } from './draft.ts'
import { headerIn, readMessage } from './message.ts'
import type { OfficeItem, PaneOffice } from './office.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const HEADERS = {
  'X-Secflow-Classification': 'secret',
  'X-Secflow-Protection': 'none',
  'X-Secflow-Stamp': 'a.b.c',
}

function open(client: string, start = {}) {
  const clock = {
    now: 0,
    setTimeout: (run: () => void, ms?: number) => Number(setTimeout(run, ms)),
    clearTimeout: () => {},
    run: async () => {},
  }
  const mailbox = fakeMailbox(clock, CLIENTS.find(({ name }) => name === client)!, start)
  const office = mailbox.office as PaneOffice
  const draft = openDraft(office, office.context!.mailbox!.item as OfficeItem, asker())
  const soon = async <T>(promise: Promise<T>) => {
    let value: T | undefined
    void promise.then((told) => (value = told))
    await vi.advanceTimersByTimeAsync(30_000)
    return value as T
  }
  return { mailbox, draft, soon }
}

describe.each(CLIENTS.map(({ name }) => name))('the draft in %s', (client) => {
  it('is read, with at most three calls at a time', async () => {
    const { mailbox, draft, soon } = open(client, { bcc: ['eve@partner.example'] })
    expect(await soon(draft.read())).toMatchObject({
      sender: 'anna@demo.example',
      people: [
        { field: 'to', address: 'bob@partner.example' },
        { field: 'bcc', address: 'eve@partner.example' },
      ],
      subject: 'Offer',
      files: [],
      headers: {},
      notebook: EMPTY_NOTEBOOK,
      cut: false,
    })
    expect(mailbox.busiest).toBeLessThanOrEqual(3)
  })

  it('is stamped only when the headers were read back', async () => {
    const { mailbox, draft, soon } = open(client)
    expect(await soon(draft.write(EMPTY_NOTEBOOK, HEADERS))).toBe('stamped')
    expect(mailbox.draft.headers.get('x-secflow-stamp')).toBe('a.b.c')
  })

  it.each([
    ['headers.set', 'missing', 'unsupported'],
    ['headers.get', 'missing', 'unsupported'],
    ['headers.set', 'throws', 'refused'],
    ['headers.set', 'fails', 'refused'],
    ['headers.set', 'silent', 'refused'],
    ['headers.get', 'fails', 'unread'],
    ['headers.get', 'noise', 'unread'],
  ] as const)('is not called stamped when %s %s', async (call, fault, written) => {
    const { mailbox, draft, soon } = open(client)
    mailbox.fault(call, fault)
    expect(await soon(draft.write(EMPTY_NOTEBOOK, HEADERS))).toBe(written)
  })

  it.each(['missing', 'throws', 'fails', 'silent', 'noise'] as const)(
    'is unknown, not empty, when recipients %s',
    async (fault) => {
      const { mailbox, draft, soon } = open(client)
      mailbox.fault('to', fault)
      const { people } = await soon(draft.read())
      expect(people === null || people.every(({ address }) => address === null)).toBe(true)
    },
  )
})

it('writes one after the other: what was asked for last stands at the end', async () => {
  const { mailbox, draft, soon } = open('Outlook on the web')
  const writes = ['one', 'two', 'three'].map((stamp) =>
    draft.write(EMPTY_NOTEBOOK, { ...HEADERS, 'X-Secflow-Stamp': stamp }),
  )
  await soon(Promise.all(writes))
  expect(mailbox.draft.headers.get('x-secflow-stamp')).toBe('three')
})

describe('a received mail', () => {
  it('has one verdict, unfolded; two are none, because one is forged', () => {
    expect(headerIn('A: b\r\nx-secflow-verdict: one\r\n two\r\nC: d', 'X-Secflow-Verdict')).toBe('one two')
    expect(headerIn('X-Secflow-Verdict: one\nX-Secflow-Verdict: two', 'X-Secflow-Verdict')).toBeNull()
    expect(headerIn('Subject: X-Secflow-Verdict: one', 'X-Secflow-Verdict')).toBeNull()
  })

  it('says whether the client tells headers at all', async () => {
    vi.useRealTimers()
    const ask = asker()
    const from = { emailAddress: 'bob@partner.example' }
    const told = (value: string): OfficeItem => ({
      from,
      subject: 's',
      getAllInternetHeadersAsync: (done) => void setTimeout(() => done({ status: 'succeeded', value })),
    })
    expect(await readMessage(told('A: b'), ask)).toMatchObject({
      verdict: null,
      headers: 'told',
      from: from.emailAddress,
    })
    expect(await readMessage(told(''), ask)).toMatchObject({ headers: 'failed' })
    expect(await readMessage({ from, subject: 's' }, ask)).toMatchObject({ headers: 'unsupported' })
  })
})
