import type { KeyRecord, TenantId } from '../../shared/domain/index.ts'
import { toFault } from '../../shared/fault/index.ts'
import type { Clock } from '../ports/clock.ts'
import type { CrlSource } from '../ports/crl-source.ts'
import type { RevocationLists } from '../ports/keyring.ts'
import type { Log } from '../ports/log.ts'
import type { Store } from '../ports/store.ts'
import type { CrlFields } from './asn1/crl-read.ts'
import { crlInTurns, revocationLists } from './revocation.ts'
import { crlRecord, findAuthority, listSourcesOf, putCrl } from './revocation-record.ts'

/** How a tenant deals with revocation lists. */
export interface RevocationSettings {
  readonly id: TenantId
  /** A certificate of which no list in time speaks is not trusted. */
  readonly required: boolean
  /** Asks the distribution points of certificates that are stored; null: never. */
  readonly source: CrlSource | null
}

export interface RevocationParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Log
}

/** What other processes stored is seen no later than that, ms. */
const LOOK_MS = 60_000
/** How often the stored certificates are looked through for points, ms. */
const POINTS_MS = 600_000
/** A point that gave nothing, or the list that is there, is asked again no earlier, ms. */
const RETRY_MS = 3_600_000
/** A list that does not run out soon is asked for daily, ms. */
const DAY_MS = 86_400_000
/** Points that are asked for one tenant in one round. */
const MOST_POINTS = 50

/**
 * The revocation lists of all tenants, in memory: mail asks them without a wait. They come from the store, and where a tenant
 * wants it from the points that certificates name, which are asked between mails and never because of one. What cannot be
 * had or is not signed by a trusted authority changes nothing.
 */
export class Revocations {
  readonly #parts: RevocationParts
  readonly #tenants: readonly RevocationSettings[]
  readonly #known = new Map<TenantId, RevocationLists | null>()
  readonly #read = new Map<string, { readonly text: string; readonly list: CrlFields }>()
  readonly #asked = new Map<string, number>()
  readonly #looked = new Map<TenantId, number>()
  #next = 0
  #running: Promise<void> = Promise.resolve()
  #asking: Promise<void> | null = null
  #loading: Promise<void> = Promise.resolve()

  constructor(parts: RevocationParts, tenants: readonly RevocationSettings[]) {
    this.#parts = parts
    this.#tenants = tenants
  }

  /** null where there are none and none are required. */
  of(tenant: TenantId): RevocationLists | null {
    return this.#known.get(tenant) ?? null
  }

  /**
   * Reads what is stored and asks what is due, once a minute at most; calls while one runs join it. What is stored is read also
   * while points are asked, which may take long. Never raises.
   */
  look(now: number = this.#parts.clock.now()): Promise<void> {
    if (now < this.#next) return this.#running
    this.#next = now + LOOK_MS
    const loaded = this.#loadAll()
    this.#asking ??= loaded
      .then(() => this.#askAll(now))
      .finally(() => {
        this.#asking = null
      })
    this.#running = Promise.all([loaded, this.#asking]).then(() => {})
    return this.#running
  }

  /** Reads the stored lists of one tenant now. Raises what the store raises. */
  async reload(tenant: TenantId): Promise<void> {
    const settings = this.#tenants.find(({ id }) => id === tenant)
    if (settings) await this.#load(settings)
  }

  async #loadAll(): Promise<void> {
    for (const settings of this.#tenants) await this.#guarded(settings, () => this.#load(settings))
  }

  async #askAll(now: number): Promise<void> {
    for (const settings of this.#tenants) {
      const { id, source } = settings
      if (source === null || now < (this.#looked.get(id) ?? 0)) continue
      this.#looked.set(id, now + POINTS_MS)
      await this.#guarded(settings, () => this.#fetch(settings, source, now))
    }
  }

  async #guarded({ id }: RevocationSettings, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#parts.log.warn('revocation.unreadable', { tenant: id, fault: toFault(error).code })
    }
  }

  /** One after the other: what was asked for last is what stands. */
  #load(settings: RevocationSettings): Promise<void> {
    const loading = this.#loading.then(() => this.#loadNow(settings))
    this.#loading = loading.catch(() => {})
    return loading
  }

  async #loadNow({ id, required }: RevocationSettings): Promise<void> {
    const records = await this.#parts.store.tenant(id).read.keys({ kind: 'crl' })
    const lists: CrlFields[] = []
    for (const record of records) {
      const list = await this.#listOf(id, record)
      if (list !== null) lists.push(list)
    }
    if (lists.length > 0) {
      // Whoever asks for a certificate later finds the answer: no mail waits for a signature over megabytes.
      const { authorities } = await listSourcesOf(this.#parts.store.tenant(id).read, this.#parts.clock.now())
      for (const list of lists) await findAuthority(list, authorities)
    }
    this.#known.set(id, lists.length > 0 || required ? revocationLists(lists, required) : null)
  }

  async #listOf(tenant: TenantId, { id, publicText }: KeyRecord): Promise<CrlFields | null> {
    const name = `${tenant}/${id}`
    const known = this.#read.get(name)
    if (known?.text === publicText) return known.list
    try {
      const list = await crlInTurns(publicText)
      this.#read.set(name, { text: publicText, list })
      return list
    } catch (error) {
      this.#parts.log.warn('revocation.unusable', { tenant, list: id, detail: toFault(error).detail })
      return null
    }
  }

  async #fetch(settings: RevocationSettings, source: CrlSource, now: number): Promise<void> {
    const { id } = settings
    const { store, log } = this.#parts
    const { authorities, points } = await listSourcesOf(store.tenant(id).read, now)
    const due = points.filter((url) => now >= (this.#asked.get(`${id} ${url}`) ?? 0))
    let changed = false
    for (const url of due.slice(0, MOST_POINTS)) {
      this.#asked.set(`${id} ${url}`, now + RETRY_MS)
      try {
        const { record, list } = await crlRecord(await source.read(url), now)
        if ((await findAuthority(list, authorities)) === null || list.thisUpdate > now + DAY_MS) {
          log.warn('revocation.refused', { tenant: id, url })
          continue
        }
        if (await store.tenant(id).write((tx) => putCrl(tx, record))) {
          changed = true
          this.#read.set(`${id}/${record.id}`, { text: record.publicText, list })
        }
        this.#asked.set(`${id} ${url}`, Math.max(now + RETRY_MS, Math.min(list.nextUpdate, now + DAY_MS)))
      } catch (error) {
        const { code, detail } = toFault(error)
        log.warn('revocation.unreachable', { tenant: id, url, code, detail })
      }
    }
    if (changed) await this.#load(settings)
  }
}
