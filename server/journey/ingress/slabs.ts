/** A piece of lent memory: the number names this lending and no other. */
export interface Slab {
  readonly ticket: number
  /** All of it; shared with other threads, not copied to them. */
  readonly memory: Buffer
}

interface Lent {
  readonly memory: Buffer
  length: number
}

/** Free slabs that stay when nothing is lent. */
const STAY = 4

/**
 * Memory for larger mail on its way through the threads, lent and given back. Shared memory is not counted by V8: buffers of its
 * own of a megabyte made it mark the whole heap for every eighth mail, to free nothing (docs/decisions/0034). So nobody
 * collects it either: who has a ticket gives it back. A ticket that was given back opens nothing, whoever has the slab now.
 */
export class Slabs {
  readonly #size: number
  readonly #most: number
  readonly #free: Buffer[] = []
  readonly #lent = new Map<number, Lent>()
  #last = 0

  /** @param size bytes of one @param most lent at once */
  constructor(size: number, most: number) {
    this.#size = size
    this.#most = most
  }

  /** Null where all are lent: the mail goes another way. */
  lend(): Slab | null {
    if (this.#lent.size >= this.#most) return null
    const memory = this.#free.pop() ?? Buffer.from(new SharedArrayBuffer(this.#size))
    const ticket = ++this.#last
    this.#lent.set(ticket, { memory, length: 0 })
    return { ticket, memory }
  }

  /** How much of it is the mail. */
  filled(ticket: number, length: number): void {
    const lent = this.#lent.get(ticket)
    if (lent) lent.length = length
  }

  /** The mail; null where the ticket was given back. */
  read(ticket: number): Uint8Array | null {
    const lent = this.#lent.get(ticket)
    return lent ? lent.memory.subarray(0, lent.length) : null
  }

  /** Nobody reads or writes it any more. */
  giveBack(ticket: number): void {
    const lent = this.#lent.get(ticket)
    if (!this.#lent.delete(ticket) || !lent) return
    this.#free.push(lent.memory)
    if (this.#lent.size === 0) this.#free.length = Math.min(this.#free.length, STAY)
  }

  /** Somebody may still read it, such as a socket that was cut: it is left to the collector, and another one made. */
  abandon(ticket: number): void {
    this.#lent.delete(ticket)
  }
}
