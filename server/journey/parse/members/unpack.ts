import { Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import type { Budget, Open, Seen, Visit } from './member.ts'

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

/** The one file of gzip (RFC 1952) or Zstandard (RFC 8878). Its name is that of the packed file without the last ending. */
export async function readPacked(
  type: 'gz' | 'zst',
  name: string,
  open: Open,
  budget: Budget,
  visit: Visit,
): Promise<Seen> {
  const decompressor = type === 'gz' ? createGunzip : createZstdDecompress
  const inner = name.replace(/\.(t)?(?:gz|gzip|zst|zstd|svgz)$/i, (_, tar: string | undefined) => (tar ? '.tar' : ''))
  const more = await visit({
    name: inner,
    open: () => unpacked(open(), decompressor(), budget),
  })
  return more ? 'all' : 'part'
}
