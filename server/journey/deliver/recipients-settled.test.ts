/** What becomes of each recipient, by what the next hop says of him. */
import { describe, expect, it } from 'vitest'
import { answerTo, COPY, deliveries, tenant } from '../../../test/support/delivery.ts'
import type { Script } from '../../../test/support/smtp-server.ts'

const setup = deliveries()

describe('each recipient', () => {
  it('delivers, settles everybody with reply, remote and audit, and ends the job', async () => {
    const run = await setup()
    expect(await run.round()).toBe(1)
    expect(run.server.received).toMatchObject([
      { data: COPY, mail: 'MAIL FROM:<ann@acme.example> SIZE=29'.replace(/ SIZE.*/, '') },
    ])
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
    expect(run.store.jobs().map((job) => job.state)).toEqual(['done'])
    const [event] = await run.store.tenant(tenant).read.audit({ limit: 1 })
    expect(event).toMatchObject({
      type: 'recipient.delivered',
      detail: {
        recipient: 'a@p.example',
        copy: 'copy-1',
        reply: '250 2.0.0 Ok: queued as 42',
        remote: 'hop.test',
        tls: null,
      },
    })
    expect(await run.round()).toBe(0)
  })

  it('250, 450, 550: one delivered, one tried again alone, one reported', async () => {
    const run = await setup({ answer: answerTo({ b: '450 4.2.1 Busy', c: '550 5.1.1 Unknown' }) })
    await run.round()
    expect(await run.states()).toEqual({ a: 'delivered', b: 'deferred', c: 'failed' })
    run.server.script.answer = () => undefined
    expect(await run.round()).toBe(1) // the report; the retry is not due
    expect(run.reports()).toMatchObject([
      { to: ['ann@acme.example'], rcpt: ['RCPT TO:<ann@acme.example> NOTIFY=NEVER'] },
    ])
    expect(run.reports()[0]!.data).toContain(
      'Final-Recipient: rfc822; c@p.example\r\nAction: failed\r\nStatus: 5.1.1\r\n',
    )
    expect(run.reports()[0]!.data).not.toContain('b@p.example')
    run.advance(999)
    expect(await run.round()).toBe(0)
    run.advance(1)
    expect(await run.round()).toBe(1)
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'failed' })
    expect(run.server.received.map(({ to }) => to)).toEqual([['a@p.example'], ['ann@acme.example'], ['b@p.example']])
    expect(run.store.jobs().map(({ step, state }) => [step.replace(/:.*/, ''), state])).toEqual([
      ['copy-1', 'done'],
      ['deliver', 'done'],
      ['copy-1#2', 'done'],
    ])
    expect(await run.audit()).toEqual([
      'recipient.delivered a@p.example',
      'recipient.deferred b@p.example',
      'recipient.failed c@p.example',
      'report.queued ann@acme.example',
      'copy.delivered ann@acme.example',
      'recipient.delivered b@p.example',
    ])
  })

  it.each<[string, Script]>([
    ['nobody listening', { greeting: 'drop' }],
    ['421', { greeting: '421 4.3.2 Closing' }],
    ['452 at MAIL', { answer: (line) => (line.startsWith('MAIL') ? '452 4.3.1 Full' : undefined) }],
    ['a drop in the middle of DATA', { dropAfterBytes: 3 }],
    ['a drop after the dot', { answer: (line) => (line === '.' ? 'drop' : undefined) }],
    ['a hang after the dot', { answer: (line) => (line === '.' ? 'hang' : undefined) }],
  ])('%s: deferred, then delivered', async (_name, script) => {
    const run = await setup(script)
    await run.round()
    expect(await run.states()).toEqual({ a: 'deferred', b: 'deferred', c: 'deferred' })
    expect((await run.store.tenant(tenant).read.recipients(run.id))[0]!.detail).toMatch(/^4\d\d /)
    Object.assign(run.server.script, { greeting: '220 hop.test', answer: undefined, dropAfterBytes: undefined })
    run.advance(1_000)
    await run.round()
    expect(await run.states()).toEqual({ a: 'delivered', b: 'delivered', c: 'delivered' })
  })

  it('settles nobody by a blind copy to the same address, and tells the sender nothing of it', async () => {
    const run = await setup(
      { answer: answerTo({ a: '550 5.1.1 Unknown' }) },
      { copy: { recipients: ['a@p.example', 'x@archive.example'], owned: false } },
    )
    await run.round()
    expect(run.server.received[0]?.rcpt).toContain('RCPT TO:<x@archive.example> NOTIFY=NEVER')
    expect(await run.states()).toEqual({ a: 'pending', b: 'pending', c: 'pending' })
    expect(await run.audit()).toEqual(['copy.failed a@p.example', 'copy.delivered x@archive.example'])
    expect(run.store.jobs().length).toBe(1)
  })

  it('raises what only an operator can mend', async () => {
    const unrouted = await setup(
      {},
      { deps: { tenant: () => ({ domains: ['acme.example'], language: 'en', routes: {} }) } },
    )
    await expect(unrouted.deliver((await unrouted.claim())[0], new AbortController().signal)).rejects.toThrow(
      'route-unknown',
    )
    const gone = await setup()
    await gone.blobs.delete(tenant, 'copy', 'copy-1')
    await expect(gone.deliver((await gone.claim())[0], new AbortController().signal)).rejects.toThrow('blob-missing')
  })
})
