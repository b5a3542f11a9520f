import { Fault } from '../../../shared/fault/index.ts'

const LF = 0x0a
const CR = 0x0d
/** The highest bit of each of four bytes, as an int32. */
const EIGHTH_BITS = 0x80808080 | 0

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
  /** Every byte that is no control character, OR-ed in its place within a word. */
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
      // A variable of the call: one that the closure shares is written to memory for every word.
      let seen = bits
      if (lastWasCr) {
        if (chunk[0] !== LF) throw new Fault('bare-line-end', 'CR without LF')
        lastWasCr = false
        carried = 0
        start = at = 1
      }
      const skew = -chunk.byteOffset & 3
      const words = new Int32Array(chunk.buffer, chunk.byteOffset + skew, Math.max(0, length - skew) >> 2)
      while (at < length) {
        // Four bytes at a time as long as none of them is below 14: four times as fast as a look at each.
        if (at >= skew && ((at - skew) & 3) === 0) {
          let index = (at - skew) >> 2
          for (; index < words.length; index++) {
            const word = words[index]!
            if (((word - 0x0e0e0e0e) & ~word & EIGHTH_BITS) !== 0) break
            seen |= word
          }
          at = skew + (index << 2)
          if (at >= length) break
        }
        const byte = chunk[at]!
        if (byte === CR) {
          if (carried + at - start > maxLine) throw new Fault('line-too-long')
          if (at + 1 === length) {
            lastWasCr = true
            bits = seen
            return
          }
          if (chunk[at + 1] !== LF) throw new Fault('bare-line-end', 'CR without LF')
          carried = 0
          at += 2
          start = at
          continue
        }
        if (byte === LF) throw new Fault('bare-line-end', 'LF without CR')
        if (byte === 0) throw new Fault('nul-byte')
        seen |= byte
        at++
      }
      bits = seen
      carried += length - start
      if (carried > maxLine) throw new Fault('line-too-long')
    },
    end() {
      if (lastWasCr) throw new Fault('bare-line-end', 'CR without LF')
    },
    get eightBit() {
      return (bits & EIGHTH_BITS) !== 0
    },
    get complete() {
      return carried === 0 && !lastWasCr
    },
  }
}
