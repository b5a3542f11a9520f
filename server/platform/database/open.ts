import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import type { Database } from './database.ts'
import type { Address } from './postgres/address.ts'

/** `database` of the configuration. */
export type DatabasePlace =
  | { readonly kind: 'sqlite'; readonly file: string }
  | ({ readonly kind: 'postgres'; readonly connections: number } & Address)

/**
 * Opens the store where the configuration says it is, and brings its schema up to date. Only the engine that is asked for is loaded.
 * Raises `store-unavailable`, `disk-full`, `schema-unknown` or `config-invalid`.
 */
export async function openStore(place: DatabasePlace, parts: { clock: Clock; log?: Log }): Promise<Store> {
  if (place.kind === 'sqlite') {
    const { openSqliteStore } = await import('./sqlite/open.ts')
    return openSqliteStore({ file: place.file, ...parts })
  }
  const { openPostgresStore } = await import('./postgres/open.ts')
  return openPostgresStore({ address: place, poolSize: place.connections, ...parts })
}

/** The engine alone, its schema up to date: for who moves rows and leaves their meaning alone. Raises what `openStore` raises. */
export async function openDatabase(
  place: DatabasePlace,
  { clock, unitMs }: { clock: Clock; unitMs: number },
): Promise<Database> {
  if (place.kind === 'sqlite') {
    const { openSqlite } = await import('./sqlite/open.ts')
    return openSqlite({ file: place.file, clock, unitMs })
  }
  const { openPostgres } = await import('./postgres/open.ts')
  return openPostgres({ address: place, clock, unitMs })
}
