import { Fault } from '../../../shared/fault/index.ts'
import type { Database } from './database.ts'
import type { TablePlan } from './move-order.ts'
import {
  compareKeys,
  type End,
  hasKey,
  type Key,
  keyOf,
  type Row,
  rowsOf,
  sameRow,
  tableOf,
  weight,
} from './move-rows.ts'

/** One unit of the target holds at most so much. */
const UNIT_ROWS = 200
const UNIT_BYTES = 4_194_304

export interface Changes {
  rows: number
  inserted: number
  updated: number
  deleted: number
}

/**
 * Makes one table of the target equal to the source's: both are read in the order of their keys, side by side, and what
 * differs is written in units of bounded size. Doing it again changes nothing, and an interrupted run is simply done again.
 */
export async function moveTable(
  source: End,
  target: Database,
  plan: TablePlan,
  progress: (changes: Changes) => void = () => {},
): Promise<Changes> {
  try {
    return await merge(source, target, plan, progress, 'all')
  } catch (error) {
    if (error instanceof Fault && error.definition.retry) throw error
    // A row that is gone may hold what a new one needs for itself, such as a step of a job that was made anew.
    await merge(source, target, plan, () => {}, 'deletes')
    return merge(source, target, plan, progress, 'all')
  }
}

async function merge(
  source: End,
  target: Database,
  plan: TablePlan,
  progress: (changes: Changes) => void,
  what: 'all' | 'deletes',
): Promise<Changes> {
  const end: End = { db: target.read, tables: target.tables }
  const changes: Changes = { rows: 0, inserted: 0, updated: 0, deleted: 0 }
  const [here, there] = [rowsOf(source, plan), rowsOf(end, plan)]
  let inserts: Row[] = []
  let updates: Row[] = []
  let deletes: Key[] = []
  let bytes = 0

  async function flush(): Promise<void> {
    const unit = { inserts, updates, deletes }
    inserts = []
    updates = []
    deletes = []
    bytes = 0
    if (unit.inserts.length + unit.updates.length + unit.deletes.length > 0) {
      await target.write(async ({ db }) => {
        const table = tableOf(target, plan)
        for (const key of unit.deletes) await db.delete(table).where(hasKey(target, plan, key))
        for (const row of unit.updates) {
          await db
            .update(table)
            .set(row)
            .where(hasKey(target, plan, keyOf(row, plan)))
        }
        if (unit.inserts.length > 0) await db.insert(table).values(unit.inserts as never)
      })
    }
    progress(changes)
  }

  let [left, right] = [await next(here), await next(there)]
  while (left || right) {
    const order = !left ? 1 : !right ? -1 : compareKeys(keyOf(left, plan), keyOf(right, plan))
    if (order > 0) {
      deletes.push(keyOf(right!, plan))
      changes.deleted += 1
    } else if (what === 'all' && (order < 0 || !sameRow(left!, right!))) {
      const list = order < 0 ? inserts : updates
      list.push(left!)
      bytes += weight(left!)
      changes[order < 0 ? 'inserted' : 'updated'] += 1
    }
    if (order <= 0) changes.rows += 1
    if (inserts.length + updates.length + deletes.length >= UNIT_ROWS || bytes >= UNIT_BYTES) await flush()
    if (order <= 0) left = await next(here)
    if (order >= 0) right = await next(there)
  }
  await flush()
  return changes
}

async function next(rows: AsyncGenerator<Row>): Promise<Row | null> {
  const { done, value } = await rows.next()
  return done ? null : value
}
