import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
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
