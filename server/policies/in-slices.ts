import { setImmediate } from 'node:timers/promises'
import { Fault } from '../../shared/fault/index.ts'

/** Longest time other work of the process waits for a piece of a long piece of work, ms; the last step may add its own. */
const SLICE_MS = 3

export interface Slicing {
  /** Time the work itself may take, pauses apart, ms; without it as long as it needs. */
  readonly budgetMs?: number
  /** Lets others go on. */
  readonly pause?: () => Promise<unknown>
}

/**
 * Runs work that stops after each small step, letting other work of the process go on in between. Raises `policy-engine` at the
 * first stop after the budget is spent.
 */
export async function inSlices<T>(
  work: Iterator<undefined, T>,
  { budgetMs = Number.POSITIVE_INFINITY, pause = setImmediate }: Slicing = {},
): Promise<T> {
  let spent = 0
  let began = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    const slice = performance.now() - began
    if (slice < SLICE_MS) continue
    spent += slice
    if (spent > budgetMs) throw new Fault('policy-engine', `not done after ${budgetMs} ms of work`)
    await pause()
    began = performance.now()
  }
}
