import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type GrantRecord, type MessageId, type RecipientState, tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import * as make from '../../test/contract/store-records.ts'
import { claimDue } from '../../test/support/claim.ts'
import { memoryBlobs } from '../../test/support/memory-blobs.ts'
import { memoryStore } from '../../test/support/memory-store.ts'
import { openFileBlobs } from '../platform/blobs/files.ts'
import { openSqliteStore } from '../platform/database/sqlite/open.ts'
import { uuidv7 } from '../platform/ids.ts'
import type { BlobKind, BlobStore } from '../ports/blobs.ts'
import { noMetrics, silentLog } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import { createTidy, keepTidy } from './tidy.ts'

const T = tenantId('acme')
const DAY = 86_400_000
const KINDS: readonly BlobKind[] = ['spool', 'copy', 'link', 'portal', 'archive']

let now: number
const clock = { now: () => now }
let folder: string
beforeEach(async () => {
  now = 1_800_000_000_000
  folder = await mkdtemp(join(tmpdir(), 'secflow-tidy-'))
})
afterEach(() => rm(folder, { recursive: true }))

interface Ground {
  readonly store: Store
  readonly blobs: BlobStore
}

describe.each<[string, () => Promise<Ground>]>([
  ['memory', async () => ({ store: memoryStore(clock.now), blobs: memoryBlobs() })],
  [
    'SQLite and files',
    async () => ({
      store: await openSqliteStore({ file: join(folder, 'secflow.db'), clock }),
      blobs: await openFileBlobs({ root: join(folder, 'blobs'), reserveBytes: 0, clock }),
    }),
  ],
])('tidying on %s', (_name, open) => {
  let ground: Ground
  beforeEach(async () => {
    ground = await open()
  })
  afterEach(() => ground.store.close())

  const tenant = () => ground.store.tenant(T)
  const tidyOver = (blobs: BlobStore) =>
    createTidy({ ...ground, blobs, tenants: [T], clock, log: silentLog, metrics: noMetrics })
  /** A process of its own: it remembers nothing of earlier rounds. */
  const run = () => tidyOver(ground.blobs).run(new AbortController().signal)
  const put = (kind: BlobKind, id: string, options = {}) =>
    ground.blobs.put(
      T,
      kind,
      id,
      (async function* () {
        yield Buffer.from(id)
      })(),
      options,
    )
  const blobs = async () => {
    const found: string[] = []
    for (const kind of KINDS) for await (const id of ground.blobs.list(T, kind)) found.push(`${kind}/${id}`)
    return found.sort()
  }
  const audit = async () =>
    (await tenant().read.audit({ limit: 99 })).map(({ type, message, detail }) => ({ type, message, detail }))

  /** A message with its spool blob, one copy, and one recipient in this state. */
  async function mail(state: RecipientState | null) {
    const id = uuidv7(now) as MessageId
    const copy = { ...make.copy(id), id: uuidv7(now) }
    await put('spool', id)
    await put('copy', copy.id)
    await tenant().write(async (tx) => {
      await tx.insertMessage({ ...make.message(now), id, blob: id, state: 'planned' }, ['one@peer.example'])
      await tx.insertCopy({ ...copy, blob: copy.id })
      if (state) await tx.updateRecipient(id, 'one@peer.example', { state, at: now })
    })
    return { id, blobs: [`copy/${copy.id}`, `spool/${id}`] }
  }
  const stateOf = async (id: MessageId) => (await tenant().read.message(id))!.state

  test('a round over many mails hears of the stop between two of them', async () => {
    for (let n = 0; n < 5; n++) await mail('delivered')
    const stop = new AbortController()
    const asked: string[] = []
    const away = { ...ground.blobs }
    away.delete = async (_tenant, kind, id) => {
      asked.push(`${kind}/${id}`)
      stop.abort()
      throw new Fault('store-unavailable')
    }
    await tidyOver(away).run(stop.signal)
    expect(asked).toHaveLength(1)
  })

  test.each<RecipientState>(['delivered', 'filed', 'rejected', 'failed', 'dropped'])(
    'a mail that was %s is done and its content erased, with one audit line',
    async (state) => {
      const { id } = await mail(state)
      await run()
      expect(await stateOf(id)).toBe('done')
      expect(await blobs()).toEqual([])
      await run()
      expect(await audit()).toEqual([{ type: 'message.done', message: id, detail: {} }])
      // What became of it stays.
      expect(await tenant().read.recipients(id)).toMatchObject([{ state }])
      expect(await tenant().read.copies(id)).toHaveLength(1)
    },
  )

  test.each<RecipientState | null>([null, 'deferred', 'held', 'quarantined'])(
    'a mail that is %s keeps everything, however long',
    async (state) => {
      const { id, blobs: own } = await mail(state)
      for (const _ of [1, 2]) {
        await run()
        now += 400 * DAY
      }
      expect([await stateOf(id), await blobs(), await audit()]).toEqual(['planned', own, []])
    },
  )

  test('an open job holds a mail; a dead one for thirty days', async () => {
    const { id, blobs: own } = await mail('delivered')
    await tenant().write((tx) => tx.enqueue([make.job({ message: id, queue: 'archive', runAt: now })]))
    await run()
    const [job] = await claimDue(ground.store.queue, ['archive'], 1, 1000)
    await run()
    expect(await blobs()).toEqual(own)
    await ground.store.queue.bury(job!, 'archive is not there')
    now += 30 * DAY - 1
    await run()
    expect(await blobs()).toEqual(own)
    now += 1
    await run()
    expect([await stateOf(id), await blobs()]).toEqual(['done', []])
  })

  test('a crash between the end and the deletion is made good by the next round', async () => {
    const { id, blobs: own } = await mail('delivered')
    const other = await mail('delivered')
    const failing: BlobStore = {
      ...ground.blobs,
      async delete(of, kind, name) {
        if (name === id) throw new Error('the power is gone')
        return ground.blobs.delete(of, kind, name)
      },
    }
    await tidyOver(failing).run(new AbortController().signal)
    expect([await stateOf(id), await stateOf(other.id)]).toEqual(['done', 'done'])
    expect(await blobs()).toEqual([own[1]])
    await run()
    expect(await blobs()).toEqual([])
    expect((await audit()).filter(({ type }) => type === 'message.done')).toHaveLength(2)
  })

  test('more than a batch is done in one round; an aborted one stops', async () => {
    for (let i = 0; i < 205; i++) await mail('delivered')
    await tidyOver(ground.blobs).run(AbortSignal.abort())
    expect(await blobs()).toHaveLength(410)
    await run()
    expect(await blobs()).toEqual([])
  })

  test('files and portal messages go seven days after the last link to them ended', async () => {
    const { id } = await mail('held')
    const [first, second, third, portal] = ['f1', 'f2', 'f3', 'p1']
    const grants: GrantRecord[] = [
      { ...make.grant(id), files: [first, second], content: null, expiresAt: now + DAY },
      { ...make.grant(id), files: [second], content: { blob: portal, wrappedKey: 'w' }, expiresAt: now + 90 * DAY },
      { ...make.grant(id), files: [third], content: null, expiresAt: now + 900 * DAY },
    ]
    await tenant().write(async (tx) => {
      for (const file of [first, second, third]) await tx.insertLinkFile({ ...make.linkFile(id), id: file, blob: file })
      for (const grant of grants) await tx.insertGrant(grant)
    })
    for (const file of [first, second, third]) await put('link', file)
    await put('portal', portal)
    const left = async () => (await blobs()).filter((name) => /^(link|portal)/.test(name))
    now += 8 * DAY - 1
    await run()
    expect(await left()).toHaveLength(4)
    now += 1
    await run()
    expect(await left()).toEqual(['link/f2', 'link/f3', 'portal/p1'])
    await tenant().write((tx) => tx.revokeGrants(id, now))
    now += 7 * DAY - 1
    await run()
    expect(await left()).toHaveLength(3)
    now += 1
    await run()
    await run()
    expect(await left()).toEqual([])
    const erased = (await audit()).filter(({ type }) => type === 'link.erased')
    expect(erased).toEqual([
      { type: 'link.erased', message: id, detail: { objects: [{ kind: 'link', id: first }] } },
      { type: 'link.erased', message: id, detail: { objects: expect.any(Array) } },
    ])
    const objects = erased[1]!.detail.objects as { kind: string; id: string }[]
    expect(objects.map(({ kind, id: blob }) => `${kind}/${blob}`).sort()).toEqual(['link/f2', 'link/f3', 'portal/p1'])
    // A late visitor is told that the link has ended, not that there never was one.
    expect(await tenant().read.grantByToken(grants[0]!.tokenHash)).toEqual({
      ...grants[0],
      revokedAt: expect.any(Number),
    })
  })

  test('orphaned copies go after an hour; spool, archive and what has no time in its name stay', async () => {
    const old = uuidv7(now - 3_600_000)
    const young = uuidv7(now - 3_500_000)
    for (const kind of ['spool', 'copy', 'link', 'archive'] as const) for (const id of [old, young]) await put(kind, id)
    await put('copy', 'kept-by-hand')
    const { blobs: own } = await mail(null)
    await run()
    expect(await blobs()).toEqual(
      [
        ...own,
        ...['archive', 'spool'].flatMap((kind) => [`${kind}/${old}`, `${kind}/${young}`]),
        `copy/${young}`,
        `link/${young}`,
        'copy/kept-by-hand',
      ].sort(),
    )
  })

  test('orphaned portal messages go after an hour; those that a grant leads to stay', async () => {
    const id = (await mail('held')).id
    const [orphan, own, young] = [uuidv7(now - 3_600_000), uuidv7(now - 3_600_000), uuidv7(now - 3_500_000)]
    for (const blob of [orphan, own, young]) await put('portal', blob)
    const content = { blob: own, wrappedKey: 'w' }
    await tenant().write((tx) => tx.insertGrant({ ...make.grant(id), files: [], content, expiresAt: now + DAY }))
    await run()
    const left = async () => (await blobs()).filter((name) => name.startsWith('portal'))
    expect(await left()).toEqual([`portal/${own}`, `portal/${young}`].sort())
  })

  test('archived mail stays, with the mail done and with its retention over', async () => {
    const { id } = await mail('delivered')
    await put('archive', id, { retainUntil: now + DAY })
    await run()
    now += 2 * DAY
    await run()
    expect(await blobs()).toEqual([`archive/${id}`])
  })

  test('codes, sessions, idempotency keys and jobs are purged when their time is over', async () => {
    const { id } = await mail('delivered')
    const grant = { ...make.grant(id), files: [], content: null }
    const session = { ...make.session(grant.id), expiresAt: now }
    await tenant().write(async (tx) => {
      await tx.insertGrant(grant)
      await tx.insertCode({ ...make.code(grant.id), expiresAt: now })
      await tx.putPortalSession(session)
      await tx.insertIdempotent({ client: 'erp', key: 'k', bodyHash: 'h', response: null, createdAt: now })
      await tx.enqueue([make.job({ message: id, runAt: now })])
    })
    const [job] = await claimDue(ground.store.queue, ['process'], 1, 1000)
    await ground.store.queue.complete(job!)
    const kept = async () => ({
      code: (await tenant().read.code(grant.id, 'mail')) !== null,
      session: (await tenant().read.portalSession(session.tokenHash)) !== null,
      key: (await tenant().read.idempotent('erp', 'k')) !== null,
    })
    await run()
    // An expired code still counts for the limit of codes within an hour.
    expect(await kept()).toEqual({ code: true, session: false, key: true })
    now += 3_600_000
    await run()
    expect(await kept()).toEqual({ code: false, session: false, key: true })
    now += 7 * DAY
    await run()
    expect(await kept()).toEqual({ code: false, session: false, key: false })
    now += 30 * DAY
    await run()
    await tenant().write((tx) => tx.enqueue([make.job({ message: id, runAt: now })]))
    expect(await claimDue(ground.store.queue, ['process'], 1, 1000)).toHaveLength(1)
  })

  test('a large mail that has left is finished and erased before the next round, a small one with it, one on its way not', async () => {
    const [large, small, waiting] = [await mail('delivered'), await mail('delivered'), await mail('deferred')]
    const tidy = tidyOver(ground.blobs)
    for (const { id } of [large, waiting]) tidy.settled(T, { id, size: 100_000 })
    tidy.settled(T, { id: small.id, size: 1_000 })
    await tidy.finishSettled(new AbortController().signal)
    expect(await blobs()).toEqual([...small.blobs, ...waiting.blobs].sort())
    expect(await stateOf(large.id)).toBe('done')
    expect(await audit()).toEqual([{ type: 'message.done', message: large.id, detail: {} }])
    await tidy.run(new AbortController().signal)
    expect(await blobs()).toEqual([...waiting.blobs].sort())
  })

  test('rounds follow one another until they are stopped', async () => {
    let rounds = 0
    let running = 0
    const stop = keepTidy(
      {
        async run() {
          expect(++running).toBe(1)
          await new Promise((resolve) => setTimeout(resolve, 5))
          running--
          rounds++
        },
        async finishSettled() {},
      },
      1,
    )
    while (rounds < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    await stop()
    expect(running).toBe(0)
    const after = rounds
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(rounds).toBe(after)
  })
})
