/** Bytes of mail that are opened at the same time; a larger mail is opened alone. */
export interface Turns {
  take(bytes: number): Promise<Disposable>
}

/** First come, first served: containers are held in memory with their content, so their sum has to stay bounded. */
export function createTurns(budget: number): Turns {
  let used = 0
  let running = 0
  const waiting: { readonly bytes: number; readonly go: () => void }[] = []
  const fits = (bytes: number) => running === 0 || used + bytes <= budget

  function begin(bytes: number): Disposable {
    used += bytes
    running++
    let ended = false
    return {
      [Symbol.dispose]() {
        if (ended) return
        ended = true
        used -= bytes
        running--
        while (waiting[0] && fits(waiting[0].bytes)) waiting.shift()!.go()
      },
    }
  }

  return {
    take: (bytes) =>
      waiting.length === 0 && fits(bytes)
        ? Promise.resolve(begin(bytes))
        : new Promise((resolve) => waiting.push({ bytes, go: () => resolve(begin(bytes)) })),
  }
}
