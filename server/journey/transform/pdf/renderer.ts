/** The document port: pages are drawn in a worker thread that is kept warm, capped in time and memory, and replaced when it misbehaves. */
import { Worker } from 'node:worker_threads'
import { Fault } from '../../../../shared/fault/index.ts'
import type { DocumentPage, DocumentRenderer } from '../../../ports/document.ts'
import type { RenderRequest } from './render-page.ts'
import type { WorkerAnswer, WorkerRequest } from './render-worker.ts'

export interface RendererOptions {
  /** For one attempt, milliseconds; a mail that cannot be drawn costs at most twice this. 15,000 unless told. */
  readonly timeoutMs?: number
  /** Heap of the worker, MB. 256 unless told. */
  readonly maxMemoryMb?: number
  /** Pages after which the worker is replaced, against what libraries keep. 100 unless told. */
  readonly pagesPerWorker?: number
  /** The worker ends after this time without a page and gives its memory back, milliseconds. 60,000 unless told. */
  readonly idleMs?: number
  /** Start the worker now and not with the first page (about half a second of processor time), and never end it for idleness. */
  readonly warm?: boolean
}

const SCRIPT = new URL(import.meta.url.endsWith('.ts') ? './render-worker.ts' : './render-worker.js', import.meta.url)

/**
 * Draws HTML; when that fails or takes too long the mail's text, in the same layout; when that fails too, the text with
 * nothing around it. So a mail is never lost to its own HTML. Pages are drawn one at a time, in the order asked.
 */
export function createDocumentRenderer(options: RendererOptions = {}): DocumentRenderer {
  const { timeoutMs = 15_000, maxMemoryMb = 256, pagesPerWorker = 100, idleMs = 60_000, warm = false } = options
  let worker: RenderWorker | null = null
  let closed = false
  let idle: NodeJS.Timeout | undefined
  let turn: Promise<unknown> = Promise.resolve()

  const stopWorker = async () => {
    const stopping = worker
    worker = null
    await stopping?.stop()
  }

  /** One try; a worker that failed is not used again, and neither is one that has drawn its share. */
  const attempt = async (request: RenderRequest): Promise<Buffer> => {
    worker ??= startWorker(maxMemoryMb)
    try {
      const pdf = await worker.render(request, timeoutMs)
      if (worker.pages >= pagesPerWorker) await stopWorker()
      return pdf
    } catch (error) {
      await stopWorker()
      throw error
    }
  }

  /** What failed in a worker that drew pages before may be the worker's fault: it gets a fresh one, unless time ran out. */
  const fairAttempt = async (request: RenderRequest): Promise<Buffer> => {
    const isFresh = (worker?.pages ?? 0) === 0
    try {
      return await attempt(request)
    } catch (error) {
      if (isFresh || error instanceof Late) throw error
      return attempt(request)
    }
  }

  const draw = async (page: DocumentPage): Promise<Buffer> => {
    const causes: unknown[] = []
    for (const textOnly of page.html === undefined ? [true] : [false, true]) {
      try {
        return await fairAttempt({ page, textOnly })
      } catch (error) {
        causes.push(error)
      }
    }
    try {
      const { plainPage } = await import('./plain-page.ts')
      return await plainPage(page)
    } catch (error) {
      throw new Fault('render-failed', '', { cause: new AggregateError([...causes, error]) })
    }
  }

  const queue = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }

  if (warm) worker = startWorker(maxMemoryMb)
  return {
    render(page) {
      if (closed) return Promise.reject(new Fault('shutting-down'))
      clearTimeout(idle)
      return queue(() => draw(page)).finally(() => {
        clearTimeout(idle)
        if (!warm) idle = setTimeout(() => void queue(stopWorker), idleMs).unref()
      })
    },
    async close() {
      closed = true
      await queue(stopWorker)
      clearTimeout(idle)
    },
  }
}

class Late extends Error {}

interface RenderWorker {
  readonly pages: number
  /** Rejects when the worker fails, dies or is late; it must not be used after that. */
  render(request: RenderRequest, timeoutMs: number): Promise<Buffer>
  stop(): Promise<void>
}

function startWorker(maxMemoryMb: number): RenderWorker {
  const worker = new Worker(SCRIPT, {
    // React's production build, and none of the server's secrets.
    env: { NODE_ENV: 'production' },
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
    async render(request, timeoutMs) {
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
