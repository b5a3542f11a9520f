/** An OpenPGP message once its encryption is off (RFC 9580 10.3): compressed, signed and literal data, read strictly. */
import type { Key } from 'openpgp'
import type { OpenByteSource } from '../../../ports/bytes.ts'
import type { SealedSpool } from '../sealed-spool.ts'
import { checked, type PgpSignatureCheck, type ReadSignatures, signaturesOf } from './check.ts'
import { MAX_SIGNATURES } from './config.ts'
import { decompress, type Unpacking } from './decompress.ts'
import { Digests, type HashedAs } from './digest.ts'
import { PACKET, packet } from './packet.ts'
import { type PacketHead, packetBody, packetHead, wholeBody } from './packet-read.ts'
import { malformed, PieceReader } from './piece-reader.ts'
import { type Range, rangesOf } from './ranges.ts'

export interface MessageContent {
  /** What the literal data hold. Disposing of it removes all that was spooled. */
  readonly content: OpenByteSource
  readonly signatures: readonly PgpSignatureCheck[]
}

export interface MessageOptions {
  readonly verifiers: readonly Key[]
  /** Of receipt, epoch ms. */
  readonly time: number
  /** Most bytes that may come out of compression. */
  readonly most: number
  /** The same over several messages. */
  readonly unpacking: Unpacking
  readonly newSpool: () => SealedSpool
}

const MAX_SIGNATURE = 1_048_576
/** Compression inside of compression. */
const MAX_DEPTH = 3

/**
 * Reads a message whose integrity is proved. It takes the source over and disposes of it when it fails. Raises
 * `container-malformed` for anything but one literal in one shell of signatures.
 */
export async function readContent(source: OpenByteSource, options: MessageOptions): Promise<MessageContent> {
  let packets = source
  try {
    for (let depth = 0; ; depth += 1) {
      const unpacked = await unpackedOf(packets, options)
      if (unpacked === null) return await readSigned(packets, options)
      await packets[Symbol.asyncDispose]()
      packets = unpacked
      if (depth === MAX_DEPTH) throw malformed('compressed too often')
    }
  } catch (error) {
    await packets[Symbol.asyncDispose]()
    throw error
  }
}

/** What a message that is one compressed packet unpacks to; null for any other. */
async function unpackedOf(
  source: OpenByteSource,
  { most, unpacking, newSpool }: MessageOptions,
): Promise<OpenByteSource | null> {
  const reader = new PieceReader(source.stream())
  const spool = newSpool()
  try {
    const head = await meaningfulHead(reader)
    if (head?.tag !== PACKET.compressed) return null
    const body = new PieceReader(packetBody(reader, head))
    await decompress(body, spool, most, unpacking)
    if (!(await body.atEnd())) throw malformed('data after the end of what is compressed')
    if (await meaningfulHead(reader)) throw malformed('a packet after the compressed one')
    return await spool.release()
  } catch (error) {
    await spool[Symbol.asyncDispose]()
    throw error
  } finally {
    await reader.close()
  }
}

async function readSigned(source: OpenByteSource, { verifiers, time }: MessageOptions): Promise<MessageContent> {
  const reader = new PieceReader(source.stream())
  try {
    const announced: HashedAs[] = []
    const packets: Buffer[] = []
    let head = await meaningfulHead(reader)
    for (; head && head.tag !== PACKET.literal; head = await meaningfulHead(reader)) {
      if (packets.length + announced.length > MAX_SIGNATURES) throw malformed(`more than ${MAX_SIGNATURES} signatures`)
      if (head.tag === PACKET.onePassSignature) announced.push(onePass(await wholeBody(reader, head, MAX_SIGNATURE)))
      else if (head.tag === PACKET.signature)
        packets.push(packet(PACKET.signature, await wholeBody(reader, head, MAX_SIGNATURE)))
      else throw malformed(`packet ${head.tag} in a message`)
    }
    if (!head) throw malformed('a message without content')
    const before = packets.length > 0 ? await signaturesOf(Buffer.concat(packets)) : null
    const digests = new Digests([...announced, ...(before?.fields ?? [])])
    const ranges = await literalRanges(reader, head, digests)
    const after = await signaturesAfter(reader, announced.length)
    const read = [before, after].filter((signatures) => signatures !== null)
    const checks = await Promise.all(read.map((signatures) => checked(signatures, digests, verifiers, time)))
    return { content: rangesOf(source, ranges), signatures: checks.flat() }
  } finally {
    await reader.close()
  }
}

/** The next packet that says anything: markers and padding do not (5.8, 5.14). */
async function meaningfulHead(reader: PieceReader): Promise<PacketHead | null> {
  for (;;) {
    const head = await packetHead(reader)
    if (head?.tag !== PACKET.marker && head?.tag !== PACKET.padding) return head
    for await (const _ of packetBody(reader, head));
  }
}

/** Passes the content by the hashes and notes where it lies. */
async function literalRanges(reader: PieceReader, head: PacketHead, digests: Digests): Promise<readonly Range[]> {
  const ranges: Range[] = []
  // Format, name and date stand before the content and nothing signs them (5.9): they are passed over.
  let skipped = 0
  let header: number | null = null
  for await (const piece of packetBody(reader, head)) {
    let from = 0
    while (from < piece.length && (header === null || skipped < header)) {
      if (skipped === 1) header = 1 + 1 + piece[from]! + 4
      skipped += 1
      from += 1
    }
    if (from === piece.length) continue
    const content = piece.subarray(from)
    digests.update(content)
    const start = reader.offset - content.length
    const last = ranges.at(-1)
    if (last?.end === start) last.end = reader.offset
    else ranges.push({ start, end: reader.offset })
  }
  if (header === null || skipped < header) throw malformed('a literal without its head')
  return ranges
}

/** The signatures below the literal: as many as were announced (5.4). One of another kind finds no hash and is bad. */
async function signaturesAfter(reader: PieceReader, announced: number): Promise<ReadSignatures | null> {
  const packets: Buffer[] = []
  for (let head = await meaningfulHead(reader); head; head = await meaningfulHead(reader)) {
    if (head.tag !== PACKET.signature || packets.length === announced) {
      throw malformed(`packet ${head.tag} after the content`)
    }
    packets.push(packet(PACKET.signature, await wholeBody(reader, head, MAX_SIGNATURE)))
  }
  if (packets.length !== announced) throw malformed('an announced signature is missing')
  if (packets.length === 0) return null
  return signaturesOf(Buffer.concat(packets))
}

/** What a one-pass signature packet (5.4) announces. */
function onePass(body: Buffer): HashedAs {
  const [version = 0, type = 0, hash = 0] = body
  if (version === 3) return { type, hash, salt: Buffer.alloc(0) }
  if (version !== 6) throw malformed('a one-pass signature of an unknown version')
  const length = body[4] ?? 0
  return { type, hash, salt: body.subarray(5, 5 + length) }
}
