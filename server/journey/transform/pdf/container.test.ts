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
})
