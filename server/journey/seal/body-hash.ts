import { createHash, type Hash } from 'node:crypto'
import { othersTurn, piecesOf } from '../../threads/turn.ts'

/** Hash of a body as it is written: relaxed canonical form (RFC 6376 3.4.4), SHA-256, base64. */
export interface BodyHash {
  /** Passes the chunks on and hashes them, with turns of the event loop in between. */
  through(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>
  /** Once, when everything has passed. */
  digest(): string
}

const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const PIECE = 32_768
const EMPTY_LINES = Buffer.from('\r\n'.repeat(PIECE / 2))

/**
 * Linear in the body whatever stands in it: mailauth's own, made to take lines of any kind, needs seconds for a megabyte of
 * white space, and it runs on our event loop. Line ends are CRLF: the ingress lets no others in.
 */
class RelaxedBody {
  readonly #hash: Hash = createHash('sha256')
  /** One byte may become three: the line end and the space before it were held back. */
  readonly #out = Buffer.allocUnsafe(3 * PIECE)
  /** White space that counts once something follows it on its line. */
  #space = false
  /** Line ends that count once something follows them. */
  #ends = 0
  #begun = false

  /** At most `PIECE` bytes. */
  update(piece: Buffer): void {
    const out = this.#out
    let at = 0
    for (const byte of piece) {
      if (byte === SPACE || byte === TAB) this.#space = true
      else if (byte === LF) {
        this.#ends++
        this.#space = false
      } else if (byte !== CR) {
        if (this.#ends > 0) {
          if (this.#ends === 1) {
            out[at++] = CR
            out[at++] = LF
          } else {
            this.#hash.update(out.subarray(0, at))
            at = 0
            this.#emptyLines()
          }
          this.#ends = 0
        }
        if (this.#space) {
          out[at++] = SPACE
          this.#space = false
        }
        out[at++] = byte
        this.#begun = true
      }
    }
    this.#hash.update(out.subarray(0, at))
  }

  #emptyLines(): void {
    for (let left = 2 * this.#ends; left > 0; left -= EMPTY_LINES.length)
      this.#hash.update(EMPTY_LINES.subarray(0, Math.min(left, EMPTY_LINES.length)))
  }

  digest(): string {
    if (this.#begun) this.#hash.update('\r\n')
    return this.#hash.digest('base64')
  }
}

export function createBodyHash(): BodyHash {
  const hash = new RelaxedBody()
  return {
    through: (body) => hashed(hash, body),
    digest: () => hash.digest(),
  }
}

async function* hashed(hash: RelaxedBody, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    for (const piece of piecesOf(chunk, PIECE)) {
      hash.update(piece)
      await othersTurn()
    }
    yield chunk
  }
}

/** The hash of a body that can be read again. */
export async function hashOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createBodyHash()
  for await (const _ of hash.through(body));
  return hash.digest()
}
