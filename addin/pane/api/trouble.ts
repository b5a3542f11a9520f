/**
 * Why there is no answer, as the pane tells it apart: each has its own words and its own way on. `signed-out`: 401, or nobody is
 * signed in. `forbidden`: 403. `busy`: 429. `refused`: the request itself (4xx). `broken`: 5xx, or no sense. `slow`: no answer in
 * time. `offline`: no connection. `not-set-up`: the organisation has no sign-in.
 */
export type TroubleKind = 'signed-out' | 'forbidden' | 'busy' | 'refused' | 'broken' | 'slow' | 'offline' | 'not-set-up'

export interface Trouble {
  readonly kind: TroubleKind
  /** Code of the fault catalogue, where the service named one. */
  readonly code: string | null
  /** Ms after which another try makes sense; null for none by itself. */
  readonly again: number | null
  /** Members of the request that were not accepted (RFC 6901). */
  readonly pointers: readonly string[]
}

export const trouble = (kind: TroubleKind, more: Partial<Trouble> = {}): Trouble => ({
  kind,
  code: null,
  again: null,
  pointers: [],
  ...more,
})

export type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly trouble: Trouble }

/** Troubles in which the kept policy may answer in place of the service. */
export const isAway = ({ kind }: Trouble): boolean =>
  kind === 'offline' || kind === 'broken' || kind === 'slow' || kind === 'busy'

const KINDS: readonly (readonly [status: number, kind: TroubleKind])[] = [
  [401, 'signed-out'],
  [403, 'forbidden'],
  [408, 'slow'],
  [429, 'busy'],
  [504, 'slow'],
]
/** Ms before the next try where the service says nothing itself, and the longest that is waited. */
const AGAIN = 15_000
const LONGEST = 300_000

/** What an answer with this status means. `problem`: its body (RFC 9457), or anything. */
export function troubleOf(status: number, retryAfter: string | null, problem: unknown): Trouble {
  const kind = KINDS.find(([one]) => one === status)?.[1] ?? (status >= 500 ? 'broken' : 'refused')
  const { code, errors } = (typeof problem === 'object' && problem !== null ? problem : {}) as {
    readonly code?: unknown
    readonly errors?: unknown
  }
  const seconds = /^\d{1,6}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : AGAIN
  const again =
    kind === 'busy' || kind === 'broken' || kind === 'slow' ? Math.min(Math.max(seconds, 1000), LONGEST) : null
  const pointers = Array.isArray(errors)
    ? errors.flatMap((one: unknown) => {
        const { pointer } = (one ?? {}) as { readonly pointer?: unknown }
        return typeof pointer === 'string' ? [pointer] : []
      })
    : []
  return { kind, code: typeof code === 'string' ? code : null, again, pointers }
}

/** Ms after which a failed connection is tried again. */
export const OFFLINE_AGAIN = 10_000
