import { expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { memoryBlobs } from '../../../test/support/memory-blobs.ts'
import { memoryStore } from '../../../test/support/memory-store.ts'
import { messageId, uuidv7 } from '../../platform/ids.ts'
import { noMetrics, silentLog } from '../../ports/log.ts'
import { createAcceptor } from './accept.ts'
import { recover } from './recover.ts'

const tenant = tenantId('acme')

/** A store and a spool, and mails accepted into them. */
function house({ madeAgoMs = 0, long = true } = {}) {
  const store = memoryStore()
  const blobs = memoryBlobs()
  const told: string[] = []
  const clock = { now: Date.now }
  const common = { store, blobs, clock, log: silentLog, metrics: noMetrics }
  const deps = { ...common, tellLost: async (_: unknown, __: unknown, to: readonly string[]) => void told.push(...to) }
  const acceptor = createAcceptor({ ...common, ids: () => messageId(Date.now() - madeAgoMs), name: 'gw' })
  const accept = (...to: string[]) =>
    acceptor.accept({
      tenant,
      envelope: {
        mailFrom: 'a@x',
        recipients: (to.length > 0 ? to : ['b@y']).map((address) => ({ address })),
        body: '7BIT',
        smtputf8: false,
        requireTls: false,
      },
      origin: { channel: 'smtp', authenticated: 'none', peer: '192.0.2.1', tls: null },
      content: (async function* () {
        yield Buffer.from(`Subject: x\r\n\r\n${'Hello\r\n'.repeat(long ? 5_000 : 1)}`)
      })(),
    })
  return { store, blobs, deps, accept, told }
}

it('sets orphans aside unread, reports lost messages once, and leaves the rest alone', async () => {
  const { store, blobs, deps, accept, told } = house()
  const { id: kept } = await accept()
  const { id: lost } = await accept()
  await blobs.delete(tenant, 'spool', lost)
  const old = uuidv7(Date.now() - 3_600_000)
  const young = uuidv7(Date.now())
  const bytes = async function* () {
    yield Buffer.from('unacknowledged')
  }
  for (const id of [old, young, 'stray-file']) await blobs.put(tenant, 'spool', id, bytes())

  const first = await recover(tenant, deps)
  expect(first.orphans.toSorted()).toEqual([`orphan-${old}`, 'orphan-stray-file'])
  expect(first.lost).toEqual([lost])
  const ids = await Array.fromAsync(blobs.list(tenant, 'spool'))
  expect(ids.toSorted()).toEqual([kept, young, `orphan-${old}`, 'orphan-stray-file'].toSorted())
  expect(blobs.bytes.get(`${tenant}/spool/orphan-${old}`)!.toString()).toBe('unacknowledged')
  expect(await store.tenant(tenant).read.recipients(lost)).toMatchObject([{ state: 'failed' }])
  expect(told).toEqual(['b@y'])
  const types = (await store.tenant(tenant).read.audit({ limit: 99 })).map((event) => event.type)
  expect(types.slice(-2)).toEqual(['spool.orphaned', 'message.lost'])

  expect(await recover(tenant, deps)).toEqual({ orphans: [], lost: [] })
})

it('misses nothing of a message whose content stands in its row', async () => {
  const { store, deps, blobs, accept } = house({ long: false })
  const { id } = await accept()
  expect(await Array.fromAsync(blobs.list(tenant, 'spool'))).toEqual([])
  expect(await recover(tenant, deps)).toEqual({ orphans: [], lost: [] })
  expect(await store.tenant(tenant).read.message(id)).toMatchObject({ state: 'accepted' })
})

it('takes nothing from a message that another node records, or finishes, at that moment', async () => {
  // They came for an hour: their ids say when they began.
  const { store, blobs, deps, accept } = house({ madeAgoMs: 3_600_000 })
  const { id: recorded } = await accept()
  const { id: finished } = await accept()
  const { read } = store.tenant(tenant)
  let early = true
  const { message } = read
  read.message = async (id) => {
    if (id !== recorded || !early) return message.call(read, id)
    early = false
    return null
  }
  const { open } = blobs
  blobs.open = async (...asked) => {
    if (asked[2] !== finished) return open(...asked)
    await store.tenant(tenant).write((tx) => tx.updateMessage(finished, { state: 'done' }))
    throw new Fault('blob-missing')
  }
  const over = { ...store, tenant: () => ({ ...store.tenant(tenant), read }) }
  expect(await recover(tenant, { ...deps, store: over })).toEqual({ orphans: [], lost: [] })
  expect((await Array.fromAsync(blobs.list(tenant, 'spool'))).toSorted()).toEqual([recorded, finished].toSorted())
})

it('gives up nobody who has his mail, or a copy that holds all it needs', async () => {
  const { store, blobs, deps, accept, told } = house()
  const { id } = await accept('has-it@y', 'has-a-copy@y', 'has-a-head@y', 'waits@y', 'held@y')
  const of = store.tenant(tenant)
  await of.write(async (tx) => {
    await tx.updateRecipient(id, 'has-it@y', { state: 'delivered', at: 1 })
    for (const [to, copy, bodyStart] of [
      ['has-a-copy@y', 'whole', null],
      ['has-a-head@y', 'head', 12],
    ] as const) {
      await tx.insertCopy({
        id: copy,
        message: id,
        recipients: [to],
        steps: [],
        blob: id,
        size: 12,
        head: Buffer.from('Subject: x\r\n'),
        bodyStart,
        route: '',
        mailFrom: 'a@x',
        createdAt: 1,
      })
      await tx.updateRecipient(id, to, { copy, at: 1 })
    }
    await tx.updateRecipient(id, 'held@y', { state: 'held', at: 1 })
  })
  await blobs.delete(tenant, 'spool', id)
  expect(await recover(tenant, deps)).toEqual({ orphans: [], lost: [id] })
  const states = (await of.read.recipients(id)).map(({ address, state }) => `${address} ${state}`)
  expect(states.toSorted()).toEqual([
    'has-a-copy@y pending',
    'has-a-head@y failed',
    'has-it@y delivered',
    'held@y failed',
    'waits@y failed',
  ])
  expect(told).toEqual(['has-a-head@y', 'waits@y', 'held@y'])
  expect(await of.read.message(id)).not.toMatchObject({ state: 'done' })
  expect(await recover(tenant, deps)).toEqual({ orphans: [], lost: [] })
})
