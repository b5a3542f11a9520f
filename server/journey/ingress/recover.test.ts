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

it('sets orphans aside unread, reports lost messages once, and leaves the rest alone', async () => {
  const store = memoryStore()
  const blobs = memoryBlobs()
  const clock = { now: Date.now }
  const deps = { store, blobs, clock, log: silentLog, metrics: noMetrics }
  const acceptor = createAcceptor({ ...deps, ids: () => messageId(Date.now()), name: 'gw' })
  const accept = () =>
    acceptor.accept({
      tenant,
      envelope: { mailFrom: 'a@x', recipients: [{ address: 'b@y' }], body: '7BIT', smtputf8: false, requireTls: false },
      origin: { channel: 'smtp', authenticated: 'none', peer: '192.0.2.1', tls: null },
      content: (async function* () {
        yield Buffer.from('Subject: x\r\n\r\nHello\r\n')
      })(),
    })
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
  const types = (await store.tenant(tenant).read.audit({ limit: 99 })).map((event) => event.type)
  expect(types.slice(-2)).toEqual(['spool.orphaned', 'message.lost'])

  expect(await recover(tenant, deps)).toEqual({ orphans: [], lost: [] })
})

it('takes nothing from a message that another node records, or finishes, at that moment', async () => {
  const store = memoryStore()
  const blobs = memoryBlobs()
  const deps = { store, blobs, clock: { now: Date.now }, log: silentLog, metrics: noMetrics }
  // It came for an hour: its id says when it began.
  const acceptor = createAcceptor({ ...deps, ids: () => messageId(Date.now() - 3_600_000), name: 'gw' })
  const accept = () =>
    acceptor.accept({
      tenant,
      envelope: { mailFrom: 'a@x', recipients: [{ address: 'b@y' }], body: '7BIT', smtputf8: false, requireTls: false },
      origin: { channel: 'smtp', authenticated: 'none', peer: '192.0.2.1', tls: null },
      content: (async function* () {
        yield Buffer.from('Subject: x\r\n\r\nHello\r\n')
      })(),
    })
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
