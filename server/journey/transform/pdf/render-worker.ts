/** Worker thread around `renderPage`: takes requests one after another and answers each with bytes or the reason why not. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { type RenderRequest, renderPage } from './render-page.ts'

export interface WorkerRequest extends RenderRequest {
  readonly id: number
}
export type WorkerAnswer =
  | { readonly id: number; readonly pdf: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly failure: string }

const port = parentPort
if (port === null) throw new Error('render-worker runs in a worker thread only')

port.on('message', (request: WorkerRequest) => void answer(port, request))

async function answer(port: MessagePort, { id, ...request }: WorkerRequest): Promise<void> {
  try {
    // A copy of its own memory, so that it can be handed over and not copied again.
    const pdf = new Uint8Array(await renderPage(request))
    port.postMessage({ id, pdf } satisfies WorkerAnswer, [pdf.buffer])
  } catch (error) {
    port.postMessage({
      id,
      failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
    } satisfies WorkerAnswer)
  }
}
