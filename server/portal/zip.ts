import { crc32 } from 'node:zlib'

/** A file that goes into an archive; it is opened when its turn comes. */
export interface ZipEntry {
  readonly name: string
  /** Bytes, known beforehand. */
  readonly size: number
  stream(): AsyncIterable<Uint8Array>
}

const LOCAL = 30
const DESCRIPTOR = 16
const CENTRAL = 46
const END = 22
/** Bit 3: checksum and sizes follow the content; bit 11: names are UTF-8 (APPNOTE 4.4.4). */
const FLAGS = 0x0808
const VERSION = 20
const CLASSIC_LIMIT = 0xffff_ffff

/** Bytes the archive will have, or null when it would need ZIP64, which is not written here. */
export function zipSize(entries: readonly Pick<ZipEntry, 'name' | 'size'>[]): number | null {
  let total = END
  for (const { name, size } of archiveNames(entries)) {
    total += LOCAL + CENTRAL + DESCRIPTOR + size + 2 * Buffer.byteLength(name)
  }
  return total < CLASSIC_LIMIT && entries.length < 0xffff ? total : null
}

/**
 * An archive of stored (not compressed) files as it is read (PKWARE APPNOTE 6.3, 4.3): nothing is held but one chunk and the
 * directory. `time` is epoch ms. A file that gives other than its announced bytes breaks the archive off with a RangeError.
 */
export async function* writeZip(entries: readonly ZipEntry[], time: number): AsyncGenerator<Buffer> {
  const directory: Buffer[] = []
  const stamp = dosTime(time)
  let offset = 0
  for (const [place, { name, size }] of archiveNames(entries).entries()) {
    const nameBytes = Buffer.from(name)
    const local = Buffer.alloc(LOCAL)
    local.writeUInt32LE(0x0403_4b50, 0)
    local.writeUInt16LE(VERSION, 4)
    local.writeUInt16LE(FLAGS, 6)
    local.writeUInt32LE(stamp, 10)
    local.writeUInt16LE(nameBytes.length, 26)
    yield Buffer.concat([local, nameBytes])

    let sum = 0
    let written = 0
    for await (const chunk of entries[place]!.stream()) {
      sum = crc32(chunk, sum)
      written += chunk.length
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    }
    if (written !== size) throw new RangeError(`announced ${size} bytes, got ${written}`)
    const descriptor = Buffer.alloc(DESCRIPTOR)
    descriptor.writeUInt32LE(0x0807_4b50, 0)
    descriptor.writeUInt32LE(sum, 4)
    descriptor.writeUInt32LE(size, 8)
    descriptor.writeUInt32LE(size, 12)
    yield descriptor

    const central = Buffer.alloc(CENTRAL)
    central.writeUInt32LE(0x0201_4b50, 0)
    central.writeUInt16LE(VERSION, 4)
    central.writeUInt16LE(VERSION, 6)
    central.writeUInt16LE(FLAGS, 8)
    central.writeUInt32LE(stamp, 12)
    central.writeUInt32LE(sum, 16)
    central.writeUInt32LE(size, 20)
    central.writeUInt32LE(size, 24)
    central.writeUInt16LE(nameBytes.length, 28)
    central.writeUInt32LE(offset, 42)
    directory.push(central, nameBytes)
    offset += LOCAL + nameBytes.length + size + DESCRIPTOR
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(END)
  end.writeUInt32LE(0x0605_4b50, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(offset, 16)
  yield Buffer.concat([list, end])
}

/** Names that stay in one folder and do not collide: `a.dcm`, `a (2).dcm`. */
function archiveNames<T extends { readonly name: string }>(entries: readonly T[]): (T & { readonly name: string })[] {
  const taken = new Set<string>()
  return entries.map((entry) => {
    const base = entry.name
      .toWellFormed()
      .replace(/[/\\:*?"<>|\p{Cc}]/gu, '_')
      .replace(/^\.+/, '_')
      .slice(0, 200)
    const name = base || 'file'
    const dot = name.lastIndexOf('.') > 0 ? name.lastIndexOf('.') : name.length
    let free = name
    for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${name.slice(0, dot)} (${n})${name.slice(dot)}`
    taken.add(free.toLowerCase())
    return { ...entry, name: free }
  })
}

/** MS-DOS time in the low, date in the high half, UTC (APPNOTE 4.4.6). */
function dosTime(time: number): number {
  const at = new Date(time)
  const clock = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  const day = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  return ((day << 16) | clock) >>> 0
}
