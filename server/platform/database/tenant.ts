/** What the statements of one tenant run on, subject by subject: outside a unit of work or inside one. */
import type { JobSpec, TenantId } from '../../../shared/domain/index.ts'
import type { Announced } from '../../ports/store.ts'
import type { Database, Db, Unit } from './database.ts'
import type { Engine } from './engine.ts'

/** The reading connection, bound to one tenant. Every statement names the tenant; what an engine throws becomes a fault. */
export class TenantStatements {
  readonly tenant: TenantId
  readonly engine: Engine

  constructor(tenant: TenantId, engine: Engine, on: Pick<Database, 'read' | 'quick'> | null) {
    this.tenant = tenant
    this.engine = engine
    this.#on = on
  }

  readonly #on: Pick<Database, 'read' | 'quick'> | null

  /** Where the statements run; a unit of work overrides it. */
  db(): Db {
    return this.#on!.read
  }

  /** Where a prepared statement runs that is executed at once. */
  protected quick(): Db {
    return this.#on?.quick?.() ?? this.db()
  }

  /** Waits until what was read is on disk, where something irrevocable is done or said on the strength of it. */
  async settled(): Promise<void> {
    await this.engine.settled?.()
  }

  /** Runs a prepared statement with the tenant bound. */
  async run<T>(
    name: string,
    build: (db: Db) => { execute(values?: Record<string, unknown>): Promise<T> },
    values: Record<string, unknown>,
  ): Promise<T> {
    try {
      values.tenant = this.tenant
      return await this.engine.statements.get(this.quick(), name, build).execute(values)
    } catch (error) {
      throw this.engine.fault(error)
    }
  }

  /** Runs statements that are built for each call. */
  async unprepared<T>(work: (db: Db) => Promise<T>): Promise<T> {
    try {
      return await work(this.db())
    } catch (error) {
      throw this.engine.fault(error)
    }
  }
}

/** Tables into which `TenantUnit.insert` puts rows. */
export type WholeRow = 'message' | 'content' | 'copy' | 'linkFile' | 'grant' | 'code' | 'audit'

/** One unit of work, bound to one tenant: what it writes stands together or not at all. */
export interface TenantUnit extends TenantStatements {
  readonly unit: Unit
  readonly context: WriteContext
  /** Awaits a statement that was built for this call alone. */
  once<T>(statement: PromiseLike<T>): Promise<T>
  /** Inserts a whole row by a statement that is prepared once. */
  insert(name: WholeRow, row: Record<string, unknown>): Promise<void>
  /** Says after the commit which lanes have work that is due. */
  announce(jobs: readonly Pick<JobSpec, 'queue' | 'lane' | 'runAt'>[], how?: Pick<Announced, 'probe'>): void
}

/** What writes need beside the engine. */
export interface WriteContext {
  readonly engine: Engine
  now(): number
  /** For what is due when and leased until when (`Clock.steady`). */
  steady(): number
  /** After a commit that made work for these lanes. */
  announce(work: readonly Announced[]): void
}
