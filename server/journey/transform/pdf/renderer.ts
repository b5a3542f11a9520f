/** The document port: pages are drawn in worker threads that are kept warm, capped in time and memory, and replaced when they misbehave. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { Fault } from '../../../../shared/fault/index.ts'
import type { DocumentPage, DocumentRenderer } from '../../../ports/document.ts'
import type { RenderRequest } from './render-page.ts'
import type { Work, WorkerAnswer, WorkerRequest } from './render-worker.ts'

export interface RendererOptions {
  /** Threads that draw at the same time. One for each core unless told. */
  readonly workers?: number
  /** For one attempt, milliseconds; a mail that cannot be drawn costs at most twice this. 15,000 unless told. */
  readonly timeoutMs?: number
  /** Heap of each worker, MB. 256 unless told. */
  readonly maxMemoryMb?: number
  /** Pages after which a worker is replaced, against what libraries keep. 1,000 unless told. */
  readonly pagesPerWorker?: number
  /** A worker ends after this time without a page and gives its memory back, milliseconds. 60,000 unless told. */
  readonly idleMs?: number
  /** Draws the HTML of mails in place of the layout here, which still makes the cover; what it cannot draw is drawn here. */
  readonly body?: BodyDrawer
}

/** Another way to draw a mail's HTML: pages that follow the cover. Throws when it cannot. */
export interface BodyDrawer {
  draw(page: DocumentPage): Promise<Buffer>
  close(): Promise<void>
}

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './render-worker.ts' : './render-worker.js', import.meta.url)
/** So many pages wait before one more worker is started: a thread costs 50 MB, a page a hundredth of a second. */
const WORTH_A_WORKER = 3

/** A place to work at; its worker comes with the first page. */
interface Seat {
  worker: RenderWorker | null
  idle?: NodeJS.Timeout
}

/**
 * Draws HTML; when that fails or takes too long the mail's text, in the same layout; when that fails too, the text with
 * nothing around it. So a mail is never lost to its own HTML.
 */
export function createDocumentRenderer(options: RendererOptions = {}): DocumentRenderer {
  const { timeoutMs = 15_000, maxMemoryMb = 256, pagesPerWorker = 1_000, idleMs = 60_000, body } = options
  const { workers = availableParallelism() } = options
  const free: Seat[] = []
  const waiting: ((seat: Seat) => void)[] = []
  const atWork = new Set<Promise<unknown>>()
  let seats = 0
  let closed = false

  const take = (): Promise<Seat> => {
    const seat = free.pop()
    if (seat) {
      clearTimeout(seat.idle)
      return Promise.resolve(seat)
    }
    const mine = new Promise<Seat>((resolve) => waiting.push(resolve))
    if (seats === 0 || (seats < workers && waiting.length >= WORTH_A_WORKER)) {
      seats += 1
      waiting.shift()!({ worker: null })
    }
    return mine
  }

  const give = (seat: Seat) => {
    const next = waiting.shift()
    if (next) return next(seat)
    free.push(seat)
    seat.idle = setTimeout(() => void leave(seat), idleMs).unref()
  }

  const leave = async (seat: Seat) => {
    const at = free.indexOf(seat)
    if (at < 0) return
    free.splice(at, 1)
    seats -= 1
    clearTimeout(seat.idle)
    await stopWorker(seat)
  }

  /** One try; a worker that failed is not used again, and neither is one that has drawn its share. */
  const attempt = async (seat: Seat, request: Work): Promise<Buffer> => {
    seat.worker ??= startWorker(maxMemoryMb)
    try {
      const pdf = await seat.worker.make(request, timeoutMs)
      if (seat.worker.pages >= pagesPerWorker) await stopWorker(seat)
      return pdf
    } catch (error) {
      await stopWorker(seat)
      throw error
    }
  }

  /** What failed in a worker that drew pages before may be the worker's fault: it gets a fresh one, unless time ran out. */
  const fairAttempt = async (seat: Seat, request: Work): Promise<Buffer> => {
    const isFresh = (seat.worker?.pages ?? 0) === 0
    try {
      return await attempt(seat, request)
    } catch (error) {
      if (isFresh || error instanceof Late) throw error
      return attempt(seat, request)
    }
  }

  const draw = async (page: DocumentPage): Promise<Buffer> => {
    const causes: unknown[] = []
    const drawn =
      body && page.html !== undefined ? await body.draw(page).catch((error: unknown) => void causes.push(error)) : null
    const attempts: RenderRequest[] = [
      ...(drawn ? [{ page, textOnly: false, body: new Uint8Array(drawn) }] : []),
      ...(page.html === undefined ? [] : [{ page, textOnly: false }]),
      { page, textOnly: true },
    ]
    const seat = await take()
    try {
      for (const request of attempts) {
        try {
          return await fairAttempt(seat, request)
        } catch (error) {
          causes.push(error)
        }
      }
    } finally {
      give(seat)
    }
    try {
      const { plainPage } = await import('./plain-page.ts')
      return await plainPage(page)
    } catch (error) {
      throw new Fault('render-failed', '', { cause: new AggregateError([...causes, error]) })
    }
  }

  const lock = async (pdf: Buffer, password: string): Promise<Buffer | null> => {
    const seat = await take()
    try {
      return await fairAttempt(seat, { lock: pdf, password })
    } catch {
      return null
    } finally {
      give(seat)
    }
  }

  /** Refused once the renderer is closed, which waits for what was begun. */
  const begun = <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new Fault('shutting-down'))
    const mine = work()
    const settled = mine.then(
      () => undefined,
      () => undefined,
    )
    atWork.add(settled)
    void settled.then(() => atWork.delete(settled))
    return mine
  }

  return {
    render: (page) => begun(() => draw(page)),
    lock: (pdf, password) => begun(() => lock(pdf, password)),
    async close() {
      closed = true
      await Promise.all(atWork)
      await Promise.all([...free].map(leave))
      await body?.close()
    },
  }
}

async function stopWorker(seat: Seat): Promise<void> {
  const stopping = seat.worker
  seat.worker = null
  await stopping?.stop()
}

class Late extends Error {}

interface RenderWorker {
  readonly pages: number
  /** Rejects when the worker fails, dies or is late; it must not be used after that. */
  make(request: Work, timeoutMs: number): Promise<Buffer>
  stop(): Promise<void>
}

function startWorker(maxMemoryMb: number): RenderWorker {
  const worker = new Worker(SCRIPT, {
    // None of the server's secrets.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 },
  })
  // An idle worker keeps no process alive.
  worker.unref()
  let pages = 0
  let dead: Error | null = null
  let fail: (error: Error) => void = () => undefined
  const die = (error: Error) => {
    dead ??= error
    fail(error)
  }
  worker.on('error', (error) => die(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => die(new Error(`the render worker ended with ${code}`)))

  return {
    get pages() {
      return pages
    },
    async make(request, timeoutMs) {
      if (dead) throw dead
      const id = ++pages
      worker.ref()
      let timer: NodeJS.Timeout | undefined
      let listen: ((answer: WorkerAnswer) => void) | undefined
      try {
        return await new Promise<Buffer>((done, failed) => {
          fail = failed
          timer = setTimeout(() => failed(new Late(`not drawn within ${timeoutMs} ms`)), timeoutMs)
          listen = (answer) => {
            if (answer.id !== id) return
            if ('pdf' in answer) done(Buffer.from(answer.pdf.buffer, answer.pdf.byteOffset, answer.pdf.byteLength))
            else failed(new Error(answer.failure))
          }
          worker.on('message', listen)
          worker.postMessage({ ...request, id } satisfies WorkerRequest)
        })
      } finally {
        clearTimeout(timer)
        if (listen) worker.off('message', listen)
        worker.unref()
      }
    },
    async stop() {
      await worker.terminate()
    },
  }
}
