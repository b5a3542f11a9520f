interface Round {
  readonly paths: Set<string>
  readonly done: Promise<void>
}

/**
 * Makes names durable for many at once: whoever asks while a round of fsyncs is under way is served by the next one, and
 * a directory is flushed once per round however many wait for it. The returned call resolves when names that were made
 * before it survive a power cut.
 */
export function sharedDirectorySync(sync: (path: string) => Promise<void>): (paths: Iterable<string>) => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let next: Round | null = null

  function open(): Round {
    const paths = new Set<string>()
    const done = running
      .catch(() => {})
      .then(async () => {
        next = null
        await Promise.all([...paths].map(sync))
      })
    running = done
    return { paths, done }
  }

  return (paths) => {
    next ??= open()
    for (const path of paths) next.paths.add(path)
    return next.done
  }
}
