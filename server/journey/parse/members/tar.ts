import { type Budget, held, type Open, openBuffer, type Seen, type Visit } from './member.ts'
import { Passes } from './ranges.ts'

const BLOCK = 512
const ENTRIES_MAX = 1_000
const LONG_NAME_MAX = 65_536
/** Members up to this are read once and kept while they are looked at: going back costs a pass over the archive. */
const HOLD_MAX = 4 * 1_048_576

/** Links, devices, folders and pipes: nothing of their own is inside, and readers disagree on what follows where it says otherwise. */
const WITHOUT_CONTENT = '123456'

/**
 * Files of a tar archive (POSIX.1 ustar and pax, GNU long names), in one pass of headers and one of contents. What readers take
 * in different ways (sizes told twice, sparse files, entries behind an end) leaves it seen in part.
 */
export async function readTar(archive: Open, size: number, budget: Budget, visit: Visit): Promise<Seen> {
  const headers = new Passes(archive, budget)
  const contents = new Passes(archive, budget)
  let names: string[] = []
  let told: number | null = null
  let seen: Seen = 'all'
  for (let at = 0, entries = 0; at + BLOCK <= size; entries++) {
    if (entries > ENTRIES_MAX) return 'part'
    const header = await headers.read(at, at + BLOCK)
    if (isZero(header)) return isZero(await headers.read(at + BLOCK, at + 2 * BLOCK)) ? seen : 'part'
    const own = octal(header, 124, 12)
    if (own === null || octal(header, 148, 8) !== checksum(header)) return 'part'
    const kind = String.fromCharCode(header[156]!)
    const aboutNext = 'LKxXg'.includes(kind)
    if (!aboutNext && told !== null && told !== own) seen = 'part'
    const length: number = aboutNext ? own : (told ?? own)
    const start = at + BLOCK
    at = start + Math.ceil(length / BLOCK) * BLOCK
    if (aboutNext) {
      if (length > LONG_NAME_MAX) return 'part'
      const bytes = await headers.read(start, start + length)
      if (kind === 'L') names.push(text(bytes, 0, bytes.length))
      if (kind === 'L' || kind === 'K') continue
      const records = paxRecords(bytes)
      if (records.odd || (kind === 'g' && (records.names.length > 0 || records.size !== null))) seen = 'part'
      if (kind === 'g') continue
      names.push(...records.names)
      told = records.size ?? told
      continue
    }
    const prefix = header.toString('latin1', 257, 262) === 'ustar' ? text(header, 345, 155) : ''
    const [name = `${prefix ? `${prefix}/` : ''}${text(header, 0, 100)}`, ...otherNames] = names.toReversed()
    names = []
    told = null
    if (WITHOUT_CONTENT.includes(kind)) {
      if (length > 0) seen = 'part'
      continue
    }
    // Content of a sparse file is not what stands here; a kind that nobody defined is a file (POSIX.1 pax, typeflag).
    if (kind === 'S' || kind === 'M') seen = 'part'
    const stream: Open = () => contents.stream(start, start + length)
    const open = length <= HOLD_MAX ? onceRead(stream) : stream
    if (!(await visit({ name, otherNames, size: length, open }))) return 'part'
  }
  return seen
}

const isZero = (block: Buffer) => block.every((byte) => byte === 0)

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

interface PaxRecords {
  readonly names: string[]
  readonly size: number | null
  /** Damaged, or of a sparse file. */
  readonly odd: boolean
}

/** `length keyword=value` lines (POSIX pax, "pax Header Block"); values may hold line ends, so the lengths count. */
function paxRecords(bytes: Buffer): PaxRecords {
  const names: string[] = []
  let size: number | null = null
  let odd = false
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const digits = bytes.toString('latin1', at, Math.max(at, Math.min(space, at + 8)))
    const end = /^\d+$/.test(digits) ? at + Number(digits) : 0
    const equals = bytes.indexOf(0x3d, space)
    if (end > bytes.length || equals < 0 || equals >= end || bytes[end - 1] !== 0x0a) return { names, size, odd: true }
    const key = bytes.toString('latin1', space + 1, equals)
    const value = bytes.toString('utf8', equals + 1, end - 1)
    if (key === 'path' || key === 'GNU.sparse.name') names.push(value)
    if (key === 'size') size = /^\d{1,15}$/.test(value) ? Number(value) : null
    if (key.startsWith('GNU.sparse.') || (key === 'size' && size === null)) odd = true
    at = end
  }
  return { names, size, odd }
}
