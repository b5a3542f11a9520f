/** Moves a whole installation to another database, and its blobs to another store. */
import { type TenantId, tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { type BlobsPlace, openBlobs } from '../blobs/open.ts'
import { systemClock } from '../clock.ts'
import type { ChainHead, Database } from '../database/database.ts'
import { incomplete, type Marks, marksOf, moved } from '../database/move-marks.ts'
import { tablesInOrder } from '../database/move-order.ts'
import { countsOf, headOf, recomputeChain } from '../database/move-proof.ts'
import type { End } from '../database/move-rows.ts'
import { type MoveSource, openMoveSource } from '../database/move-source.ts'
import { type Changes, moveTable } from '../database/move-table.ts'
import { type DatabasePlace, openDatabase } from '../database/open.ts'
import { moveBlobs } from './blobs.ts'
import { type MoveJournal, openJournal } from './journal.ts'

export interface MoveOptions {
  /** The SQLite database to move. */
  readonly from: string
  readonly to: DatabasePlace
  readonly blobs: { readonly from: BlobsPlace; readonly to: BlobsPlace } | null
  /** A gateway goes on writing to the source until the last pass. */
  readonly online: boolean
  /** Tenants that may have blobs and no row. */
  readonly tenants: readonly string[]
  readonly say: (event: MoveEvent) => void
}

export type MoveEvent =
  | { readonly event: 'phase'; readonly phase: 'copy' | 'locked' | 'proof' | 'sealed' }
  | ({ readonly event: 'table'; readonly table: string; readonly done: boolean } & Changes)
  | { readonly event: 'blobs'; readonly blobs: number; readonly done: boolean }

/** What was proven to be equal on both sides. */
export interface MoveReport {
  /** Rows by table and tenant. */
  readonly tables: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Ends of the audit chains, computed anew from the target's texts. */
  readonly chains: Readonly<Record<string, ChainHead>>
  readonly blobs: { readonly blobs: number; readonly bytes: number } | null
  /** How long nothing could be written to the source, ms. */
  readonly lockedMs: number
}

/**
 * Copies, proves, and only then makes the target the installation: until that the target is marked as not complete and no
 * gateway starts on it, from that moment on nothing can be written to the source. Every step can be done again.
 * Raises `move-refused`, `move-differs` and the faults of the stores.
 */
export async function moveInstallation(options: MoveOptions): Promise<MoveReport> {
  const { to, from } = options
  if (to.kind === 'sqlite' && to.file === from) throw new Fault('move-refused', 'source and target are one')
  const source = openMoveSource(from, options)
  let journal: MoveJournal | undefined
  let target: Database | undefined
  try {
    journal = openJournal(`${from}.move`, targetName(options))
    const { id } = journal
    if (source.marks.length > 0 && !source.marks.includes(moved(id)))
      throw new Fault('move-refused', `the source ${source.marks.join(', ')}`)
    const marks = await marksOf(to)
    target = await openTarget(to, marks, id)
    const report = await moveAll(options, { source, target, journal })
    await marks.clear(incomplete(id))
    journal.remove()
    return report
  } finally {
    await target?.close()
    source.close()
    journal?.close()
  }
}

interface Ends {
  readonly source: MoveSource
  readonly target: Database
  readonly journal: MoveJournal
}

async function moveAll(options: MoveOptions, { source, target, journal }: Ends): Promise<MoveReport> {
  const { say } = options
  const chains = new Map<string, ChainHead>()
  const blobs = options.blobs && {
    from: await openBlobs(options.blobs.from),
    to: await openBlobs(options.blobs.to),
  }
  const copyBlobs = async (tenants: readonly TenantId[]) => {
    if (!blobs) return null
    let count = 0
    const progress = () => {
      count += 1
      if (count % 100 === 0) say({ event: 'blobs', blobs: count, done: false })
    }
    const totals = await moveBlobs({ ...blobs, tenants, journal, progress })
    say({ event: 'blobs', blobs: totals.blobs, done: true })
    return totals
  }

  if (options.online) {
    say({ event: 'phase', phase: 'copy' })
    source.snapshot()
    await copyRows(source, target, say)
    for (const tenant of await tenantsOf(source, options.tenants))
      chains.set(tenant, await recomputeChain(readingOf(target), tenant))
    const tenants = await tenantsOf(source, options.tenants)
    // Before the blobs, which take longest: a snapshot keeps the source's WAL from being emptied.
    source.release()
    await copyBlobs(tenants)
  }

  const lockedAt = performance.now()
  await source.lock()
  say({ event: 'phase', phase: 'locked' })
  await copyRows(source, target, say)
  const tenants = await tenantsOf(source, options.tenants)
  const totals = await copyBlobs(tenants)
  say({ event: 'phase', phase: 'proof' })
  const report = { ...(await prove(source, target, tenants, chains)), blobs: totals }
  source.seal(journal.id)
  say({ event: 'phase', phase: 'sealed' })
  return { ...report, lockedMs: Math.round(performance.now() - lockedAt) }
}

async function copyRows(source: MoveSource, target: Database, say: MoveOptions['say']): Promise<void> {
  for (const plan of tablesInOrder()) {
    let said = 0
    const changes = await moveTable(source, target, plan, (sofar) => {
      if (sofar.rows - said < 10_000) return
      said = sofar.rows
      say({ event: 'table', table: plan.name, done: false, ...sofar })
    })
    say({ event: 'table', table: plan.name, done: true, ...changes })
  }
}

/** Rows by table and tenant, and each chain: computed anew from the target's texts it must end as the source's. */
async function prove(
  source: MoveSource,
  target: Database,
  tenants: readonly TenantId[],
  known: ReadonlyMap<string, ChainHead>,
): Promise<Pick<MoveReport, 'tables' | 'chains'>> {
  const copy = readingOf(target)
  const tables: Record<string, Record<string, number>> = {}
  for (const plan of tablesInOrder()) {
    const [wanted, got] = [await countsOf(source, plan), await countsOf(copy, plan)]
    if (JSON.stringify(wanted) !== JSON.stringify(got)) throw new Fault('move-differs', `rows of ${plan.name}`)
    tables[plan.name] = got
  }
  const chains: Record<string, ChainHead> = {}
  for (const tenant of tenants) {
    const [wanted, got] = [await headOf(source, tenant), await recomputeChain(copy, tenant, known.get(tenant))]
    if (wanted.seq !== got.seq || wanted.hash !== got.hash)
      throw new Fault('move-differs', `audit chain of ${tenant}: ${wanted.seq} ${wanted.hash}, ${got.seq} ${got.hash}`)
    if (got.seq > 0) chains[tenant] = got
  }
  return { tables, chains }
}

async function tenantsOf(source: MoveSource, more: readonly string[]): Promise<TenantId[]> {
  const names = new Set(more)
  for (const plan of tablesInOrder()) for (const name of Object.keys(await countsOf(source, plan))) names.add(name)
  return [...names].sort().map(tenantId)
}

const readingOf = ({ read: db, tables }: Database): End => ({ db, tables })

/** Opens the target and marks it as not complete. It must be empty, or what an earlier run of this move left. */
async function openTarget(place: DatabasePlace, marks: Marks, id: string): Promise<Database> {
  const found = await marks.all()
  const ours = found.includes(incomplete(id))
  if (found.length > 0 && !ours) throw new Fault('move-refused', `the target ${found.join(', ')}`)
  if (ours) await marks.clear(incomplete(id))
  const target = await openDatabase(place, { clock: systemClock, unitMs: 60_000 })
  try {
    for (const plan of ours ? [] : tablesInOrder()) {
      const rows = Object.keys(await countsOf(readingOf(target), plan)).length
      if (rows > 0) throw new Fault('move-refused', `the target holds other data, in ${plan.name}`)
    }
    await marks.set(incomplete(id))
    return target
  } catch (error) {
    await target.close()
    throw error
  }
}

/** Says where a move goes, without secrets. */
function targetName({ to, blobs }: MoveOptions): string {
  const database = to.kind === 'sqlite' ? to.file : `${to.host}:${to.port}/${to.database}`
  if (!blobs) return database
  const store = blobs.to.kind === 'files' ? blobs.to.root : `${blobs.to.endpoint}/${blobs.to.bucket}/${blobs.to.prefix}`
  return `${database} ${store}`
}
