/** The other side of the demo, as its sink tells it: who got which mail, which telephone got which text. */
import { Fault } from '../../shared/fault/index.ts'

export interface World {
  readonly mails: readonly WorldMail[]
  readonly texts: readonly { readonly to: string; readonly text: string; readonly at: string }[]
  readonly calls: readonly { readonly path: string; readonly body: unknown; readonly at: string }[]
}

export interface WorldMail {
  readonly address: string
  /** Reverse-path. */
  readonly from: string
  /** ISO 8601. */
  readonly at: string
  /** Of the file in the mailbox. */
  readonly name: string
}

const NOBODY: World = { mails: [], texts: [], calls: [] }
/** What the window shows; a longer mail is on disk. */
const LONGEST = 64 * 1_048_576
const PATIENCE = 5000

/** What arrived so far; nothing where no sink runs. */
export async function readWorld(sink: string): Promise<World> {
  if (!sink) return NOBODY
  const answer = await fetch(new URL('world.json', sink), { signal: AbortSignal.timeout(PATIENCE) }).catch(() => null)
  return answer?.ok ? ((await answer.json()) as World) : NOBODY
}

/** A delivered mail, byte for byte. Raises `not-found`, and `message-too-large` for more than 64 MiB. */
export async function readDelivered(sink: string, address: string, name: string): Promise<Buffer> {
  const url = new URL(`raw/${encodeURIComponent(address)}/${name}`, sink)
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE * 4) }).catch(() => null)
  if (!answer?.ok || !answer.body) throw new Fault('not-found')
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer.body) {
    size += piece.length
    if (size > LONGEST) throw new Fault('message-too-large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}
