/** Work that stops after each small step, so that whoever has other work to do can go on with it when that is done. */
export type Steps<T> = Generator<undefined, T>

/** The result of work that is done in one go. */
export function completed<T>(work: Steps<T>): T {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}
