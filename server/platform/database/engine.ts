import type { Statements } from './database.ts'
import type { Dialect } from './dialect.ts'
import type { KeptKeys } from './kept-keys.ts'
import type { Tables } from './tables.ts'

/** What reads and writes of one engine share. */
export interface Engine {
  readonly tables: Tables
  readonly dialect: Dialect
  readonly statements: Statements
  /** null where others change them unheard. */
  readonly keptKeys: KeptKeys | null
  fault(error: unknown): unknown
  /** See `Database.settled`. */
  settled?(): Promise<void>
}
