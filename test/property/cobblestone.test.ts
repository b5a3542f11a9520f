/** Sealed files: what goes in comes out, from any offset, and no altered bit gets through. */
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openSealed, sealStream } from '../../server/journey/transform/filelink/cobblestone.ts'
import { type ByteSource, bytesOf } from '../../server/ports/bytes.ts'

const CHUNK = 16_384
const key = randomBytes(32)
const context = Buffer.from('tenant\0file')

/** Sizes at and beside the borders of chunks and of batches of chunks. */
const size = fc.oneof(
  fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 15 * CHUNK - 1, 15 * CHUNK, 15 * CHUNK + 1, 31 * CHUNK),
  fc.integer({ min: 0, max: 3 * CHUNK }),
)

function contentOf(length: number): Buffer {
  const one = createHash('sha512').update(String(length)).digest()
  return Buffer.alloc(length, one)
}

async function* inPieces(bytes: Buffer, piece: number) {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('Cobblestone-256', () => {
  test('whatever the size and the cut of the input, the file comes back and costs 56 bytes and 16 a chunk', async () => {
    await fc.assert(
      fc.asyncProperty(size, fc.integer({ min: 1000, max: 600_000 }), async (length, piece) => {
        const plain = contentOf(length)
        const sealed = await collect(sealStream(key, context, inPieces(plain, piece)))
        expect(sealed.length).toBe(56 + length + 16 * (Math.floor(length / CHUNK) + 1))
        const opened = await openSealed(key, context, bytesOf(sealed))
        expect(opened.size).toBe(length)
        expect((await collect(opened.stream())).equals(plain)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('any range equals the slice', async () => {
    const plain = contentOf(40 * CHUNK + 77)
    const opened = await openSealed(
      key,
      context,
      bytesOf(await collect(sealStream(key, context, inPieces(plain, 100_000)))),
    )
    const border = fc
      .integer({ min: 0, max: 40 })
      .chain((chunk) => fc.integer({ min: -2, max: 2 }).map((d) => Math.max(0, chunk * CHUNK + d)))
    const offset = fc.oneof(border, fc.integer({ min: 0, max: plain.length }))
    await fc.assert(
      fc.asyncProperty(offset, offset, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        expect((await opened.read(start, end)).equals(plain.subarray(start, end))).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test('a range reads only the chunks it needs', async () => {
    const plain = contentOf(64 * CHUNK)
    const sealed = bytesOf(await collect(sealStream(key, context, inPieces(plain, 100_000))))
    const reads: number[] = []
    const counted: ByteSource = {
      size: sealed.size,
      stream: (start = 0, end = sealed.size) => {
        reads.push(end - start)
        return sealed.stream(start, end)
      },
      read: (start, end) => sealed.read(start, end),
    }
    const opened = await openSealed(key, context, counted)
    await opened.read(10 * CHUNK - 1, 10 * CHUNK + 1)
    expect(reads).toEqual([2 * (CHUNK + 16)])
  })

  test('any flipped bit raises blob-damaged', async () => {
    const plain = contentOf(2 * CHUNK + 500)
    const sealed = await collect(sealStream(key, context, inPieces(plain, 9000)))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: sealed.length * 8 - 1 }), async (bit) => {
        const bad = Buffer.from(sealed)
        bad[bit >> 3]! ^= 1 << (bit & 7)
        await expect(
          openSealed(key, context, bytesOf(bad)).then((opened) => collect(opened.stream())),
        ).rejects.toMatchObject({ code: 'blob-damaged' })
      }),
      { numRuns: 200 },
    )
  })

  test('any cut, any swap of chunks, another key and another context raise blob-damaged', async () => {
    const sealed = await collect(sealStream(key, context, inPieces(contentOf(3 * CHUNK), 9000)))
    const all = (bytes: Buffer, k = key, c = context) =>
      openSealed(k, c, bytesOf(bytes)).then((opened) => collect(opened.stream()))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: sealed.length - 1 }), async (length) => {
        await expect(all(sealed.subarray(0, length))).rejects.toMatchObject({ code: 'blob-damaged' })
      }),
      { numRuns: 100 },
    )
    const chunk = (index: number) => sealed.subarray(56 + index * (CHUNK + 16), 56 + (index + 1) * (CHUNK + 16))
    const swapped = Buffer.concat([sealed.subarray(0, 56), chunk(1), chunk(0), chunk(2), chunk(3)])
    await expect(all(swapped)).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(all(sealed, randomBytes(32))).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(all(sealed, key, Buffer.from('other\0file'))).rejects.toMatchObject({ code: 'blob-damaged' })
  })

  test('a range outside of the file is range-unsatisfiable', async () => {
    const opened = await openSealed(
      key,
      context,
      bytesOf(await collect(sealStream(key, context, inPieces(contentOf(10), 10)))),
    )
    await expect(opened.read(0, 11)).rejects.toMatchObject({ code: 'range-unsatisfiable' })
    await expect(opened.read(-1, 5)).rejects.toMatchObject({ code: 'range-unsatisfiable' })
  })
})
