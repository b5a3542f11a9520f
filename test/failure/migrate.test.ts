import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import BetterSqlite from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { registerMigrate } from '../../cli/migrate.ts'
import { openFileBlobs } from '../../server/platform/blobs/files.ts'
import { openS3Blobs } from '../../server/platform/blobs/s3/store.ts'
import { systemClock } from '../../server/platform/clock.ts'
import type { Database } from '../../server/platform/database/database.ts'
import { tablesInOrder } from '../../server/platform/database/move-order.ts'
import { rowsOf } from '../../server/platform/database/move-rows.ts'
import { type DatabasePlace, openDatabase, openStore } from '../../server/platform/database/open.ts'
import { type MoveEvent, type MoveOptions, moveInstallation } from '../../server/platform/move/move.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { runCommand } from '../support/command.ts'
import { fillDatabase } from '../support/full-database.ts'
import { type PostgresServer, startPostgres } from '../support/postgres.ts'
import { postgresAddress } from '../support/postgres-address.ts'
import { type S3Server, startS3 } from '../support/s3.ts'

const TENANTS = ['alpha', 'beta']
const A = tenantId('alpha')
const ROWS = 130
let folder: string
let s3: S3Server
let postgres: PostgresServer
beforeAll(async () => {
  ;[s3, postgres] = await Promise.all([startS3(), startPostgres()])
})
afterAll(() => postgres.stop())
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-migrate-'))
  await fillDatabase(at('old.db'), TENANTS, ROWS)
})
afterEach(() => rmSync(folder, { recursive: true }))

const at = (name: string) => join(folder, name)
const sqlite = (name: string): DatabasePlace => ({ kind: 'sqlite', file: at(name) })
const files = (name: string) => ({ kind: 'files', root: at(name), reserve: 0 }) as const

async function* bytes(size: number, seed: number): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536), seed)
}

async function fillBlobs(): Promise<void> {
  const blobs = await openFileBlobs({ root: at('blobs'), reserveBytes: 0 })
  for (const tenant of TENANTS.map(tenantId)) {
    for (let n = 0; n < 12; n++) await blobs.put(tenant, 'spool', `m${n}`, bytes(n * 30_000, n))
    await blobs.put(tenant, 'link', 'large', bytes(6_000_000, 9))
    await blobs.put(tenant, 'archive', 'kept', bytes(10, 1), { retainUntil: 4_000_000_000_000 })
  }
}

const move = (options: Partial<MoveOptions> = {}) =>
  moveInstallation({
    from: at('old.db'),
    to: sqlite('new.db'),
    blobs: null,
    online: false,
    tenants: [],
    say: () => {},
    ...options,
  })

/** Everything in it, by table. */
async function dump(open: Database): Promise<Record<string, unknown[]>> {
  const tables: Record<string, unknown[]> = {}
  for (const plan of tablesInOrder()) {
    tables[plan.name] = []
    for await (const row of rowsOf({ db: open.read, tables: open.tables }, plan)) tables[plan.name]!.push(row)
  }
  await open.close()
  return tables
}

async function contentOf(place: DatabasePlace) {
  return dump(await openDatabase(place, { clock: systemClock, unitMs: 5_000 }))
}

test('every table of the database goes along, also one that was added yesterday', async () => {
  const before = await contentOf(sqlite('old.db'))
  const { tables, chains } = await move()
  expect(await contentOf(sqlite('new.db'))).toEqual(before)
  // What the file holds, not what the definition says.
  const raw = new BetterSqlite(at('new.db'), { readonly: true })
  const counted = Object.fromEntries(
    raw
      .prepare<[], string>("select name from sqlite_schema where type = 'table' and name not in ('schema_migration')")
      .pluck()
      .all()
      .map((name) => [name, raw.prepare(`select count(*) from "${name}"`).pluck().get()]),
  )
  raw.close()
  expect(Object.values(counted)).toEqual(Object.values(counted).map(() => ROWS * 2))
  expect(Object.keys(tables)).toHaveLength(Object.keys(counted).length)
  for (const table of Object.values(tables)) expect(table).toEqual({ alpha: ROWS, beta: ROWS })
  expect(Object.keys(chains)).toEqual(TENANTS)
  expect(chains.alpha!.seq).toBe(ROWS)
})

test('to PostgreSQL and S3 with retention, the source is sealed, and the target goes on', async () => {
  await fillBlobs()
  const before = await contentOf(sqlite('old.db'))
  const url = await postgres.create('moved')
  const bucket = await s3.bucket()
  const to: DatabasePlace = { kind: 'postgres', ...postgresAddress(url), connections: 4 }
  const say = (event: MoveEvent) => {
    if (event.event === 'phase' && event.phase === 'proof') throw new Error('pulled the plug')
  }
  const bucketPlace = { kind: 's3', ...s3.options(bucket, { prefix: 'mail/' }) } as const
  await expect(move({ to, blobs: { from: files('blobs'), to: bucketPlace }, say })).rejects.toThrow('pulled the plug')
  await expect(openStore(to, { clock: systemClock })).rejects.toMatchObject({ code: 'schema-unknown' })
  const env = {
    SECFLOW_BLOBS_ACCESS_KEY_ID: s3.accessKeyId,
    SECFLOW_BLOBS_SECRET_ACCESS_KEY: s3.secretAccessKey,
  }
  const argv = ['--from', 'sqlite:old.db', '--to', url, '--blobs-from', 'file:blobs', '--json']
  const said = await runCommand(
    (program, io) => registerMigrate(program, io, env),
    ['migrate', ...argv, '--blobs-to', `s3://${bucket}/mail?endpoint=${s3.endpoint}`],
    folder,
  )
  const proof = JSON.parse(said.out.split('\n').at(-1)!) as { event: string; blobs: object }
  expect(proof).toMatchObject({ event: 'proof', blobs: { blobs: 28 } })

  expect(await contentOf(to)).toEqual(before)
  const blobs = openS3Blobs(s3.options(bucket, { prefix: 'mail/' }))
  expect(await blobs.retainedUntil(A, 'archive', 'kept')).toBe(4_000_000_000_000)
  await expect(blobs.delete(A, 'archive', 'kept')).rejects.toMatchObject({ code: 'blob-locked' })
  const store = await openStore(to, { clock: systemClock })
  const audit = { time: 1, type: 'message.accepted', message: null, actor: 'test', detail: {} } as const
  expect(await store.tenant(A).write((tx) => tx.appendAudit(audit))).toMatchObject({ seq: ROWS + 1 })
  await store.close()

  await expect(openStore(sqlite('old.db'), { clock: systemClock })).rejects.toMatchObject({ code: 'schema-unknown' })
  const old = new BetterSqlite(at('old.db'))
  expect(() => old.exec('delete from audit')).toThrow('has moved')
  old.close()
})

test('interrupted anywhere, nothing starts on half of it; run again, all of it is there once', async () => {
  await fillBlobs()
  const options = { blobs: { from: files('blobs'), to: files('blobs2') }, online: true }
  const before = await contentOf(sqlite('old.db'))
  let interruptions = 0
  for (let stopAt = 1; ; stopAt += 3) {
    let events = 0
    const say = () => {
      if (++events === stopAt) throw new Error('pulled the plug')
    }
    const error = await move({ ...options, say }).then(
      () => null,
      (thrown: Error) => thrown,
    )
    if (error === null) break
    expect(error.message).toBe('pulled the plug')
    interruptions += 1
    await expect(openStore(sqlite('new.db'), { clock: systemClock })).rejects.toMatchObject({ code: 'schema-unknown' })
  }
  expect(interruptions).toBeGreaterThan(8)
  expect(await contentOf(sqlite('new.db'))).toEqual(before)
})

test('a running gateway loses nothing: what it was told is stored is in the target, the rest it was refused', async () => {
  const store = await openStore(sqlite('old.db'), { clock: systemClock })
  await expect(move()).rejects.toMatchObject({ code: 'move-refused' })
  const stored: number[] = []
  let refused = 0
  let stop = false
  const gateway = (async () => {
    for (let n = 0; !stop; n++) {
      try {
        await store.tenant(A).write(async (tx) => {
          await tx.appendAudit({ time: n, type: 'message.accepted', message: null, actor: 'gateway', detail: { n } })
        })
        stored.push(n)
      } catch {
        refused += 1
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  })()
  const events: MoveEvent[] = []
  const { lockedMs } = await move({ online: true, say: (event) => events.push(event) })
  await new Promise((resolve) => setTimeout(resolve, 100))
  stop = true
  await gateway
  await store.close()
  expect(refused).toBeGreaterThan(0)
  expect(stored.length).toBeGreaterThan(0)
  expect(lockedMs).toBeLessThan(10_000)
  const audit = (await contentOf(sqlite('new.db'))).audit as { tenant: string; text: string }[]
  const moved = audit
    .filter(({ tenant, text }) => tenant === 'alpha' && text.includes('"gateway"'))
    .map(({ text }) => (JSON.parse(text) as { detail: { n: number } }).detail.n)
  expect(moved).toEqual(stored)
})

test('what changed, came and went between two passes is as in the source', async () => {
  const options = { online: true } as const
  let changed = false
  const say = (event: MoveEvent) => {
    if (changed || event.event !== 'table' || event.table !== 'decisionInput') return
    changed = true
    const other = new BetterSqlite(at('old.db'))
    other.pragma('foreign_keys = ON')
    other.exec(`
      update message set subject = 'changed' where tenant = 'alpha' and state like 'Z%';
      delete from message where tenant = 'beta' and state like 'a%';
      insert into idempotency select tenant, client, 'new-' || key, body_hash, response, created_at from idempotency;
      create temp table one as select * from job where tenant = 'alpha' limit 1;
      delete from job where (tenant, id) in (select tenant, id from one);
      update one set id = '0-made-anew';
      insert into job select * from one;
    `)
    other.close()
  }
  await move({ ...options, say })
  expect(changed).toBe(true)
  const moved = await contentOf(sqlite('new.db'))
  const raw = new BetterSqlite(at('old.db'), { readonly: true })
  const wanted = (name: string) => raw.prepare(`select count(*) from ${name}`).pluck().get()
  expect(moved.message).toHaveLength(wanted('message') as number)
  expect(moved.recipient).toHaveLength(wanted('recipient') as number)
  expect(moved.recipient!.length).toBeLessThan(ROWS * 2)
  expect(moved.idempotency).toHaveLength(ROWS * 4)
  expect(moved.job).toContainEqual(expect.objectContaining({ id: '0-made-anew' }))
  expect(moved.message!.filter((row) => (row as { subject: string }).subject === 'changed')).not.toHaveLength(0)
  raw.close()
})

test('a target with other data, another move, damage in a chain and wrong use are refused', async () => {
  await fillDatabase(at('other.db'), ['alpha'], 1)
  await expect(move({ to: sqlite('other.db') })).rejects.toMatchObject({ code: 'move-refused' })
  await expect(move({ to: sqlite('old.db') })).rejects.toMatchObject({ code: 'move-refused' })
  await expect(move({ from: at('none.db') })).rejects.toMatchObject({ code: 'move-refused' })

  await fillBlobs()
  const strange = await openFileBlobs({ root: at('strange'), reserveBytes: 0 })
  await strange.put(A, 'spool', 'not-ours', bytes(1, 1))
  const blobs = { from: files('blobs'), to: files('strange') }
  await expect(move({ to: sqlite('n1.db'), blobs })).rejects.toMatchObject({ code: 'move-refused' })

  const raw = new BetterSqlite(at('old.db'))
  raw.exec(`update audit set text = replace(text, '"at":7', '"at":8') where tenant = 'beta' and seq = 8`)
  raw.close()
  await expect(move({ to: sqlite('n2.db') })).rejects.toMatchObject({
    code: 'move-differs',
    detail: 'the audit chain of beta breaks at 8',
  })
  // Nothing was sealed: the old installation goes on.
  const store = await openStore(sqlite('old.db'), { clock: systemClock })
  await store.close()
})
