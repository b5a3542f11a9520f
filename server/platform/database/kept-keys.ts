import type { KeyRecord, TenantId } from '../../../shared/domain/index.ts'
import type { TenantReads } from '../../ports/store.ts'
import type { Database } from './database.ts'

type Query = Parameters<TenantReads['keys']>[0]

/** Characters of texts and octets of sealed keys that are kept in all, and of one answer: a revocation list has megabytes. */
const ROOM = 4_000_000
const LARGEST = 256_000
/** What an answer costs beside that; most say that there is no key. */
const ENTRY = 500

interface Kept {
  readonly records: readonly KeyRecord[]
  readonly size: number
}

/**
 * Answers about keys, kept until a key changes: a signed and encrypted mail asks seven times, and each answer is a statement and
 * a certificate's text. Never older than a statement's would be: what another process has committed is asked for each time, and
 * what this one writes empties it when it is written.
 */
export class KeptKeys {
  readonly #watch: NonNullable<Database['watch']>
  readonly #kept = new Map<string, Kept>()
  #size = 0
  /** As `others` said last. */
  #seen = Number.NaN
  /** Of changes by this process. */
  #changes = 0

  constructor(watch: NonNullable<Database['watch']>) {
    this.#watch = watch
  }

  /** The records that `read` finds now. It must run its statement when it is called, not later. */
  async of(tenant: TenantId, query: Query, read: () => Promise<KeyRecord[]>): Promise<KeyRecord[]> {
    const others = this.#watch.others()
    if (others !== this.#seen) this.#empty()
    this.#seen = others
    const { id, kind, use, address } = query
    const name = JSON.stringify([tenant, id, kind, use, address])
    const known = this.#kept.get(name)
    if (known) return [...known.records]
    // While a unit is under way, what is read may be older than a change of it that was heard of before.
    const atRest = this.#watch.atRest()
    const changes = this.#changes
    const records = await read()
    if (atRest && changes === this.#changes && others === this.#seen) this.#keep(name, records)
    return records
  }

  /** A key is being changed. */
  changed(): void {
    this.#changes += 1
    this.#empty()
  }

  #keep(name: string, found: readonly KeyRecord[]): void {
    const size = found.reduce((sum, record) => sum + sizeOf(record), ENTRY)
    if (size > LARGEST || this.#kept.has(name)) return
    this.#kept.set(name, { records: [...found], size })
    this.#size += size
    for (const [oldest, kept] of this.#kept) {
      if (this.#size <= ROOM) break
      this.#kept.delete(oldest)
      this.#size -= kept.size
    }
  }

  #empty(): void {
    this.#kept.clear()
    this.#size = 0
  }
}

const sizeOf = ({ publicText, sealedPrivate }: KeyRecord): number => publicText.length + (sealedPrivate?.length ?? 0)
