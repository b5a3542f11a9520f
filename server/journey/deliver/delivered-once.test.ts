/** Nobody gets a mail twice because the store, the lease or the room was away for a moment. */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { answerTo, deliveries, tenant } from '../../../test/support/delivery.ts'
import type { Script } from '../../../test/support/smtp-server.ts'

const setup = deliveries()

describe('what came between', () => {
  it('does not send again to whom the row says delivered, when a job comes back', async () => {
    const run = await setup()
    const [job] = await run.claim()
    await run.store
      .tenant(tenant)
      .write((tx) => tx.updateRecipient(run.id, 'a@p.example', { state: 'delivered', at: 1 }))
    await run.deliver(job, new AbortController().signal)
    expect(run.server.received.map(({ to }) => to)).toEqual([['b@p.example', 'c@p.example']])
  })

  it('records deliveries even when the lease was lost meanwhile, so that the next one spares them', async () => {
    const script: Script = {}
    const run = await setup(script)
    const refusals = answerTo({ b: '450 4.2.1 Busy' })
    let claimed: Promise<Job[]> = Promise.resolve([])
    script.answer = (line, about) => {
      if (line === '.') {
        run.advance(31_000)
        void run.store.queue.reap(9)
        claimed = run.claim()
      }
      return refusals?.(line, about)
    }
    const [job] = await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('lease-lost')
    expect(await run.states()).toEqual({ a: 'delivered', b: 'pending', c: 'delivered' })
    run.server.script.answer = () => undefined
    const [second] = await claimed
    await run.deliver(second!, new AbortController().signal)
    expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example', 'c@p.example'], ['b@p.example']])
  })

  it.each(['store-unavailable', 'store-in-doubt', 'disk-full'] as const)(
    'waits for a store that says %s with what it knows: nobody gets the mail twice, the sender one report',
    async (code) => {
      const run = await setup({ answer: answerTo({ c: '550 5.1.1 Unknown' }) })
      const [job] = await run.claim()
      run.store.failCommit(new Fault(code))
      await run.deliver(job, new AbortController().signal)
      expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'failed' })
      await run.round()
      expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example', 'b@p.example'], ['ann@acme.example']])
    },
  )

  /** A process that has to stop while its store is away. */
  async function stopped(code: 'store-unavailable' | 'store-in-doubt') {
    const stop = new AbortController()
    const refused = answerTo({ c: '550 5.1.1 Unknown' })
    const run = await setup({
      answer(line, about) {
        if (line === '.') stop.abort()
        return refused?.(line, about)
      },
    })
    const [job] = await run.claim()
    run.store.failCommit(new Fault(code))
    await expect(run.deliver(job, stop.signal)).rejects.toThrow(code)
    return run
  }

  it('leaves no report behind when the transaction fails, and knows who has the mail', async () => {
    const run = await stopped('store-unavailable')
    expect(await Array.fromAsync(run.blobs.list(tenant, 'copy'))).toEqual(['copy-1'])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'pending' })
  })

  it('keeps a report whose rows may stand although the answer to the commit was lost', async () => {
    const run = await stopped('store-in-doubt')
    expect(await Array.fromAsync(run.blobs.list(tenant, 'copy'))).toHaveLength(2)
  })

  it('sends to nobody twice because there is no room for the report about another', async () => {
    const run = await setup({ answer: answerTo({ c: '550 5.1.1 Unknown' }) })
    const { put } = run.blobs
    run.blobs.put = () => Promise.reject(new Fault('disk-full'))
    const [job] = await run.claim()
    await expect(run.deliver(job, new AbortController().signal)).rejects.toThrow('disk-full')
    run.blobs.put = put
    await run.deliver(job, new AbortController().signal)
    expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example', 'b@p.example']])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'failed' })
    expect(await run.audit()).toContain('report.queued ann@acme.example')
  })
})
