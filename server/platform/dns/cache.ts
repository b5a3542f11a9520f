export interface CacheOptions<T> {
  readonly entries: number
  /** Seconds a value is good for. */
  readonly ttl: (value: T) => number
}

/** Values by key for as long as each says, so many at most; whoever asks while the answer is under way shares it. */
export function createCache<T>({ entries, ttl }: CacheOptions<T>) {
  const kept = new Map<string, { readonly value: T; readonly until: number }>()
  const coming = new Map<string, Promise<T>>()

  async function fetch(key: string, ask: () => Promise<T>): Promise<T> {
    try {
      const value = await ask()
      const seconds = ttl(value)
      if (seconds > 0) {
        // The oldest goes first; a Map keeps the order of insertion.
        const [oldest] = kept.keys()
        if (kept.size >= entries && oldest !== undefined) kept.delete(oldest)
        kept.delete(key)
        kept.set(key, { value, until: performance.now() + seconds * 1_000 })
      }
      return value
    } finally {
      coming.delete(key)
    }
  }

  return {
    async get(key: string, ask: () => Promise<T>): Promise<T> {
      const known = kept.get(key)
      if (known && known.until > performance.now()) return known.value
      const under = coming.get(key) ?? fetch(key, ask)
      coming.set(key, under)
      return await under
    },
  }
}
