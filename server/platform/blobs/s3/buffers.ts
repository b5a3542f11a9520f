import { Fault } from '../../../../shared/fault/index.ts'

/** Buffers that are kept for the next upload rather than left to the garbage collector. */
const KEPT = 8

/**
 * The part buffers of all large uploads: so many bytes and no more, whatever the number of peers that send large mails at
 * once. Who finds none free waits for its turn, and gets `store-unavailable` (451: come again) when that takes too long.
 */
export class PartBuffers {
  readonly #size: number
  readonly #patience: number
  readonly #free: Buffer[] = []
  readonly #waiting = new Set<(buffer: Buffer) => void>()
  #left: number

  constructor({ size, total, patience }: { size: number; total: number; patience: number }) {
    this.#size = size
    this.#left = Math.max(1, Math.floor(total / size))
    this.#patience = patience
  }

  async take(): Promise<Buffer> {
    if (this.#left > 0) {
      this.#left -= 1
      return this.#free.pop() ?? this.#make()
    }
    return new Promise((resolve, reject) => {
      const turn = (buffer: Buffer) => {
        clearTimeout(timer)
        this.#waiting.delete(turn)
        resolve(buffer)
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(turn)
        reject(new Fault('store-unavailable', 'too many large uploads at once'))
      }, this.#patience)
      this.#waiting.add(turn)
    })
  }

  give(buffer: Buffer): void {
    const [next] = this.#waiting
    if (next) next(buffer)
    else {
      this.#left += 1
      if (this.#free.length < KEPT) this.#free.push(buffer)
    }
  }

  /** Not zeroed, and with that not resident before it is written to. */
  #make(): Buffer {
    return Buffer.allocUnsafeSlow(this.#size)
  }
}
