import type { SMTPServerDataStream } from 'smtp-server'
import { Fault } from '../../../shared/fault/index.ts'

/** The stream survives a reader that stops early, so that the rest of the message can still be drained. */
export async function* contentOf(stream: SMTPServerDataStream): AsyncGenerator<Uint8Array> {
  try {
    yield* stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('connection-lost', '', { cause: error })
  }
}
