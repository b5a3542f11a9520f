import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../../ports/log.ts'
import type { Pass } from './checkpoint-thread.ts'

const SCRIPT = new URL(
  import.meta.url.endsWith('.ts') ? './checkpoint-thread.ts' : './checkpoint-thread.js',
  import.meta.url,
)

export interface CheckpointLimits {
  /** Commits after which a pass is due. */
  readonly commits: number
  /** Least time between two passes, ms. */
  readonly pauseMs: number
  /** Frames (one page each) beyond which writers wait for a pass, so that the WAL can begin anew. */
  readonly frames: number
  /** The thread ends after so many ms without a pass. */
  readonly idleMs: number
}

export const CHECKPOINT_LIMITS: CheckpointLimits = { commits: 128, pauseMs: 3_000, frames: 16_384, idleMs: 60_000 }

export interface CheckpointDeps {
  readonly file: string
  readonly log: Log
  /** The disk failed: an I/O error of a checkpoint makes the WAL as doubtful as one of our own flush. */
  readonly onDiskFailure: (error: Error) => void
  /** There is no thread to do it: SQLite has to checkpoint by itself. */
  readonly onNoThread: () => void
  readonly limits?: Partial<CheckpointLimits>
}

/**
 * Checkpoints in a thread of their own, because copying pages and two flushes would hold the event loop for tens of
 * milliseconds. PASSIVE ones hold up neither writers nor readers, but under constant load they never come to the end of
 * the WAL, and only from there can it begin anew. So when it has become long, the next group waits for one more pass over
 * the few frames that are left.
 */
export class Checkpoints {
  readonly #deps: CheckpointDeps
  readonly #limits: CheckpointLimits
  #thread: Worker | null = null
  #idle: NodeJS.Timeout | undefined
  #commits = 0
  #running: Promise<void> | null = null
  #room: Promise<void> | null = null
  #lastPass = 0
  #blockedUntil = 0
  #off = false

  constructor(deps: CheckpointDeps) {
    this.#deps = deps
    this.#limits = { ...CHECKPOINT_LIMITS, ...deps.limits }
  }

  /** Null, or what the next group waits for before it begins. */
  get room(): Promise<void> | null {
    return this.#room
  }

  /** Tells of a commit; begins a pass when one is due. */
  committed(): void {
    this.#commits += 1
    if (this.#off || this.#running || this.#commits < this.#limits.commits) return
    if (performance.now() - this.#lastPass < this.#limits.pauseMs) return
    this.#running = this.#round().finally(() => {
      this.#running = null
      this.#lastPass = performance.now()
    })
  }

  async close(): Promise<void> {
    this.#off = true
    await this.#running
    clearTimeout(this.#idle)
    const thread = this.#thread
    this.#thread = null
    if (!thread) return
    const ended = once(thread, 'exit')
    thread.ref()
    thread.postMessage('close')
    await ended
  }

  async #round(): Promise<void> {
    this.#commits = 0
    const first = await this.#pass()
    if (!first || first.log <= this.#limits.frames || performance.now() < this.#blockedUntil) return
    let open = () => {}
    this.#room = new Promise((resolve) => {
      open = resolve
    })
    try {
      const last = await this.#pass()
      if (!last || last.done === last.log) return
      // A long reader elsewhere holds the WAL: waiting for it at every pass would only make mail slow.
      this.#blockedUntil = performance.now() + 10_000
      this.#deps.log.warn('store.checkpoint-blocked', { frames: last.log, done: last.done })
    } finally {
      this.#room = null
      open()
    }
  }

  /** One pass; null when it failed, which has been seen to. */
  async #pass(): Promise<{ log: number; done: number } | null> {
    clearTimeout(this.#idle)
    try {
      this.#thread ??= this.#start()
      const thread = this.#thread
      const [pass] = (await onceOrEnd(thread, () => thread.postMessage('pass'))) as [Pass]
      if (!('failed' in pass)) return pass
      this.#deps.log.error('store.checkpoint-failed', { code: pass.failed })
      if (pass.failed.startsWith('SQLITE_IOERR')) {
        this.#off = true
        this.#deps.onDiskFailure(new Error(pass.text))
      }
    } catch (error) {
      this.#deps.log.error('store.checkpoint-failed', { code: String(error) })
      this.#off = true
      this.#thread = null
      this.#deps.onNoThread()
    } finally {
      this.#idle = setTimeout(() => this.#end(), this.#limits.idleMs).unref()
    }
    return null
  }

  #start(): Worker {
    const thread = new Worker(SCRIPT, {
      workerData: { file: this.#deps.file },
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4 },
    })
    thread.unref()
    return thread
  }

  #end(): void {
    this.#thread?.postMessage('close')
    this.#thread = null
  }
}

/** The next message of a thread; rejects when it fails or ends before. */
async function onceOrEnd(thread: Worker, ask: () => void): Promise<unknown[]> {
  const done = new AbortController()
  // Idle it keeps no process alive; at work it does.
  thread.ref()
  const ended = once(thread, 'exit', { signal: done.signal }).then(([code]) => {
    throw new Error(`the checkpoint thread ended with ${String(code)}`)
  })
  ended.catch(() => {})
  try {
    const answer = once(thread, 'message', { signal: done.signal })
    answer.catch(() => {})
    ask()
    return await Promise.race([answer, ended])
  } finally {
    done.abort()
    thread.unref()
  }
}
