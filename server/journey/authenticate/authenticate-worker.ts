/** Worker thread around `verify`: mailauth looks at hostile headers and bodies, and may take seconds for one of them. */
import { parentPort } from 'node:worker_threads'
import { type Line, openLine } from '../../threads/line.ts'
import type { LookedUp } from './verify.ts'
import { type Authentication, type VerifyRequest, verify } from './verify.ts'

/** Asked of the worker. */
export type VerifierMethods = {
  verify(mail: number, request: VerifyRequest): Promise<Authentication>
}

/** Asked of the thread that has the mail. */
export type HolderMethods = {
  /** The next piece of the mail; null at the end. */
  nextPiece(mail: number): Promise<Uint8Array | null>
  lookUp(mail: number, name: string, type: string): Promise<LookedUp>
}

const port = parentPort
if (port === null) throw new Error('authenticate-worker runs in a worker thread only')

const holder: Line<HolderMethods> = openLine<HolderMethods>(port, {
  verify: (mail: number, request: VerifyRequest) =>
    verify(request, pieces(mail), (name, type) => holder.call('lookUp', mail, name, type)),
})

async function* pieces(mail: number): AsyncGenerator<Buffer> {
  for (;;) {
    const piece = await holder.call('nextPiece', mail)
    if (!piece) return
    yield Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  }
}
