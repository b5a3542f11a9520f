/** Long work in the event loop of a thread lets others go on in between. */
import { setImmediate } from 'node:timers'
import { Fault } from '../../shared/fault/index.ts'

/** Longest work between two turns of the event loop, ms: with the piece that follows it stays within five. */
const WORK_MS = 3

/**
 * When the work of this turn of the event loop began, null while none was seen. It is one for all work of a thread: many short
 * pieces, of one mail or of many, keep others waiting as long as one long piece does.
 */
let since: number | null = null
/** Who goes on in a later turn, in the order in which they stopped; one in each turn. */
const waiting: (() => void)[] = []

function next(): void {
  const goOn = waiting.shift()
  if (goOn === undefined) {
    since = null
    return
  }
  since = performance.now()
  setImmediate(next)
  goOn()
}

/** Whether it is others' turn; asked between pieces of work, as a promise for every piece would cost more than a look at the clock. */
export function turnIsOver(): boolean {
  if (since !== null) return performance.now() - since >= WORK_MS
  since = performance.now()
  setImmediate(next)
  return false
}

/** Where it is others' turn, they have it; awaiting microtasks alone gives them none. */
export async function othersTurn(): Promise<void> {
  if (turnIsOver()) await new Promise<void>((resolve) => waiting.push(resolve))
}

/**
 * The result of work that stops after each small step (`Steps`); others have their turns in between. Raises `policy-engine` at the
 * end of the first turn after the work itself, pauses apart, took longer than `budgetMs`.
 */
export async function inTurns<T>(work: Iterator<undefined, T>, budgetMs = Number.POSITIVE_INFINITY): Promise<T> {
  let spent = 0
  let began = performance.now()
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    if (!turnIsOver()) continue
    spent += performance.now() - began
    if (spent > budgetMs) throw new Fault('policy-engine', `not done after ${budgetMs} ms of work`)
    await othersTurn()
    began = performance.now()
  }
}

/** Pieces of a chunk that are small enough for work of some nanoseconds a byte. */
export function* piecesOf(chunk: Uint8Array, size = 32_768): Generator<Buffer> {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
