import { Fault } from '../../../shared/fault/index.ts'

const LF = 0x0a
const CR = 0x0d

/** Looks at every byte of a message once, chunk by chunk; throws at the first thing that must not be stored. */
export interface LineCheck {
  /** Raises `bare-line-end`, `nul-byte` or `line-too-long`. */
  push(chunk: Uint8Array): void
  /** To be called once after the last chunk; raises `bare-line-end` for a final lone CR. */
  end(): void
  /** A byte above 127 has been seen. */
  readonly eightBit: boolean
  /** The bytes so far end with CRLF (or there are none). */
  readonly complete: boolean
}

/**
 * Canonical form of a message: lines end with CRLF and nothing else, no NUL, no line above `maxLine` octets.
 *
 * Bare CR and LF are refused, never repaired: what one server takes for a line end and another does not is how a second
 * message is smuggled in (RFC 5321 2.3.8). Lines above 998 octets (RFC 5322 2.1.1) are refused as well: cutting them, as
 * others do, alters signed content without a word.
 *
 * @param maxLine octets of a line without its CRLF
 */
export function checkLines(maxLine = 998): LineCheck {
  let bits = 0
  /** Octets of the unfinished line in earlier chunks. */
  let carried = 0
  let lastWasCr = false

  return {
    push(chunk) {
      const length = chunk.length
      if (length === 0) return
      let start = 0
      let at = 0
      if (lastWasCr) {
        if (chunk[0] !== LF) throw new Fault('bare-line-end', 'CR without LF')
        lastWasCr = false
        carried = 0
        start = at = 1
      }
      for (; at < length; at++) {
        const byte = chunk[at]!
        if (byte > CR) {
          bits |= byte
          continue
        }
        if (byte === CR) {
          if (carried + at - start > maxLine) throw new Fault('line-too-long')
          if (at + 1 === length) {
            lastWasCr = true
            return
          }
          if (chunk[at + 1] !== LF) throw new Fault('bare-line-end', 'CR without LF')
          carried = 0
          at++
          start = at + 1
        } else if (byte === LF) throw new Fault('bare-line-end', 'LF without CR')
        else if (byte === 0) throw new Fault('nul-byte')
      }
      carried += length - start
      if (carried > maxLine) throw new Fault('line-too-long')
    },
    end() {
      if (lastWasCr) throw new Fault('bare-line-end', 'CR without LF')
    },
    get eightBit() {
      return bits > 127
    },
    get complete() {
      return carried === 0 && !lastWasCr
    },
  }
}
