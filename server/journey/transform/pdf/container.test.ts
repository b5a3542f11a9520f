import { deflateSync } from 'node:zlib'
import { PDFDocument } from 'pdf-lib'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ContainerFile, encryptedContainer, encryptedPdf } from './container.ts'

let page: Buffer
beforeAll(async () => {
  const document = await PDFDocument.create()
  document.addPage([200, 200]).drawText('a page')
  page = Buffer.from(await document.save())
})

const file = (name: string, data: Buffer, size = data.length): ContainerFile => ({
  name,
  mediaType: 'text/plain',
  size,
  async *stream() {
    yield data
  },
})
const options = (files: readonly ContainerFile[], userPassword = 'user') => ({
  page,
  files,
  userPassword,
  ownerPassword: 'owner',
  time: Date.UTC(2026, 10, 23),
})
const collect = async (source: AsyncIterable<Buffer>) => {
  const chunks: Buffer[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}

describe('the container', () => {
  it('is as long as it said, with and without files', async () => {
    for (const files of [[], [file('ä.txt', Buffer.alloc(0)), file('b.bin', Buffer.alloc(100_001))]]) {
      const [bytes, size] = [
        await collect(encryptedPdf(options(files))),
        (await encryptedContainer(options(files))).size,
      ]
      expect(bytes).toHaveLength(size)
    }
  })

  it('is the same when it is written again, and another for the next mail', async () => {
    const one = options([file('a.txt', Buffer.from('content'))])
    const { stream } = await encryptedContainer(one)
    const once = await collect(stream())
    expect(once.equals(await collect(stream()))).toBe(true)
    expect(once.equals(await collect((await encryptedContainer(one)).stream()))).toBe(false)
  })

  it('shows neither names nor content', async () => {
    const bytes = await collect(encryptedPdf(options([file('secret-name.txt', Buffer.from('secret content'))])))
    const text = bytes.toString('latin1')
    for (const clear of ['secret', Buffer.from('secret').toString('hex'), 's\0e\0c\0r'])
      expect(text).not.toContain(clear)
  })

  it.each([5, 50])('breaks off when a file of 10 bytes says it has %i', async (size) => {
    const run = collect(encryptedPdf(options([file('a', Buffer.alloc(10), size)])))
    await expect(run).rejects.toThrow('internal')
  })

  it('refuses an empty password and a page that is none', async () => {
    await expect(encryptedContainer(options([], ''))).rejects.toThrow('password-unusable')
    await expect(encryptedContainer({ ...options([]), page: Buffer.from('hello') })).rejects.toThrow('render-failed')
  })
  const written = (objects: string) =>
    Buffer.from(
      `%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>\nendobj\n${objects}trailer\n<</Root 1 0 R/Size 5>>\nstartxref\n9\n%%EOF\n`,
      'latin1',
    )

  it('refuses a page of some bytes that would become gigabytes', async () => {
    await expect(encryptedContainer({ ...options([]), page: written('') })).resolves.toBeDefined()
    const sparse = written('400000000 0 obj\n1\nendobj\n')
    await expect(encryptedContainer({ ...options([]), page: sparse })).rejects.toThrow('render-failed')

    const once = deflateSync(deflateSync(Buffer.alloc(300_000_000, 0x20), { level: 9 }), { level: 9 }).toString(
      'latin1',
    )
    const packed = `4 0 obj\n<</Type/ObjStm/N 1/First 9/Filter[/FlateDecode/FlateDecode]/Length ${once.length}>>\nstream\n${once}\nendstream\nendobj\n`
    const before = process.memoryUsage().rss
    await expect(encryptedContainer({ ...options([]), page: written(packed) })).rejects.toThrow('render-failed')
    expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000)
  })
})
