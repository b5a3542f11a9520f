import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { BlobStore } from '../../server/ports/blobs.ts'
import type { OpenByteSource } from '../../server/ports/bytes.ts'
import { tenantId } from '../../shared/domain/index.ts'
import type { TestClock } from './store.ts'

const A = tenantId('alpha')
const B = tenantId('beta')

async function* chunks(data: Uint8Array, size = 50_000): AsyncGenerator<Uint8Array> {
  // One buffer used again and again, as a reader may do.
  const buffer = Buffer.alloc(size)
  for (let at = 0; at < data.length; at += size) {
    const part = data.subarray(at, at + size)
    buffer.set(part)
    yield buffer.subarray(0, part.length)
  }
}

async function whole(source: OpenByteSource, start?: number, end?: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of source.stream(start, end)) {
    expect(chunk.length).toBeLessThanOrEqual(262_144)
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

/** The behaviour that every blob store has. `open` gives an empty one under the clock. */
export function blobContract(name: string, open: (clock: TestClock) => Promise<BlobStore>): void {
  describe(`${name} keeps the contract of a blob store`, () => {
    let blobs: BlobStore
    let clock: TestClock
    beforeEach(async () => {
      clock = {
        time: 1_800_000_000_000,
        now() {
          return this.time
        },
      }
      blobs = await open(clock)
    })

    const ids = async (tenant = A, kind: 'spool' | 'archive' = 'spool') => {
      const found: string[] = []
      for await (const id of blobs.list(tenant, kind)) found.push(id)
      return found.sort()
    }

    test.each([0, 1, 65_535, 65_536, 262_145, 3_000_000])('%i bytes come back, whole and in ranges', async (size) => {
      const data = randomBytes(size)
      const sha256 = createHash('sha256').update(data).digest('hex')
      expect(await blobs.put(A, 'spool', 'one', chunks(data))).toEqual({ size, sha256 })
      await using source = await blobs.open(A, 'spool', 'one')
      expect(source.size).toBe(size)
      expect((await whole(source)).equals(data)).toBe(true)
      const [start, end] = [size >> 2, size - (size >> 3)]
      expect((await whole(source, start, end)).equals(data.subarray(start, end))).toBe(true)
      expect((await source.read(start, end)).equals(data.subarray(start, end))).toBe(true)
      await expect(source.read(0, size + 1)).rejects.toThrow(RangeError)
    })

    test.each([0, 1, 1_310_720])(
      '%i bytes in memory, shared or not, are stored as a stream of them would be',
      async (size) => {
        const data = randomBytes(size)
        const sha256 = createHash('sha256').update(data).digest('hex')
        const shared = Buffer.from(new SharedArrayBuffer(size + 10)).subarray(3, size + 3)
        shared.set(data)
        for (const [id, bytes] of [
          ['own', data],
          ['shared', shared],
        ] as const) {
          expect(await blobs.put(A, 'spool', id, bytes)).toEqual({ size, sha256 })
          await using source = await blobs.open(A, 'spool', id)
          expect((await whole(source)).equals(data)).toBe(true)
          await expect(blobs.put(A, 'spool', id, bytes)).rejects.toMatchObject({ code: 'blob-locked' })
        }
      },
    )

    test('any cutting into chunks gives the same bytes', async () => {
      let n = 0
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 12 }), async (sizes) => {
          const parts = sizes.map((size) => randomBytes(size))
          async function* source() {
            yield* parts
          }
          await blobs.put(A, 'copy', `c${++n}`, source())
          await using stored = await blobs.open(A, 'copy', `c${n}`)
          expect((await whole(stored)).equals(Buffer.concat(parts))).toBe(true)
        }),
        { numRuns: 25 },
      )
    })

    test('an id is written once, also by two at a time', async () => {
      const puts = await Promise.allSettled(
        Array.from({ length: 4 }, (_, i) => blobs.put(A, 'spool', 'same', chunks(Buffer.from(`v${i}`)))),
      )
      expect(puts.filter((p) => p.status === 'fulfilled')).toHaveLength(1)
      await expect(blobs.put(A, 'spool', 'same', chunks(Buffer.from('late')))).rejects.toMatchObject({
        code: 'blob-locked',
      })
      await using source = await blobs.open(A, 'spool', 'same')
      expect((await whole(source)).toString()).toMatch(/^v\d$/)
    })

    test('a source that throws leaves nothing, and its error comes out', async () => {
      async function* broken() {
        yield Buffer.alloc(100_000)
        throw new Error('peer went away')
      }
      await expect(blobs.put(A, 'spool', 'one', broken())).rejects.toThrow('peer went away')
      await expect(blobs.open(A, 'spool', 'one')).rejects.toMatchObject({ code: 'blob-missing' })
      expect(await ids()).toEqual([])
      await blobs.put(A, 'spool', 'one', chunks(Buffer.from('again')))
    })

    test('nothing of one tenant or kind is seen by another', async () => {
      await blobs.put(A, 'spool', 'one', chunks(Buffer.from('a')))
      await expect(blobs.open(B, 'spool', 'one')).rejects.toMatchObject({ code: 'blob-missing' })
      await expect(blobs.open(A, 'archive', 'one')).rejects.toMatchObject({ code: 'blob-missing' })
      await blobs.delete(B, 'spool', 'one')
      await blobs.put(B, 'spool', 'one', chunks(Buffer.from('b')))
      expect([await ids(A), await ids(B), await ids(A, 'archive')]).toEqual([['one'], ['one'], []])
      await using source = await blobs.open(A, 'spool', 'one')
      expect((await whole(source)).toString()).toBe('a')
    })

    test.each(['', '..', '.hidden', 'a/b', '../../etc/passwd', 'a\0b', 'x'.repeat(300), 'ä'])(
      'refuses the id %j',
      async (id) => {
        await expect(blobs.put(A, 'spool', id, chunks(Buffer.from('x')))).rejects.toThrow(RangeError)
        await expect(blobs.open(A, 'spool', id)).rejects.toThrow(RangeError)
        await expect(blobs.delete(A, 'spool', id)).rejects.toThrow(RangeError)
      },
    )

    test('deletes, also what is not there', async () => {
      await blobs.put(A, 'spool', 'one', chunks(Buffer.from('x')))
      await blobs.put(A, 'spool', 'two', chunks(Buffer.from('x')))
      await blobs.delete(A, 'spool', 'one')
      await blobs.delete(A, 'spool', 'one')
      expect(await ids()).toEqual(['two'])
    })

    test('a retention lock holds until its time', async () => {
      await blobs.put(A, 'archive', 'kept', chunks(Buffer.from('x')), { retainUntil: clock.now() + 1000 })
      await expect(blobs.delete(A, 'archive', 'kept')).rejects.toMatchObject({ code: 'blob-locked' })
      expect(await ids(A, 'archive')).toEqual(['kept'])
      clock.time += 1000
      await blobs.delete(A, 'archive', 'kept')
      expect(await ids(A, 'archive')).toEqual([])
    })

    test('many at once', async () => {
      const data = Array.from({ length: 100 }, () => randomBytes(10_000))
      await Promise.all(data.map((d, i) => blobs.put(A, 'spool', `m${i}`, chunks(d))))
      expect(await ids()).toHaveLength(100)
      await Promise.all(
        data.map(async (d, i) => {
          await using source = await blobs.open(A, 'spool', `m${i}`)
          expect((await whole(source)).equals(d)).toBe(true)
        }),
      )
    })
  })
}
