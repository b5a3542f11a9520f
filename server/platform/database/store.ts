import type { TenantId } from '../../../shared/domain/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Store, TenantStore } from '../../ports/store.ts'
import { type Database, Statements } from './database.ts'
import type { Engine } from './engine.ts'
import { KeptKeys } from './kept-keys.ts'
import { SqlQueue } from './queue.ts'
import { SqlReads } from './reads.ts'
import { SqlWrites } from './writes.ts'

/** The store over either engine. */
export function storeOver(database: Database, clock: Clock, log: Log): Store {
  const engine: Engine = {
    tables: database.tables,
    dialect: database.dialect,
    statements: new Statements(),
    keptKeys: database.watch ? new KeptKeys(database.watch) : null,
    fault: (error) => database.fault(error),
    ...(database.settled ? { settled: () => database.settled!() } : {}),
  }
  const queue = new SqlQueue(
    database,
    { engine, now: () => clock.now(), steady: () => clock.steady?.() ?? clock.now() },
    log,
  )
  const tenants = new Map<TenantId, TenantStore>()

  function open(tenant: TenantId): TenantStore {
    return {
      tenant,
      read: new SqlReads(tenant, engine, database),
      write: (work) => database.write((unit) => work(new SqlWrites(tenant, queue.context, unit))),
    }
  }

  return {
    queue,
    tenant(tenant) {
      const store = tenants.get(tenant) ?? open(tenant)
      tenants.set(tenant, store)
      return store
    },
    close: () => database.close(),
  }
}
