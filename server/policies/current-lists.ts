import { Fault, toFault } from '../../shared/fault/index.ts'
import { type ListCopy, type ListSource, type Policy, withLists } from '../../shared/policy/index.ts'
import { canonicalJson } from '../../shared/policy/text/canonical.ts'
import type { Clock } from '../ports/clock.ts'
import type { ListReader } from '../ports/lists.ts'
import { listCopy } from './lists.ts'

/** What came of a list from outside: how many entries, or why it stays unknown. */
export type ListRead =
  | { readonly list: string; readonly entries: number }
  | { readonly list: string; readonly why: string }

export interface InformedPolicy {
  readonly policy: Policy
  /** By name; empty for a policy that asks nobody. */
  readonly lists: readonly ListRead[]
}

/**
 * Reads the lists from outside that policies name as they are now, for whoever looks at past mail beside the gateway. One
 * source is read once, so that two policies are told the same of it; what cannot be read is unknown, never empty. Without a
 * reader all of them are.
 */
export function currentLists(reader: ListReader | null, clock: Clock): (policy: Policy) => Promise<InformedPolicy> {
  const known = new Map<string, Promise<ListCopy>>()
  return async (policy) => {
    const copies = new Map<string, ListCopy>()
    const lists: ListRead[] = []
    for (const [list, source] of [...policy.sources].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const key = canonicalJson(source)
      const reading = known.get(key) ?? read(source)
      known.set(key, reading)
      try {
        const copy = await reading
        copies.set(list, copy)
        lists.push({ list, entries: copy.values.length })
      } catch (error) {
        const { code, detail } = toFault(error)
        lists.push({ list, why: detail || code })
      }
    }
    return { policy: withLists(policy, copies), lists }
  }

  async function read(source: ListSource): Promise<ListCopy> {
    if (!reader) throw new Fault('config-missing', 'no configuration of a gateway says where it may be read')
    const values = (await reader.read(source.from, null))?.values ?? []
    return listCopy(source, values, clock.now())
  }
}
