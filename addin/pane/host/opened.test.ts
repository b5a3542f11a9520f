import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { asker } from './ask.ts'
import type { OfficeItem, PaneOffice } from './office.ts'
import { watchOpening } from './opened.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type Call = NonNullable<OfficeItem['getInitializationContextAsync']>
const saying =
  (value: unknown): Call =>
  (done) =>
    void setTimeout(() => done({ status: 'succeeded', value: value as string }), 10)

it('asks nothing more of a draft that is closed', async () => {
  let again: (() => void) | undefined
  const addHandlerAsync = (_type: string, handler: (event: object) => void) => {
    again = () => handler({})
  }
  const call = vi.fn(saying('{"secflow":"stop"}'))
  const opened = vi.fn()
  const office: PaneOffice = {
    EventType: { InitializationContextChanged: 'changed' },
    context: { mailbox: { addHandlerAsync } },
  }
  watchOpening(office, { getInitializationContextAsync: call }, asker(), opened)()
  again!()
  await vi.advanceTimersByTimeAsync(100)
  expect(call).toHaveBeenCalledTimes(1)
  expect(opened).not.toHaveBeenCalled()
})

async function openings(call: Call | undefined, office: PaneOffice = {}): Promise<() => number> {
  const opened = vi.fn()
  watchOpening(office, call ? { getInitializationContextAsync: call } : {}, asker(), opened)
  await vi.advanceTimersByTimeAsync(10_000)
  return () => opened.mock.calls.length
}

describe('the pane knows that a Smart Alert opened it', () => {
  it.each<[string, unknown]>([
    ['what the alert said', '{"secflow":"stop"}'],
    ['text within text, as classic Outlook hands it over', JSON.stringify('{"secflow":"ask"}')],
    ['an object', { secflow: 'ask' }],
  ])('from %s', async (_, value) => {
    expect((await openings(saying(value)))()).toBe(1)
  })

  it.each<[string, Call | undefined]>([
    ['its button', saying('')],
    ['nothing', saying(undefined)],
    ['what another add-in said', saying('{"other":1}')],
    ['what is no JSON', saying('{"secflow"')],
    ['a number', saying('7')],
    ['a client that fails', (done) => done({ status: 'failed', error: { code: 5001 } })],
    [
      'a client that throws',
      () => {
        throw new Error('no')
      },
    ],
    ['a client that is silent', () => {}],
    ['a client without the member', undefined],
  ])('and not from %s', async (_, call) => {
    expect((await openings(call))()).toBe(0)
  })

  it('also when it stands open already, in clients that tell', async () => {
    let again: (() => void) | undefined
    const addHandlerAsync = (type: string, handler: (event: object) => void) => {
      if (type === 'changed') again = () => handler({})
    }
    const office: PaneOffice = {
      EventType: { InitializationContextChanged: 'changed' },
      context: {
        mailbox: { addHandlerAsync },
      },
    }
    let value = ''
    const count = await openings((done) => saying(value)(done), office)
    expect(count()).toBe(0)
    value = '{"secflow":"ask"}'
    again!()
    await vi.advanceTimersByTimeAsync(100)
    expect(count()).toBe(1)
  })
})
