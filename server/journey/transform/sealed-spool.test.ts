import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SealedSpool } from './sealed-spool.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-spool-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const filled = async (pieces: readonly Buffer[]) => {
  const spool = new SealedSpool(folder)
  for (const piece of pieces) await spool.write(piece)
  return spool.release()
}

it.each([0, 1, 1_048_576, 1_048_577, 5_000_003])('%d bytes come back from any offset', async (size) => {
  const data = randomBytes(size)
  const pieces = Array.from({ length: Math.ceil(size / 70_001) }, (_, at) =>
    Buffer.from(data.subarray(at * 70_001, (at + 1) * 70_001)),
  )
  await using content = await filled(pieces)
  expect(content.size).toBe(size)
  expect(Buffer.concat(await Array.fromAsync(content.stream())).equals(data)).toBe(true)
  for (let run = 0; run < 50; run++) {
    const start = Math.floor(Math.random() * (size + 1))
    const end = start + Math.floor(Math.random() * (size - start + 1))
    const part = data.subarray(start, end)
    // In this order: a read may join what the stream hands on as it was written.
    expect(Buffer.concat(await Array.fromAsync(content.stream(start, end))).equals(part)).toBe(true)
    expect((await content.read(start, end)).equals(part)).toBe(true)
  }
})

it.runIf(process.platform === 'linux')('its file has no name, is nobody else’s, and holds no plaintext', async () => {
  const text = Buffer.alloc(3_000_000, 'a secret sentence ')
  await using content = await filled([text])
  expect(readdirSync(folder)).toEqual([])
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [{ fd, path: readlinkSync(`/proc/self/fd/${fd}`) }]
    } catch {
      return []
    }
  })
  const mine = open.find(({ path }) => path.startsWith(folder))!
  expect(mine.path).toMatch(/\(deleted\)$/)
  const disk = readFileSync(`/proc/self/fd/${mine.fd}`)
  expect(disk).toHaveLength(text.length)
  expect(disk.includes('secret')).toBe(false)
  expect((await content.read(2, 8)).toString()).toBe('secret')
})

it('gives nothing after it was disposed of', async () => {
  const content = await filled([Buffer.alloc(2_000_000, 'x')])
  await content[Symbol.asyncDispose]()
  await expect(content.read(0, 1)).rejects.toThrow()
  const small = await filled([Buffer.from('x')])
  await small[Symbol.asyncDispose]()
  await expect(small.read(0, 1)).rejects.toThrow()
})
