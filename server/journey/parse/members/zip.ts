import { isUtf8 } from 'node:buffer'
import { promisify } from 'node:util'
import { createInflateRaw, inflateRaw } from 'node:zlib'
import { type Budget, held, type Member, type Open, openBuffer, type Seen, type Visit } from './member.ts'
import { Passes } from './ranges.ts'
import { unpacked } from './unpack.ts'

/** Entries that are listed of one archive. */
const ENTRIES_MAX = 1_000
/** Bytes of a central directory, and where its end record is looked for. */
const DIRECTORY_MAX = 1_048_576
const TAIL = 65_557
/** Members up to this are unpacked once and kept while they are looked at. */
const HOLD_MAX = 4 * 1_048_576
/** Packed bytes of a member that is unpacked at once. */
const SMALL = 65_536

const inflate = promisify(inflateRaw)

interface Entry {
  readonly name: string
  /** See `pathIn`. */
  readonly path: string
  readonly method: number
  readonly locked: boolean
  readonly packed: number
  readonly unpacked: number
  /** Position of the local header as the directory says. */
  readonly at: number
}

/**
 * Files of a ZIP (APPNOTE 6.3.10). The central directory counts, as for readers; where the local headers tell another story
 * (other names, entries over each other, entries the directory leaves out) the archive is seen in part only.
 */
export async function readZip(open: Open, size: number, budget: Budget, visit: Visit): Promise<Seen> {
  const passes = new Passes(open, budget)
  const tailStart = Math.max(0, size - TAIL)
  const tail = await passes.read(tailStart, size)
  const found = await directory(passes, tail, tailStart)
  if (!found) return 'part'
  let seen: Seen = found.whole ? 'all' : 'part'
  let at = found.shift
  for (const entry of found.entries) {
    const start = entry.at + found.shift
    const local = start < at ? null : await localHeader(passes, start)
    // Up to 24 bytes of a data descriptor (4.3.9) may follow each entry.
    if (!local || local.name !== entry.name || start - at > 24) seen = 'part'
    if (!local) {
      if (!(await visit({ ...named(entry), otherNames: entry.path === '' ? [] : [entry.path] }))) return 'part'
      continue
    }
    at = local.data + entry.packed
    if (entry.name.endsWith('/') && entry.packed === 0) continue
    if (entry.locked) seen = 'locked'
    const other = [local.name, entry.path, local.path].filter((name) => name !== '' && name !== entry.name)
    const member =
      entry.locked || ![0, 8].includes(entry.method) ? named(entry) : opened(passes, entry, local.data, budget)
    if (!entry.locked && !member.open) seen = 'part'
    if (!(await visit({ ...member, otherNames: [...new Set(other)] }))) return 'part'
  }
  return seen
}

function named(entry: Entry): Member {
  return { name: entry.name, size: entry.unpacked, ...(entry.locked ? { encrypted: true } : {}), open: null }
}

function opened(passes: Passes, entry: Entry, data: number, budget: Budget): Member {
  const stream: Open = () => {
    const packed = passes.stream(data, data + entry.packed)
    return entry.method === 0 ? packed : unpacked(packed, createInflateRaw(), budget)
  }
  if (entry.unpacked > HOLD_MAX) return { name: entry.name, size: entry.unpacked, open: stream }
  let kept: Promise<Buffer | null> | null = null
  return {
    name: entry.name,
    size: entry.unpacked,
    open: async function* () {
      kept ??= entry.packed <= SMALL ? unpackedAtOnce(passes, entry, data, budget) : held(stream(), HOLD_MAX)
      const bytes = await kept
      // The directory lied about the size.
      if (bytes === null) yield* stream()
      else yield* openBuffer(bytes)()
    },
  }
}

/** Without the machinery of a stream, whose set-up costs more than a small member. */
async function unpackedAtOnce(passes: Passes, entry: Entry, data: number, budget: Budget): Promise<Buffer | null> {
  const packed = await passes.read(data, data + entry.packed)
  if (entry.method === 0) return packed
  try {
    const bytes = await inflate(packed, { maxOutputLength: Math.max(1, Math.min(HOLD_MAX, budget.left)) })
    budget.spend(bytes.length)
    return bytes
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return null
    throw error
  }
}

async function localHeader(
  passes: Passes,
  start: number,
): Promise<{ readonly name: string; readonly path: string; readonly data: number } | null> {
  const fixed = await passes.read(start, start + 30)
  if (fixed.length < 30 || fixed.readUInt32LE(0) !== 0x04034b50) return null
  const nameLength = fixed.readUInt16LE(26)
  const data = start + 30 + nameLength + fixed.readUInt16LE(28)
  const rest = await passes.read(start + 30, data)
  return { name: nameOf(rest.subarray(0, nameLength)), path: pathIn(rest.subarray(nameLength)), data }
}

/** Bit 11 says UTF-8; many writers forget it. */
const nameOf = (bytes: Buffer) => bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1')

/** The name in the extra field 0x7075 (4.6.9), which readers that know it show instead; '' where there is none. */
function pathIn(extra: Buffer): string {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 0x7075) return extra.toString('utf8', at + 9, at + 4 + extra.readUInt16LE(at + 2))
  }
  return ''
}

interface Directory {
  readonly entries: readonly Entry[]
  /** Bytes in front of the archive, which its offsets do not count. */
  readonly shift: number
  readonly whole: boolean
}

async function directory(passes: Passes, tail: Buffer, tailStart: number): Promise<Directory | null> {
  const end = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (end < 0 || end + 22 > tail.length) return null
  const size = tail.readUInt32LE(end + 12)
  const offset = tail.readUInt32LE(end + 16)
  const start = tailStart + end - size
  // ZIP64 and directories of another disk: nothing to guess at.
  if (size > DIRECTORY_MAX || start < 0 || offset === 0xffffffff || start < offset) return null
  const bytes = start >= tailStart ? tail.subarray(start - tailStart, end) : await passes.read(start, start + size)
  const entries: Entry[] = []
  let at = 0
  while (entries.length < ENTRIES_MAX && at + 46 <= bytes.length && bytes.readUInt32LE(at) === 0x02014b50) {
    const flags = bytes.readUInt16LE(at + 8)
    const nameLength = bytes.readUInt16LE(at + 28)
    const extra = at + 46 + nameLength
    entries.push({
      name: nameOf(bytes.subarray(at + 46, extra)),
      path: pathIn(bytes.subarray(extra, extra + bytes.readUInt16LE(at + 30))),
      method: bytes.readUInt16LE(at + 10),
      // Bits 0, 6 and 13: traditional, strong, and a locked directory (4.4.4).
      locked: (flags & 0x2041) !== 0,
      packed: bytes.readUInt32LE(at + 20),
      unpacked: bytes.readUInt32LE(at + 24),
      at: bytes.readUInt32LE(at + 42),
    })
    at = extra + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32)
  }
  const whole = at === bytes.length && entries.length === tail.readUInt16LE(end + 10)
  const shift = start - offset
  const ends = entries.reduce((last, entry) => Math.max(last, entry.at + shift + 30 + entry.packed), 0)
  return { entries: entries.toSorted((a, b) => a.at - b.at), shift, whole: whole && ends <= start }
}
