/** Between the final dot and its answer: sent once more at most, and never hidden. */
import { describe, expect, it } from 'vitest'
import { type Delivery, deliveries, tenant } from '../../../test/support/delivery.ts'
import type { Script } from '../../../test/support/smtp-server.ts'

const setup = deliveries()

describe('the final dot', () => {
  const afterDot = (what: 'drop' | 'hang'): Script => ({ answer: (line) => (line === '.' ? what : undefined) })
  const uncertain = async (run: Delivery) =>
    (await run.store.tenant(tenant).read.audit({ limit: 99 }))
      .filter(({ type }) => type === 'copy.uncertain')
      .map(({ detail }) => detail)
  const everybody = ['a@p.example', 'b@p.example', 'c@p.example']

  it('is marked on the job before it goes out, and not when nothing was sent', async () => {
    const dots: number[] = []
    const script: Script = {}
    const run = await setup(script)
    script.answer = (line) => {
      if (line === '.') dots.push(run.store.jobs()[0]!.dots)
      return undefined
    }
    await run.round()
    expect(dots).toEqual([1])
    const refused = await setup({ answer: (line) => (line.startsWith('MAIL') ? '452 4.3.1 Full' : undefined) })
    await refused.round()
    expect(refused.store.jobs()[0]!.dots).toBe(0)
  })

  it('does not go out for a job that somebody else has now', async () => {
    const run = await setup()
    const [job] = await run.claim()
    run.advance(31_000)
    await run.store.queue.reap(9)
    await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('lease-lost')
    expect(run.server.received).toEqual([])
  })

  it('a crash after it: sent once more and audited as uncertain', async () => {
    const run = await setup()
    const [crashed] = await run.claim()
    await run.store.queue.beginDot(crashed)
    run.advance(31_000)
    await run.store.queue.reap(9)
    await run.round()
    expect(run.server.received).toHaveLength(1)
    expect(await uncertain(run)).toMatchObject([
      { recipients: everybody, why: 'crash', times: 1, rfcMessageId: 'm1@acme.example' },
    ])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
  })

  it('a second crash after it: nobody sends it a third time', async () => {
    const run = await setup()
    for (let crash = 0; crash < 2; crash++) {
      await run.store.queue.beginDot((await run.claim())[0])
      run.advance(31_000)
      await run.store.queue.reap(9)
    }
    const [job] = await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('delivery-uncertain')
    expect(run.server.received).toEqual([])
    expect(await uncertain(run)).toMatchObject([{ recipients: everybody, why: 'crash', times: 2 }])
  })

  it.each(['drop', 'hang'] as const)('a %s instead of a reply: one retry, then a person decides', async (what) => {
    const run = await setup(afterDot(what))
    await run.round()
    expect(await uncertain(run)).toMatchObject([{ recipients: everybody, why: 'no-reply', times: 1 }])
    run.advance(1_000)
    await run.round()
    expect(await uncertain(run)).toHaveLength(2)
    const sent = run.server.lines.filter((line) => line.startsWith('MAIL')).length
    const [third] = await run.claim()
    await expect(run.deliver(third, new AbortController().signal)).rejects.toThrow('delivery-uncertain')
    expect(run.server.lines.filter((line) => line.startsWith('MAIL')).length).toBe(sent)
  })

  it('who was refused is settled, and only the others are in doubt', async () => {
    const run = await setup({
      answer(line, { recipient }) {
        if (line === '.') return 'drop'
        return recipient === 'c@p.example' ? '550 5.1.1 Unknown' : undefined
      },
    })
    await run.round()
    expect(await run.states()).toEqual({ a: 'deferred', b: 'deferred', c: 'failed' })
    expect(await uncertain(run)).toMatchObject([{ recipients: ['a@p.example', 'b@p.example'], why: 'no-reply' }])
  })

  it('refusals in between are no doubt: the schedule goes on', async () => {
    const script = afterDot('drop')
    const run = await setup(script)
    await run.round()
    for (const [reply, pause] of [
      ['451 4.3.0 Later', 1_000],
      ['451 4.3.0 Later', 5_000],
      [undefined, 10_000],
    ] as const) {
      script.answer = (line) => (line.startsWith('RCPT') ? reply : undefined)
      run.advance(pause)
      await run.round()
    }
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
    expect(await uncertain(run)).toHaveLength(1)
  })
})
