/** A file that stands inside of another, as its container names it. */
export interface Member {
  readonly name: string
  /** Names that other readers show for it. */
  readonly otherNames?: readonly string[]
  /** Media type where the container tells one. */
  readonly declaredType?: string
  readonly charset?: string | undefined
  /** Unpacked bytes as the container says; for members that cannot be opened. */
  readonly size?: number
  /** A password is needed. */
  readonly encrypted?: boolean
  /** Content from its first byte, as often as wanted; null where it cannot be read. */
  readonly open: Open | null
}

export type Open = () => AsyncIterable<Buffer>

/** Takes one member after the other; false: no more are wanted. */
export type Visit = (member: Member) => Promise<boolean>

/** How much was seen of a container: `part` when there may be more inside than was visited, `locked` when a password is in the way. */
export type Seen = 'all' | 'part' | 'locked'

/** The unpacked content does not fit into what a mail may cost. */
export class BudgetSpent extends Error {}

/** Bytes that may be unpacked or read again for one mail: an archive of a few kilobytes can hold terabytes. */
export class Budget {
  #left: number

  constructor(bytes: number) {
    this.#left = bytes
  }

  get left(): number {
    return this.#left
  }

  /** Raises `BudgetSpent`. */
  spend(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) throw new BudgetSpent()
  }

  /** The same stream, counted. */
  async *counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.spend(chunk.length)
      yield chunk
    }
  }
}

/** At most `cap` bytes, or null when there are more. */
export async function held(chunks: AsyncIterable<Buffer>, cap: number): Promise<Buffer | null> {
  const kept: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > cap) return null
    kept.push(chunk)
  }
  return Buffer.concat(kept)
}

/** A buffer as something that can be opened. */
export function openBuffer(bytes: Buffer): Open {
  return async function* () {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }
}

/** Damaged packing and a spent budget are facts about a file; everything else is an error and is thrown on. */
export function unlessDamaged(error: unknown): Record<never, never> {
  const code = (error as { readonly code?: unknown } | null)?.code
  const damaged = typeof code === 'string' && /^(Z_|ZSTD_|ERR_STREAM_PREMATURE)/.test(code)
  if (damaged || error instanceof BudgetSpent) return {}
  throw error
}
