/** Worker thread around what makes PDFs: takes requests one after another and answers each with bytes or the reason why not. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { encryptedPdf } from './container.ts'
import { type RenderRequest, renderPage } from './render-page.ts'

/** A stranger's PDF that gets a password. What the library keeps of it for good goes with the worker. */
export interface LockRequest {
  readonly lock: Uint8Array
  readonly password: string
}
/** What a worker can be asked for. */
export type Work = RenderRequest | LockRequest
export type WorkerRequest = Work & { readonly id: number }
export type WorkerAnswer =
  | { readonly id: number; readonly pdf: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly failure: string }

const port = parentPort
if (port === null) throw new Error('render-worker runs in a worker thread only')

port.on('message', (request: WorkerRequest) => void answer(port, request))

async function answer(port: MessagePort, { id, ...request }: WorkerRequest): Promise<void> {
  try {
    // A copy of its own memory, so that it can be handed over and not copied again.
    const pdf = new Uint8Array(await ('lock' in request ? locked(request) : renderPage(request)))
    port.postMessage({ id, pdf } satisfies WorkerAnswer, [pdf.buffer])
  } catch (error) {
    port.postMessage({
      id,
      failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
    } satisfies WorkerAnswer)
  }
}

async function locked({ lock, password }: LockRequest): Promise<Buffer> {
  const page = Buffer.from(lock.buffer, lock.byteOffset, lock.byteLength)
  const options = { page, files: [], userPassword: password, ownerPassword: null, time: 0 }
  const pieces: Buffer[] = []
  for await (const piece of encryptedPdf(options)) pieces.push(piece)
  return Buffer.concat(pieces)
}
