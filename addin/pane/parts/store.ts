/** One state, changed by happenings only. */
export interface Store<S, H> {
  get(): S
  send(happening: H): void
  subscribe(heard: () => void): () => void
}

export function createStore<S, H>(reduce: (state: S, happening: H) => S, start: S): Store<S, H> {
  let state = start
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    send(happening) {
      const next = reduce(state, happening)
      if (next === state) return
      state = next
      for (const heard of listeners) heard()
    },
    subscribe(heard) {
      listeners.add(heard)
      return () => void listeners.delete(heard)
    },
  }
}
