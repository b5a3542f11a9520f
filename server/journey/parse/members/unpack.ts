import { Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Budget, Open, Seen, Visit } from './member.ts'

/** A field of 64 KiB may stand in front of the name. */
const HEAD = 70_000

/** Unpacked bytes of a packed stream, counted. Damaged input raises the error of zlib. */
export async function* unpacked(
  packed: AsyncIterable<Buffer>,
  decompressor: Transform,
  budget: Budget,
): AsyncGenerator<Buffer> {
  const input = Readable.from(packed, { objectMode: false })
  input.once('error', (error) => decompressor.destroy(error))
  try {
    yield* budget.counted(input.pipe(decompressor))
  } finally {
    input.destroy()
    decompressor.destroy()
  }
}

/**
 * The one file of gzip (RFC 1952) or Zstandard (RFC 8878). Its name is that of the packed file without the last ending; some readers
 * show the one that gzip keeps inside.
 */
export async function readPacked(
  type: 'gz' | 'zst',
  name: string,
  open: Open,
  budget: Budget,
  visit: Visit,
): Promise<Seen> {
  const decompressor = type === 'gz' ? createGunzip : createZstdDecompress
  const inner = name.replace(/\.(t)?(?:gz|gzip|zst|zstd|svgz)$/i, (_, tar: string | undefined) => (tar ? '.tar' : ''))
  const own = type === 'gz' ? await nameInside(open) : ''
  const more = await visit({
    name: inner,
    ...(own === '' || own === inner ? {} : { otherNames: [own] }),
    open: () => unpacked(open(), decompressor(), budget),
  })
  return more ? 'all' : 'part'
}

/** FNAME of the first member (RFC 1952 2.3.1); '' where there is none. */
async function nameInside(open: Open): Promise<string> {
  let head = Buffer.alloc(0)
  for await (const chunk of open()) {
    head = Buffer.concat([head, chunk])
    if (head.length >= HEAD) break
  }
  const flags = head[3] ?? 0
  if ((flags & 0x08) === 0) return ''
  const extra = (flags & 0x04) === 0 || head.length < 12 ? 0 : 2 + head.readUInt16LE(10)
  const end = head.indexOf(0, 10 + extra)
  return end < 0 ? '' : head.toString('latin1', 10 + extra, end)
}
