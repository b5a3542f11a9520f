import { piecesOf, Turn } from '../../mime/turn.ts'

/** Hash of a body as it is written: relaxed canonical form (RFC 6376 3.4.4), SHA-256, base64. */
export interface BodyHash {
  /** Passes the chunks on and hashes them, with turns of the event loop in between. */
  through(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
  /** Once, when everything has passed. */
  digest(): string
}

export async function createBodyHash(): Promise<BodyHash> {
  const { dkimBody } = await import('mailauth/lib/dkim/body/index.js')
  const hash = dkimBody('relaxed', 'sha256', false)
  return {
    async *through(body) {
      const turn = new Turn()
      for await (const chunk of body) {
        for (const piece of piecesOf(chunk)) {
          hash.update(piece)
          await turn.pause()
        }
        yield chunk
      }
    },
    digest: () => hash.digest('base64'),
  }
}

/** The hash of a body that can be read again. */
export async function hashOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = await createBodyHash()
  for await (const _ of hash.through(body));
  return hash.digest()
}
