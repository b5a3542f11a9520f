/** A next hop that is not there is left alone; who waits for it is not forgotten. */
import { describe, expect, it } from 'vitest'
import { type Delivery, deliveries, SCHEDULE } from '../../../test/support/delivery.ts'

const setup = deliveries()

describe('a closed lane', () => {
  const look = async (run: Delivery) => {
    for (const job of await run.claim()) await run.deliver(job, new AbortController().signal, { connect: false })
  }

  it('is asked nothing: no attempt is counted, and nobody is told before it is time', async () => {
    const run = await setup({}, { deps: { schedule: { ...SCHEDULE, giveUpAfter: 10_000_000 }, warnAfter: 9_000_000 } })
    await look(run)
    expect(run.server.lines).toEqual([])
    expect(await run.audit()).toEqual([])
    expect(run.store.jobs().at(-1)).toMatchObject({ state: 'ready', payload: { attempt: 1, turn: 2 } })
    run.advance(7_200_000)
    await run.round()
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
  })

  it('keeps nobody from hearing of a delay, nor of the end', async () => {
    const run = await setup({}, { deps: { schedule: { ...SCHEDULE, giveUpAfter: 7_200_000 } } })
    run.advance(6_000)
    await look(run)
    await run.round()
    expect(run.reports()[0]!.data).toContain('Action: delayed\r\nStatus: 4.4.1\r\n')
    const people = run.reports()[0]!.data.replaceAll('=\r\n', '')
    expect(people).toContain('451 4.4.1 Der n=C3=A4chste Mailserver ist nicht erreichbar: ')
    expect(people).toContain('451 4.4.1 The next mail server cannot be reached: ')
    expect(run.reports()[0]!.data).toContain('Will-Retry-Until: Mon, 23 Nov 2026 02:00:00 +0000\r\n')
    run.advance(7_200_000)
    await look(run)
    expect(await run.states()).toEqual({ a: 'failed', b: 'failed', c: 'failed' })
  })

  it('opens for mail whose next hop is there, and is told of one that is not', async () => {
    const gone = await setup({ greeting: 'drop' })
    expect(await gone.deliver((await gone.claim())[0], new AbortController().signal)).toBe('unreachable')
    const busy = await setup({ answer: (line) => (line.startsWith('RCPT') ? '450 4.2.1 Busy' : undefined) })
    expect(await busy.deliver((await busy.claim())[0], new AbortController().signal)).toBe('completed')
  })
})
