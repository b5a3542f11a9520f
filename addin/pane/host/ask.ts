import type { AsyncResult, Done } from '../../launch/host.ts'

/** What the client said. `silent`: it has no such member, threw, or gave no answer in time. */
export type Said<T> =
  | { readonly kind: 'told'; readonly value: T }
  | { readonly kind: 'failed'; readonly code: number }
  | { readonly kind: 'silent' }

/** Outlook on the web runs this many calls of an item at once. */
const AT_ONCE = 3
/** Ms: a person waits longer than an event may. */
const PATIENCE = 5000

export type Ask = <T>(start: (done: Done<T>) => void) => Promise<Said<T>>

/** Calls the host, at most three calls at a time; what holds its place longer than `patience` ms is taken for lost. Never rejects. */
export function asker(patience = PATIENCE): Ask {
  let running = 0
  const waiting: (() => void)[] = []
  const free = () => {
    running--
    waiting.shift()?.()
  }
  return <T>(start: (done: Done<T>) => void) =>
    new Promise<Said<T>>((resolve) => {
      const run = () => {
        running++
        let over = false
        const end = (said: Said<T>) => {
          if (over) return
          over = true
          clearTimeout(timer)
          free()
          resolve(said)
        }
        const timer = setTimeout(() => end({ kind: 'silent' }), patience)
        try {
          start((result) => end(read(result)))
        } catch {
          end({ kind: 'silent' })
        }
      }
      if (running < AT_ONCE) run()
      else waiting.push(run)
    })
}

function read<T>(result: AsyncResult<T> | undefined): Said<T> {
  if (!result) return { kind: 'silent' }
  return result.status === 'succeeded'
    ? { kind: 'told', value: result.value as T }
    : { kind: 'failed', code: result.error?.code ?? 0 }
}

/** The value, or null. */
export const told = <T>(said: Said<T>): T | null => (said.kind === 'told' ? (said.value ?? null) : null)
