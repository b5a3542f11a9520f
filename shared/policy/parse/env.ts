import type { Findings } from '../diagnostic.ts'
import type { TenantLabels } from '../labels.ts'
import type { ListSource, ListType } from '../list-source.ts'
import type { Schedule } from '../text/schedule.ts'

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
  /** Names of lists that some condition asked for. */
  readonly usedLists: Set<string>
}
