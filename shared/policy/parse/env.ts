import type { Findings } from '../diagnostic.ts'
import type { TenantLabels } from '../labels.ts'
import type { ListSource, ListType } from '../list-source.ts'
import type { Schedule } from '../text/schedule.ts'
import type { Node } from './node.ts'

export interface NamedList {
  readonly type: ListType
  /** What stands in the policy, also in lists that it includes. */
  readonly values: readonly string[]
  /** Lists (`set/list`) whose entries come from outside and belong to this one too. */
  readonly live: readonly string[]
  readonly source: ListSource | null
}

/** Parts of the language that a rule set has to ask for (`spec.allow`). */
export const EXTENSIONS = ['cel'] as const
export type Extension = (typeof EXTENSIONS)[number]

/** What a rule may refer to while it is read. */
export interface Env {
  readonly findings: Findings
  readonly labels: TenantLabels
  readonly lists: ReadonlyMap<string, NamedList>
  readonly schedules: ReadonlyMap<string, Schedule>
  /** What the rule set opted in to. */
  readonly allowed: ReadonlySet<Extension>
  /** What nodes that stand in several places were read as, where that was without findings. */
  readonly known?: Known
  /** Names of lists that some condition asked for. */
  readonly usedLists: Set<string>
}

/** One object for each way of reading that gives the same for the same node; kept with the node and what it was read as. */
export interface Known {
  readonly conditions: object
  readonly actions: object
}

/** What `read` makes of a node; asked once for a node that stands in several places, unless there is something to find. `known` is of this `read` alone. */
export function once<T>(
  node: Node,
  env: Env,
  known: object | undefined,
  read: (node: Node, env: Env) => T | undefined,
): T | undefined {
  const reading = node.kind === 'map' ? node.reading : undefined
  if (known === undefined || reading === undefined) return read(node, env)
  if (reading.way === known) return reading.value as T
  const found = env.findings.list.length
  const value = read(node, env)
  if (value !== undefined && env.findings.list.length === found) {
    reading.way = known
    reading.value = value
  }
  return value
}
