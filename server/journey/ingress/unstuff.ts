const LF = 0x0a
const CR = 0x0d
const DOT = 0x2e
const LF_DOT = Buffer.from('\n.')
const NOTHING = Buffer.alloc(0)
/** Below so many bytes a loop copies faster than a call. */
const FEW = 48

export interface Content {
  /** What of the chunk is content, without the dots that were put in front of lines; may share its memory. */
  readonly content: Buffer
  /** Where the chunk goes on behind CRLF.CRLF; -1 when the end has not come. */
  readonly end: number
}

/** What the next byte means depends on what came before it. */
type State =
  | 'line start'
  | 'in a line'
  /** After a CR. */
  | 'CR'
  /** After a dot at the start of a line; held back. */
  | 'dot'
  /** After such a dot and a CR; both held back. */
  | 'dot CR'

/**
 * The content after DATA (RFC 5321 4.5.2): ends with CRLF.CRLF and nothing else; where a line starts with a dot, that dot is
 * taken off. A line starts after CRLF only, so nothing that another server might take for an end is one here. However the
 * bytes are cut into chunks, the result is the same.
 */
export function unstuffer(): { push(chunk: Buffer): Content } {
  let state: State = 'line start'

  return {
    push(chunk) {
      const length = chunk.length
      /** Only where something is left out. */
      let copy: Buffer | null = null
      let copied = 0
      let from = 0
      let at = 0

      function flush(to: number): void {
        // A CR that was held back may come in front of all of the chunk.
        copy ??= Buffer.allocUnsafe(length + 1)
        if (to - from > FEW) copied += chunk.copy(copy, copied, from, to)
        else for (let index = from; index < to; index++) copy[copied++] = chunk[index]!
        from = to
      }

      while (at < length) {
        if (state === 'in a line') {
          const hit = chunk.indexOf(LF_DOT, at)
          if (hit < 0) {
            state = endingOf(chunk, at)
            at = length
          } else {
            if (hit > at && chunk[hit - 1] === CR) state = 'line start'
            at = hit + 1
          }
        } else if (state === 'line start') {
          if (chunk[at] === DOT) {
            flush(at)
            from = ++at
            state = 'dot'
          } else state = 'in a line'
        } else if (state === 'CR') {
          if (chunk[at] === LF) {
            at++
            state = 'line start'
          } else state = 'in a line'
        } else if (state === 'dot') {
          if (chunk[at] === CR) {
            from = ++at
            state = 'dot CR'
          } else state = 'in a line'
        } else if (chunk[at] === LF) {
          state = 'line start'
          return { content: copy ? copy.subarray(0, copied) : NOTHING, end: at + 1 }
        } else {
          copy ??= Buffer.allocUnsafe(length + 1)
          copy[copied++] = CR
          state = chunk[at] === CR ? 'CR' : 'in a line'
          if (state === 'CR') at++
        }
      }
      if (!copy) return { content: from === 0 ? chunk : chunk.subarray(from), end: -1 }
      flush(length)
      return { content: copy.subarray(0, copied), end: -1 }
    },
  }
}

/** How a chunk ends whose bytes from `at` on are within a line or behind it. */
function endingOf(chunk: Buffer, at: number): State {
  const last = chunk.length - 1
  if (chunk[last] === CR) return 'CR'
  return chunk[last] === LF && last > at && chunk[last - 1] === CR ? 'line start' : 'in a line'
}
