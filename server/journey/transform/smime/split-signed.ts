import { Fault } from '../../../../shared/fault/index.ts'
import type { ByteSource } from '../../../ports/bytes.ts'

/** Byte range of a part, `end` exclusive. */
export interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Finds the two parts of a multipart/signed body (RFC 1847 2.1) between `start` and `end` without holding it: the signed
 * part exactly as it was hashed (header, empty line and body, without the CRLF in front of the delimiter) and the
 * signature part. Raises `mime-malformed` unless there are exactly two parts and a closing delimiter, because what stands
 * in a third part or after an open end is not covered and must not look as if it were.
 */
export async function splitSigned(
  source: ByteSource,
  boundary: string,
  start = 0,
  end = source.size,
): Promise<{ content: Range; signature: Range }> {
  if (boundary.length === 0 || boundary.length > 70) throw malformed('bad boundary')
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  const found: { line: number; after: number; closing: boolean }[] = []
  for await (const { at, text } of linesAt(source, start, end, delimiter.length + 2 + 78)) {
    if (!text.subarray(0, delimiter.length).equals(delimiter)) continue
    const rest = text.subarray(delimiter.length).toString('latin1')
    const closing = rest.startsWith('--')
    if (!/^[ \t]*\r\n$/.test(closing ? rest.slice(2) : rest) && at + text.length !== end) continue
    found.push({ line: at, after: at + text.length, closing })
    if (closing || found.length > 3) break
  }
  const [first, second, last] = found
  if (!first || !second || !last || found.length !== 3 || first.closing || second.closing || !last.closing) {
    throw malformed('a signed mail has two parts and a closing delimiter')
  }
  return {
    content: { start: first.after, end: Math.max(first.after, second.line - 2) },
    signature: { start: second.after, end: Math.max(second.after, last.line - 2) },
  }
}

const malformed = (detail: string) => new Fault('mime-malformed', detail)

/** Lines that begin with `--`, cut at `longest` bytes; other lines are only counted. */
async function* linesAt(
  source: ByteSource,
  start: number,
  end: number,
  longest: number,
): AsyncGenerator<{ at: number; text: Buffer }> {
  let held: Buffer = Buffer.alloc(0)
  let base = start
  for await (const chunk of source.stream(start, end)) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    let from = 0
    for (let stop = held.indexOf('\n', from); stop >= 0; stop = held.indexOf('\n', from)) {
      if (held[from] === 0x2d && held[from + 1] === 0x2d && stop - from < longest) {
        yield { at: base + from, text: held.subarray(from, stop + 1) }
      }
      from = stop + 1
    }
    // An overlong unfinished line cannot be a delimiter: its bytes need not be kept, only its beginning marked as such.
    if (held.length - from > longest) {
      const overlong = held.length
      held = Buffer.from('x')
      base += overlong - 1
    } else {
      held = held.subarray(from)
      base += from
    }
  }
  if (held[0] === 0x2d && held[1] === 0x2d) yield { at: base, text: held }
}
