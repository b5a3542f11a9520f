import { type Budget, held, type Open, openBuffer, type Seen, type Visit } from './member.ts'
import { Passes } from './ranges.ts'

const BLOCK = 512
const ENTRIES_MAX = 1_000
const LONG_NAME_MAX = 65_536
/** Members up to this are read once and kept while they are looked at: going back costs a pass over the archive. */
const HOLD_MAX = 4 * 1_048_576

/** Files of a tar archive (POSIX.1 ustar and pax, GNU long names), in one pass of headers and one of contents. */
export async function readTar(archive: Open, size: number, budget: Budget, visit: Visit): Promise<Seen> {
  const headers = new Passes(archive, budget)
  const contents = new Passes(archive, budget)
  let long: string | null = null
  for (let at = 0, entries = 0; at + BLOCK <= size; entries++) {
    if (entries > ENTRIES_MAX) return 'part'
    const header = await headers.read(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) return 'all'
    const length = octal(header, 124, 12)
    if (length === null || octal(header, 148, 8) !== checksum(header)) return 'part'
    const start = at + BLOCK
    at = start + Math.ceil(length / BLOCK) * BLOCK
    const kind = String.fromCharCode(header[156]!)
    if (kind === 'L' || kind === 'x') {
      if (length > LONG_NAME_MAX) return 'part'
      const bytes = await headers.read(start, start + length)
      long = kind === 'L' ? text(bytes, 0, bytes.length) : (paxPath(bytes) ?? long)
      continue
    }
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : ''
    const name = long ?? `${prefix ? `${prefix}/` : ''}${text(header, 0, 100)}`
    long = null
    // '0', NUL and '7' are files; links and folders have no content of their own.
    if (kind !== '0' && kind !== '\0' && kind !== '7') continue
    const stream: Open = () => contents.stream(start, start + length)
    const open = length <= HOLD_MAX ? onceRead(stream) : stream
    if (!(await visit({ name, size: length, open }))) return 'part'
  }
  return 'all'
}

function onceRead(stream: Open): Open {
  let kept: Promise<Buffer | null> | null = null
  return async function* () {
    kept ??= held(stream(), HOLD_MAX)
    yield* openBuffer((await kept) ?? Buffer.alloc(0))()
  }
}

/** Numbers beyond 8 GiB are binary (GNU): no mail holds such a file. */
function octal(header: Buffer, at: number, length: number): number | null {
  const digits = /^[ \0]*([0-7]+)[ \0]*$/.exec(header.toString('latin1', at, at + length))?.[1]
  return digits === undefined ? null : Number.parseInt(digits, 8)
}

function checksum(header: Buffer): number {
  let sum = 0
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : header[at]!
  return sum
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? field.length : end)
}

/** `length keyword=value` lines (POSIX pax, "pax Header Block"). */
function paxPath(bytes: Buffer): string | null {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(bytes.toString('utf8'))?.[1] ?? null
}
