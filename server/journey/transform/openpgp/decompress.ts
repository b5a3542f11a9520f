/** Compressed data (RFC 9580 5.6), with an end to what may come out. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { createInflate, createInflateRaw } from 'node:zlib'
import { Fault } from '../../../../shared/fault/index.ts'
import type { SealedSpool } from '../sealed-spool.ts'
import { bunzip } from './bunzip.ts'
import { MAX_READ_BYTES } from './config.ts'
import { malformed, type PieceReader } from './piece-reader.ts'

const STORED = 0
const ZIP = 1
const ZLIB = 2
const BZIP2 = 3
/** Of 64 KiB, some 10 ms: others have their turn in between. */
const PIECES_AT_ONCE = 4

/** Bytes that may still come out of compression, over all attempts on one mail. */
export interface Unpacking {
  left: number
}

/**
 * Unpacks the body of a compressed data packet into a spool, at most `most` bytes and what `unpacking` has left. Raises `container-malformed` when more
 * would come out or the data are damaged.
 */
export async function decompress(
  body: PieceReader,
  spool: SealedSpool,
  most: number,
  unpacking: Unpacking,
): Promise<void> {
  const algorithm = await body.byte()
  const write = async (piece: Buffer) => {
    unpacking.left -= piece.length
    if (spool.size + piece.length > most || unpacking.left < 0) throw malformed('unpacks to more than may be read')
    await spool.write(piece)
  }
  switch (algorithm) {
    case STORED:
      for await (const piece of rest(body)) await write(piece)
      return
    case ZIP:
    case ZLIB:
      return inflate(body, algorithm === ZIP ? createInflateRaw() : createInflate(), write)
    case BZIP2:
      return unpackBlocks(body, write)
    default:
      throw malformed('compressed in an unknown way')
  }
}

async function* rest(body: PieceReader): AsyncGenerator<Buffer> {
  while (!(await body.atEnd())) yield body.some(Number.MAX_SAFE_INTEGER)
}

async function inflate(
  body: PieceReader,
  inflater: ReturnType<typeof createInflate>,
  write: (piece: Buffer) => Promise<void>,
): Promise<void> {
  await pipeline(Readable.from(rest(body), { objectMode: false }), inflater, async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) await write(piece)
  }).catch((cause) => {
    throw cause instanceof Fault ? cause : malformed('compressed data that do not unpack', { cause })
  })
}

/** gpg writes it on demand only: what is packed is held, what comes out is not. */
async function unpackBlocks(body: PieceReader, write: (piece: Buffer) => Promise<void>): Promise<void> {
  const packed: Buffer[] = []
  let size = 0
  for await (const piece of rest(body)) {
    packed.push(piece)
    size += piece.length
    if (size > MAX_READ_BYTES) throw malformed('unpacks to more than may be read')
  }
  let pieces = 0
  for (const piece of bunzip(Buffer.concat(packed))) {
    await write(piece)
    pieces += 1
    if (pieces % PIECES_AT_ONCE === 0) await setImmediate()
  }
}
