import type { TenantId } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { type ListCopy, type ListSource, unsoundEntry } from '../../shared/policy/index.ts'
import { canonicalJson } from '../../shared/policy/text/canonical.ts'
import type { Clock } from '../ports/clock.ts'
import type { ListReader } from '../ports/lists.ts'
import type { Log } from '../ports/log.ts'
import { sha256 } from './native.ts'
import type { PolicyRegistry } from './registry.ts'

export interface ListParts {
  readonly registry: PolicyRegistry
  readonly clock: Clock
  readonly log: Log
  reader(tenant: TenantId): ListReader
}

/** A source that failed is asked again no later than that, ms. */
const RETRY_MS = 60_000
/** Sources that are asked at a time. */
const AT_ONCE = 4

interface Kept {
  /** Of the source: another one under the same name begins anew. */
  readonly source: string
  copy: ListCopy | null
  tag: string | null
  /** Epoch ms. */
  next: number
}

/**
 * Keeps copies of the lists that policies in force name, outside of the engine: it gets values. A copy is renewed as the
 * policy says; one that could not be stays until it is older than `maxAge`, from when on the list is unknown. What came and
 * is no such list (a page of an error, a domain with a space) is refused as a whole: it would say that everybody else stands
 * nowhere.
 */
export class PolicyLists {
  readonly #parts: ListParts
  readonly #tenants: readonly TenantId[]
  readonly #kept = new Map<TenantId, Map<string, Kept>>()
  #running: Promise<void> | null = null

  constructor(parts: ListParts, tenants: readonly TenantId[]) {
    this.#parts = parts
    this.#tenants = tenants
  }

  /** Renews what is due; calls while one runs join it. Never raises: what fails is logged and tried again. */
  look(): Promise<void> {
    this.#running ??= this.#renew().finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #renew(): Promise<void> {
    const due = this.#tenants.flatMap((tenant) => this.#due(tenant))
    const work = due.values()
    const one = async () => {
      for (const renew of work) await renew()
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, one))
  }

  #due(tenant: TenantId): readonly (() => Promise<void>)[] {
    const { registry, clock } = this.#parts
    const sources = registry.state(tenant)?.policy?.sources ?? new Map<string, ListSource>()
    const before = this.#kept.get(tenant)
    const kept = new Map(
      [...sources].map(([name, source]) => {
        const key = canonicalJson(source)
        const known = before?.get(name)
        return [name, known?.source === key ? known : { source: key, copy: null, tag: null, next: 0 }] as const
      }),
    )
    this.#kept.set(tenant, kept)
    return [...sources].flatMap(([name, source]) => {
      const one = kept.get(name)!
      return one.next <= clock.now() ? [() => this.#fetch(tenant, name, source, one)] : []
    })
  }

  async #fetch(tenant: TenantId, name: string, source: ListSource, kept: Kept): Promise<void> {
    const { registry, clock, log, reader } = this.#parts
    const asked = clock.now()
    try {
      const read = await reader(tenant).read(source.from, kept.copy === null ? null : kept.tag)
      if (read === null) kept.copy = { ...kept.copy!, goodUntil: goodUntil(source, asked) }
      else {
        const copy = listCopy(source, read.values, asked)
        // Equal entries stay the same array: what was prepared of them counts on.
        kept.copy = kept.copy?.version === copy.version ? { ...copy, values: kept.copy.values } : copy
        kept.tag = read.tag
      }
      kept.next = asked + source.refresh * 1000
      log.debug('policy.list', { tenant, list: name, version: kept.copy.version, entries: kept.copy.values.length })
    } catch (error) {
      const { code, detail } = toFault(error)
      kept.next = asked + Math.min(source.refresh * 1000, RETRY_MS)
      const unknown = (kept.copy?.goodUntil ?? 0) <= clock.now()
      log[unknown ? 'error' : 'warn']('policy.list-failed', { tenant, list: name, code, detail, unknown })
    }
    const copies = [...this.#kept.get(tenant)!].flatMap(([list, { copy }]) => (copy ? [[list, copy] as const] : []))
    registry.setLists(tenant, new Map(copies))
  }
}

/** A copy of what was asked for at `asked` (epoch ms). Raises `effect-refused` as soon as one entry is none of the list's kind. */
export function listCopy(source: ListSource, entries: readonly string[], asked: number): ListCopy {
  const values = [...new Set(entries)].sort()
  if (unsoundEntry(source.type, values) !== null) throw new Fault('effect-refused', `an entry is no ${source.type}`)
  const version = sha256(values.join('\n')).slice(0, 32)
  return { version, values, goodUntil: goodUntil(source, asked) }
}

const goodUntil = ({ maxAge }: ListSource, asked: number) => asked + maxAge * 1000
