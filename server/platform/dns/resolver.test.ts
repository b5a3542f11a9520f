import { type Answer, encode } from 'dns-packet'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { Fault } from '../../../shared/fault/index.ts'
import { cpuMs } from '../../../test/support/cpu-time.ts'
import { startNameServer, type Told } from '../../../test/support/name-server.ts'
import { fitting } from './exchange.ts'
import { createResolver, type DnsOptions } from './resolver.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function setup(told: Record<string, Told | (() => Told)>, options: DnsOptions = {}) {
  const names = await startNameServer(told)
  closers.push(names.close)
  const resolver = createResolver({
    servers: [names.server],
    validating: true,
    tryMs: 150,
    deadlineMs: 1_000,
    ...options,
  })
  return { names, resolver }
}

const a = (name: string, data: string, ttl = 300): Answer => ({ type: 'A', name, data, ttl, class: 'IN' })
const fault = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  )

describe('answers', () => {
  it('are secure when the validating resolver says so, and only then', async () => {
    const told = { 'A a.example': { answers: [a('a.example', '192.0.2.1')], ad: true } }
    const { names, resolver } = await setup(told)
    expect(await resolver.addresses('A.example.', 4)).toEqual({
      records: ['192.0.2.1'],
      exists: true,
      secure: true,
      name: 'a.example',
    })
    const other = createResolver({ servers: [names.server] })
    expect((await other.addresses('a.example', 4)).secure).toBe(false)
    expect(other.validating).toBe(false)
  })

  it('tell a name that is not there from one without such records', async () => {
    const { resolver } = await setup({ 'A here.example': {} })
    expect(await resolver.mx('here.example')).toMatchObject({ records: [], exists: true })
    expect(await resolver.mx('gone.example')).toMatchObject({ records: [], exists: false })
    expect(await resolver.mx(`${'x'.repeat(64)}.example`)).toMatchObject({ records: [], exists: false })
  })

  it('follow aliases, and a circle of them ends', async () => {
    const alias = (name: string, data: string): Answer => ({ type: 'CNAME', name, data, ttl: 60, class: 'IN' })
    const { resolver } = await setup({
      'A one.example': {
        answers: [
          alias('one.example', 'two.example'),
          alias('two.example', 'end.example'),
          a('end.example', '192.0.2.7'),
        ],
      },
      'A circle.example': { answers: [alias('circle.example', 'circle.example')] },
    })
    expect(await resolver.addresses('one.example', 4)).toMatchObject({ records: ['192.0.2.7'], name: 'end.example' })
    expect((await resolver.addresses('circle.example', 4)).records).toEqual([])
  })

  it('come over TCP when they are cut', async () => {
    const many = Array.from({ length: 200 }, (_, at) => a('big.example', `192.0.2.${at}`))
    const { names, resolver } = await setup({ 'A big.example': { truncated: many } })
    expect((await resolver.addresses('big.example', 4)).records.length).toBe(200)
    expect(names.overTcp).toEqual(['A big.example'])
  })

  it('of others are passed over', async () => {
    const { resolver } = await setup({
      'A a.example': { forged: a('a.example', '203.0.113.66'), next: [a('a.example', '192.0.2.1')] },
    })
    expect((await resolver.addresses('a.example', 4)).records).toEqual(['192.0.2.1'])
  })

  it('join the strings of a text record', async () => {
    const { resolver } = await setup({
      'TXT t.example': {
        answers: [{ type: 'TXT', name: 't.example', data: [Buffer.from('v=STSv1; '), Buffer.from('id=1')], ttl: 1 }],
      },
    })
    expect((await resolver.txt('t.example')).records).toEqual(['v=STSv1; id=1'])
  })
})

describe('no answer is not an answer', () => {
  it.each<[string, Told]>([
    ['SERVFAIL', { rcode: 'SERVFAIL' }],
    ['REFUSED', { rcode: 'REFUSED' }],
    ['silence', 'silence'],
    ['garbage', 'garbage'],
  ])('%s', async (_name, told) => {
    const { names, resolver } = await setup({ 'MX a.example': told })
    const began = performance.now()
    expect(await fault(resolver.mx('a.example'))).toBe('dns-unavailable')
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(names.asked.length).toBe(2)
  })

  it('asks the next server when one fails', async () => {
    const silent = await startNameServer({ 'A a.example': { rcode: 'SERVFAIL' } })
    const good = await startNameServer({ 'A a.example': { answers: [a('a.example', '192.0.2.1')] } })
    closers.push(silent.close, good.close)
    const resolver = createResolver({ servers: [silent.server, '127.0.0.1:1', good.server], tryMs: 200 })
    expect((await resolver.addresses('a.example', 4)).records).toEqual(['192.0.2.1'])
  })
})

describe('the cache', () => {
  it('keeps an answer for its time, shares one under way, and keeps no failure', async () => {
    let broken = true
    const { names, resolver } = await setup({
      'A a.example': { answers: [a('a.example', '192.0.2.1', 1)] },
      'A b.example': () => (broken ? { rcode: 'SERVFAIL' } : { answers: [a('b.example', '192.0.2.2')] }),
    })
    await Promise.all([resolver.addresses('a.example', 4), resolver.addresses('a.example', 4)])
    await resolver.addresses('a.example', 4)
    expect(names.asked).toEqual(['A a.example'])
    await new Promise((resolve) => setTimeout(resolve, 1_050))
    await resolver.addresses('a.example', 4)
    expect(names.asked.length).toBe(2)
    expect(await fault(resolver.addresses('b.example', 4))).toBe('dns-unavailable')
    broken = false
    expect((await resolver.addresses('b.example', 4)).records).toEqual(['192.0.2.2'])
  })
})

describe('hostile answers', () => {
  it('are passed over, whatever is in them, and soon', () => {
    const question = { name: 'a.example', type: 'MX' } as const
    const good = encode({
      type: 'response',
      id: 7,
      flags: 0x8180,
      questions: [{ type: 'MX', name: 'a.example', class: 'IN' }],
      answers: [{ type: 'MX', name: 'a.example', data: { preference: 1, exchange: 'mx.a.example' }, ttl: 5 }],
    })
    expect(fitting(good, 7, question)).not.toBeNull()
    expect(fitting(good, 8, question)).toBeNull()
    expect(fitting(good, 7, { name: 'b.example', type: 'MX' })).toBeNull()
    expect(fitting(good, 7, { name: 'a.example', type: 'TXT' })).toBeNull()
    // A name that points at itself.
    const loop = Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 15, 0, 1])])
    expect(fitting(loop, 7, question)).toBeNull()
    let longest = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = Buffer.from(good)
          for (const [at, byte] of changes) bytes[at] = byte
          const began = cpuMs()
          fitting(bytes, 7, question)
          fitting(bytes.subarray(0, changes[0]![0]), 7, question)
          longest = Math.max(longest, cpuMs() - began)
        },
      ),
      { numRuns: 5_000 },
    )
    expect(longest).toBeLessThan(1_000)
  })
})
