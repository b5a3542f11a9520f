import type { ListOrigin } from '../../shared/policy/index.ts'

export interface ReadList {
  readonly values: readonly string[]
  /** By which the source tells whether it changed (ETag, time of change); null when it has no such thing. */
  readonly tag: string | null
}

/** Where lists of a tenant's policy come from. One try a call, bounded in time and size. */
export interface ListReader {
  /**
   * The whole list, or null when it is still what `known` is the tag of. Raises `effect-unreachable` (try again) or
   * `effect-refused` (what the policy names is not allowed here, or what came is no list).
   */
  read(origin: ListOrigin, known: string | null): Promise<ReadList | null>
}
