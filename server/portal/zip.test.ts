import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writeZip, zipSize } from './zip.ts'

interface Made {
  readonly name: string
  readonly data: Uint8Array
}

async function zip(files: readonly Made[]): Promise<Buffer> {
  const entries = files.map(({ name, data }) => ({
    name,
    size: data.length,
    async *stream() {
      for (let at = 0; at < data.length; at += 7) yield data.subarray(at, at + 7)
    },
  }))
  const chunks: Buffer[] = []
  for await (const chunk of writeZip(entries, Date.UTC(2026, 10, 23, 10, 20, 30))) chunks.push(chunk)
  const whole = Buffer.concat(chunks)
  expect(whole.length).toBe(zipSize(entries))
  return whole
}

/** Reads by the central directory, as unpackers do, and checks what both headers and the descriptor say. */
function unzip(whole: Buffer): Made[] {
  const end = whole.length - 22
  expect(whole.readUInt32LE(end)).toBe(0x06054b50)
  let at = whole.readUInt32LE(end + 16)
  return Array.from({ length: whole.readUInt16LE(end + 10) }, () => {
    expect(whole.readUInt32LE(at)).toBe(0x02014b50)
    const size = whole.readUInt32LE(at + 20)
    const nameLength = whole.readUInt16LE(at + 28)
    const local = whole.readUInt32LE(at + 42)
    const name = whole.subarray(at + 46, at + 46 + nameLength).toString()
    expect(whole.readUInt32LE(local)).toBe(0x04034b50)
    expect(whole.subarray(local + 30, local + 30 + nameLength).toString()).toBe(name)
    const start = local + 30 + nameLength
    const data = whole.subarray(start, start + size)
    expect(whole.readUInt32LE(start + size)).toBe(0x08074b50)
    expect([whole.readUInt32LE(start + size + 4), whole.readUInt32LE(at + 16)]).toEqual([crc32(data), crc32(data)])
    at += 46 + nameLength
    return { name, data }
  })
}

describe('writeZip', () => {
  it('gives back every file, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: fc.string({ unit: 'binary' }), data: fc.uint8Array({ maxLength: 60 }) }), {
          maxLength: 8,
        }),
        async (files) => {
          const back = unzip(await zip(files))
          expect(back.map(({ data }) => [...data])).toEqual(files.map(({ data }) => [...data]))
          expect(new Set(back.map(({ name }) => name.toLowerCase())).size).toBe(files.length)
          for (const { name } of back) expect(name).not.toMatch(/^\.|[/\\\0]|^$/)
        },
      ),
    )
  })

  it('tells files of one name apart and leads nobody out of the folder', async () => {
    const data = new Uint8Array(1)
    const names = ['a.dcm', 'A.dcm', 'a.dcm', '../../etc/passwd', 'C:\\x', ''].map((name) => ({ name, data }))
    expect(unzip(await zip(names)).map(({ name }) => name)).toEqual([
      'a.dcm',
      'A (2).dcm',
      'a (3).dcm',
      '_/../etc/passwd'.replaceAll('/', '_'),
      'C__x',
      'file',
    ])
  })

  it('is not offered where it would need ZIP64', () => {
    expect(zipSize([{ name: 'a', size: 4_294_967_295 }])).toBeNull()
    expect(zipSize(Array.from({ length: 65_535 }, (_, n) => ({ name: String(n), size: 0 })))).toBeNull()
    expect(zipSize([{ name: 'a', size: 4_000_000_000 }])).toBe(4_000_000_000 + 30 + 46 + 16 + 22 + 2)
  })

  it('breaks off when a file is not as long as announced', async () => {
    const short = { name: 'a', size: 5, async *stream() {} }
    await expect(async () => {
      for await (const _ of writeZip([short], 0));
    }).rejects.toThrow(RangeError)
  })
})
