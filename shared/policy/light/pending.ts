/**
 * In a browser the engine comes without its large tables: UTS 46 (international domain names), RE2 and the YAML parser. A
 * bundler puts the stand-ins beside this file in their place. The first use of a table that is not there yet throws `Pending`;
 * `engine.ts` waits for it and starts again, which is safe because the engine is pure.
 */
export class Pending extends Error {
  readonly load: () => Promise<void>

  constructor(load: () => Promise<void>) {
    super('a table is not loaded yet')
    this.load = load
  }
}

/** A module that is fetched on first use. */
export class Table<M> {
  readonly #fetch: () => Promise<M>
  #module: M | undefined

  constructor(fetch: () => Promise<M>) {
    this.#fetch = fetch
  }

  /** The module. Throws `Pending` until it is loaded. */
  get(): M {
    if (this.#module !== undefined) return this.#module
    throw new Pending(async () => {
      this.#module = await this.#fetch()
    })
  }
}

/** Runs a pure function, again after each table it turned out to need. */
export async function complete<T>(work: () => T): Promise<T> {
  for (;;) {
    try {
      return work()
    } catch (problem) {
      if (!(problem instanceof Pending)) throw problem
      await problem.load()
    }
  }
}
