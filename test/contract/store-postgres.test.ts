import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../server/platform/clock.ts'
import { openPostgres, openPostgresStore, type PostgresOptions } from '../../server/platform/database/postgres/open.ts'
import { storeOver } from '../../server/platform/database/store.ts'
import { silentLog } from '../../server/ports/log.ts'
import type { Store } from '../../server/ports/store.ts'
import { firstBrokenLink, type MessageId, tenantId } from '../../shared/domain/index.ts'
import { claimDue } from '../support/claim.ts'
import { cutProxy } from '../support/cut-proxy.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { postgresAddress } from '../support/postgres-address.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { storeContract } from './store.ts'
import * as make from './store-records.ts'

const A = tenantId('alpha')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

let server: PostgresServer
let made = 0

/** A database of its own with the schema in it; its name. */
async function fresh(): Promise<string> {
  made += 1
  await server.create(`contract_${made}`, 'migrated')
  return `contract_${made}`
}

beforeAll(async () => {
  server = await startPostgres()
  const address = postgresAddress(await server.create('migrated'))
  await (await openPostgresStore({ address, clock: systemClock })).close()
})
afterAll(() => server.stop())

storeContract('postgres', async (clock) =>
  openPostgresStore({ address: postgresAddress(server.url(await fresh())), clock, time: 'clock' }),
)

describe('on PostgreSQL', () => {
  let name: string
  beforeEach(async () => {
    name = await fresh()
  })
  const open = (options: Partial<PostgresOptions> = {}) =>
    openPostgresStore({ address: postgresAddress(server.url(name)), clock: systemClock, ...options })
  const say = (store: Store, n: number) => store.tenant(A).write((tx) => tx.appendAudit(make.event(null, { n })))
  const count = async (table: string) => Number((await server.ask(`select count(*) as n from ${table}`, name))[0]?.n)

  test('a commit whose answer was lost is store-in-doubt and is not made a second time', async () => {
    const proxy = await cutProxy(server.port)
    const store = await open({ address: { ...postgresAddress(server.url(name)), port: proxy.port } })
    await say(store, 1)
    proxy.cutAt('commit\0', 'after')
    let runs = 0
    const unit = store.tenant(A).write((tx) => {
      runs += 1
      return tx.appendAudit(make.event(null, { n: 2 }))
    })
    await expect(unit).rejects.toMatchObject({ code: 'store-in-doubt' })
    expect(runs).toBe(1)
    await say(store, 3)
    const records = await store.tenant(A).read.audit({ limit: 9 })
    expect(records.map(({ detail }) => detail.n)).toEqual([1, 2, 3])
    expect(firstBrokenLink(records, sha256)).toBeNull()
    await store.close()
    await proxy.close()
  })

  test('jobs of a claim whose answer was lost are claimed again at once, as if nobody had begun them', async () => {
    const proxy = await cutProxy(server.port)
    const store = await open({ address: { ...postgresAddress(server.url(name)), port: proxy.port } })
    await store.tenant(A).write((tx) => tx.enqueue([make.job({ step: 'one' }), make.job({ step: 'two' })]))
    const claim = () => claimDue(store.queue, ['process'], 1, 60_000)
    const [held] = await claim()
    proxy.cutAt('commit\0', 'after')
    await expect(claim()).rejects.toMatchObject({ code: 'store-in-doubt' })
    expect(await server.ask("select step from job where state = 'leased' order by step", name)).toHaveLength(2)
    // As a worker does: it still wants what the lane has.
    const again = await store.queue.claim([{ queue: 'process', tenant: A, lane: held!.lane, limit: 9 }], 60_000)
    expect(again).toMatchObject([{ step: held!.step === 'one' ? 'two' : 'one', attempt: 1 }])
    await store.queue.complete(held!)
    await store.close()
    await proxy.close()
  })

  test('a connection that is gone before the commit costs nothing: the unit is done again, once', async () => {
    const proxy = await cutProxy(server.port)
    const store = await open({ address: { ...postgresAddress(server.url(name)), port: proxy.port } })
    for (const word of ['auditHead', 'begin\0', 'auditHead']) {
      const before = await count('audit')
      proxy.cutAt(word, 'before')
      await say(store, 0)
      expect(await count('audit')).toBe(before + 1)
    }
    expect(proxy.cuts()).toBe(3)
    proxy.cutAt('person', 'before')
    await expect(store.tenant(A).read.person('nobody')).resolves.toBeNull()
    await store.close()
    await proxy.close()
  })

  test('a network that swallows everything is store-unavailable in bounded time, and forgotten afterwards', async () => {
    const proxy = await cutProxy(server.port)
    const address = { ...postgresAddress(server.url(name)), port: proxy.port }
    const store = await open({ address, unitMs: 300, connectMs: 300 })
    await say(store, 1)
    await store.tenant(A).read.person('x')
    proxy.swallow(true)
    const began = performance.now()
    await expect(store.tenant(A).read.person('x')).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(say(store, 2)).rejects.toMatchObject({ code: expect.stringMatching(/^store-/) })
    expect(performance.now() - began).toBeLessThan(15_000)
    proxy.swallow(false)
    await expect
      .poll(
        () =>
          say(store, 3).then(
            () => 'stored',
            () => 'refused',
          ),
        { timeout: 10_000 },
      )
      .toBe('stored')
    await store.close()
    await proxy.close()
  })

  test('units that wait for each other end both', async () => {
    const store = await open()
    await store.tenant(A).write(async (tx) => {
      await tx.putPerson(make.person('one@alpha.example', 'x'))
      await tx.putPerson(make.person('two@alpha.example', 'x'))
    })
    let met: () => void = () => {}
    const both = new Promise<void>((resolve) => {
      let arrived = 0
      met = () => ++arrived === 2 && resolve()
    })
    const cross = (first: string, second: string, role: string) =>
      store.tenant(A).write(async (tx) => {
        await tx.putPerson(make.person(first, role))
        met()
        await both
        await tx.putPerson(make.person(second, role))
      })
    await Promise.all([
      cross('one@alpha.example', 'two@alpha.example', 'y'),
      cross('two@alpha.example', 'one@alpha.example', 'z'),
    ])
    const roles = [
      await store.tenant(A).read.person('one@alpha.example'),
      await store.tenant(A).read.person('two@alpha.example'),
    ]
    expect(new Set(roles.map((person) => person?.role)).size).toBe(1)
    await store.close()
  })

  test('a unit that hides the failure of a statement does not pass as done', async () => {
    const store = await open()
    const message = make.message(1)
    const unit = store.tenant(A).write(async (tx) => {
      await tx.insertMessage(message, [])
      await tx.insertMessage(message, []).catch(() => {})
    })
    await expect(unit).rejects.toMatchObject({ code: 'internal' })
    expect(await store.tenant(A).read.message(message.id)).toBeNull()
    await store.close()
  })

  test('a unit that waits for something else is ended, and what it locked is free', async () => {
    const store = await open({ unitMs: 300 })
    const stuck = store.tenant(A).write(async (tx) => {
      await tx.appendAudit(make.event(null))
      await new Promise(() => {})
    })
    stuck.catch(() => {})
    await pause(100)
    const next = say(store, 1)
    await expect(stuck).rejects.toMatchObject({ code: 'internal' })
    expect((await next).seq).toBe(1)
    await store.close()
  })

  test('a NUL in a mail does no harm', async () => {
    const store = await open()
    const message = { ...make.message(1), subject: 'a\0b', rfcMessageId: 'x\0y@z' }
    await store.tenant(A).write((tx) => tx.insertMessage(message, []))
    expect(await store.tenant(A).read.message(message.id)).toEqual({
      ...message,
      subject: 'a\uFFFDb',
      rfcMessageId: 'x\uFFFDy@z',
    })
    expect(await store.tenant(A).read.messagesCalled(['x\0y@z'])).toHaveLength(1)
    expect(await store.tenant(A).read.message('\0' as MessageId)).toBeNull()
    await store.close()
  })

  test('text sorts by its bytes in a database that sorts as people do', async () => {
    const store = await open()
    expect(await server.ask(`select 'b@x' < 'B@x' as people`, name)).toEqual([{ people: true }])
    const addresses = ['B@x', 'a-c@x', 'ab@x', 'b@x', 'ä@x']
    await store.tenant(A).write(async (tx) => {
      for (const address of addresses.toReversed()) await tx.putPerson(make.person(address, 'r'))
    })
    expect((await store.tenant(A).read.peopleWithRole('r')).map(({ address }) => address)).toEqual(addresses)
    await store.close()
  })

  test('units beyond the pool wait for a connection, reads beside them do not', async () => {
    const store = await open({ poolSize: 2 })
    const units = Array.from({ length: 20 }, (_, n) =>
      store.tenant(A).write(async (tx) => {
        await store.tenant(A).read.person('nobody')
        return tx.appendAudit(make.event(null, { n }))
      }),
    )
    await Promise.all(units)
    const records = await store.tenant(A).read.audit({ limit: 99 })
    expect(records).toHaveLength(20)
    expect(firstBrokenLink(records, sha256)).toBeNull()
    await store.close()
  })

  test('policy versions only rise when several are applied at once', async () => {
    const [one, two] = [await open(), await open()]
    const inserts = [4, 3, 3, 2, 1, 4].map((serial, i) =>
      (i % 2 ? one : two).tenant(A).write((tx) => tx.insertPolicyVersion(make.policyVersion(serial))),
    )
    await Promise.all(inserts)
    const serials = (await one.tenant(A).read.policyVersions({ limit: 9 })).map(({ serial }) => serial)
    expect(serials[0]).toBe(4)
    expect(new Set(serials).size).toBe(serials.length)
    const applied = (await Promise.all(inserts)).filter(Boolean)
    expect(applied).toHaveLength(serials.length)
    await Promise.all([one.close(), two.close()])
  })

  test('two nodes that finish the same messages do it once', async () => {
    const [one, two] = [await open(), await open()]
    const ids = Array.from({ length: 30 }, () => make.message(1))
    await one.tenant(A).write(async (tx) => {
      for (const message of ids) await tx.insertMessage(message, [])
    })
    const among = ids.map(({ id }) => id)
    const finish = (store: Store) => store.tenant(A).write((tx) => tx.finishMessages({ deadBy: 0, among }))
    const done = await Promise.all([one, two, one, two].map(finish))
    expect(done.flat().sort()).toEqual(ids.map(({ id }) => id).sort())
    await Promise.all([one.close(), two.close()])
  })

  test('what is wrong with the way to the server is store-unavailable', async () => {
    const address = postgresAddress(server.url(name))
    const other = [
      { ...address, port: 1 },
      { ...address, database: 'nobody_made_it' },
      { ...address, user: 'nobody' },
      { ...address, host: 'no-such-host.invalid' },
      { ...address, tls: 'full' as const },
    ]
    for (const wrong of other)
      await expect(open({ address: wrong, connectMs: 2_000 })).rejects.toMatchObject({ code: 'store-unavailable' })
    const store = await open()
    await store.close()
    await expect(store.tenant(A).read.person('x')).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(store.tenant(A).write(async () => 1)).rejects.toMatchObject({ code: 'store-unavailable' })
  })

  // Making and dropping databases and tablespaces are checkpoints: the disk of the machine sets their time.
  test('a full disk becomes disk-full, and the store works again when there is room', { timeout: 180_000 }, async ({
    skip,
  }) => {
    const disk = mountSmallDisk('postgres', 24)
    if (!disk) return skip('needs root and leave to mount a small disk')
    try {
      await server.ask(`create tablespace small location '${disk.folder}'`)
      await server.ask(`create database small template ${name} tablespace small`)
      name = 'small'
      const store = await open()
      const big = (n: number) => {
        // Random, because the server compresses long texts.
        const text = Array.from({ length: 20 }, () => randomBytes(30_000).toString('base64')).join('')
        return store.tenant(A).write((tx) => tx.appendAudit(make.event(null, { n, text })))
      }
      let full: unknown = null
      let written = 0
      for (; full === null && written < 60; written += 1) await big(written).catch((error: unknown) => (full = error))
      expect(full).toMatchObject({ code: 'disk-full' })
      disk.grow(64)
      await big(written)
      expect(firstBrokenLink(await store.tenant(A).read.audit({ limit: 99 }), sha256)).toBeNull()
      await store.close()
      await server.ask('drop database small')
      await server.ask('drop tablespace small')
    } finally {
      disk.remove()
    }
  })

  test('lives with the rights of an ordinary user who owns nothing but his database', async () => {
    await server.ask('create role plain login nosuperuser')
    await server.ask('create database plains owner plain')
    const address = { ...postgresAddress(server.url('plains')), user: 'plain' }
    const store = await open({ address })
    await Promise.all([say(store, 1), say(store, 2), say(store, 3)])
    expect(await store.tenant(A).read.audit({ limit: 9 })).toHaveLength(3)
    await store.close()
  })

  test('an error of the caller stays what it is', async () => {
    const database = await openPostgres({ address: postgresAddress(server.url(name)), clock: systemClock })
    const store = storeOver(database, systemClock, silentLog)
    const own = Object.assign(new Error('mine'), { code: 'ECONNREFUSED' })
    let runs = 0
    const unit = store.tenant(A).write(async () => {
      runs += 1
      throw own
    })
    await expect(unit).rejects.toBe(own)
    expect(runs).toBe(1)
    await store.close()
  })
})
