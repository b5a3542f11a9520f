/** Hashes of signed data (RFC 9580 5.2.4) for as many signatures as stand over it, each kind computed once. */
import { createHash, type Hash } from 'node:crypto'
import { uint32 } from './packet.ts'

/** RFC 9580 9.5 to OpenSSL. MD5, RIPEMD-160 and what nobody knows have no entry: no signature over them counts. */
const HASHES: Readonly<Record<number, string>> = {
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
}
/** Signature over a text with canonical line ends (RFC 9580 5.2.1.2). */
export const TEXT = 1

/** What decides how data are hashed, known before the data from a one-pass packet or a detached signature. */
export interface HashedAs {
  /** Hash algorithm id. */
  readonly hash: number
  /** 0 binary, 1 text. */
  readonly type: number
  /** Version 6 only; empty otherwise. */
  readonly salt: Uint8Array
}

export interface SignatureFields extends HashedAs {
  readonly version: number
  /** The signature packet from its version to the end of its hashed subpackets. */
  readonly signed: Uint8Array
}

const nameOf = ({ hash, type, salt }: HashedAs) => `${hash} ${type} ${Buffer.from(salt).toString('hex')}`

export class Digests {
  readonly #running = new Map<string, { readonly hash: Hash; readonly text: CanonicalText | null }>()

  constructor(kinds: readonly HashedAs[]) {
    for (const kind of kinds) {
      const algorithm = HASHES[kind.hash]
      if (!algorithm || this.#running.has(nameOf(kind))) continue
      const hash = createHash(algorithm).update(kind.salt)
      this.#running.set(nameOf(kind), { hash, text: kind.type === TEXT ? new CanonicalText() : null })
    }
  }

  update(bytes: Uint8Array): void {
    for (const { hash, text } of this.#running.values()) {
      if (text) for (const piece of text.update(bytes)) hash.update(piece)
      else hash.update(bytes)
    }
  }

  /** Digest for one signature, null where nothing was hashed its way. */
  of(fields: SignatureFields): Buffer | null {
    const running = this.#running.get(nameOf(fields))
    if (!running) return null
    const hash = running.hash.copy()
    hash.update(fields.signed)
    return hash.update(Buffer.concat([Buffer.of(fields.version, 0xff), uint32(fields.signed.length)])).digest()
  }
}

const LF = 0x0a
const CR = 0x0d
const CRLF = Buffer.of(CR, LF)

/** Every LF becomes CRLF unless it is one already. */
class CanonicalText {
  #last = 0;

  *update(bytes: Uint8Array): Generator<Uint8Array> {
    let from = 0
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
      const before = at === 0 ? this.#last : bytes[at - 1]
      if (before === CR) continue
      yield bytes.subarray(from, at)
      yield CRLF
      from = at + 1
    }
    if (from < bytes.length) yield bytes.subarray(from)
    this.#last = bytes.at(-1) ?? this.#last
  }
}
