/** The ZIP archive under a password in the hands of 7-Zip. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterAll, expect, it } from 'vitest'
import type { ContainerFile } from '../../server/journey/transform/pdf/container.ts'
import { lockedZip } from '../../server/journey/transform/pdf/locked-zip.ts'

const folder = mkdtempSync(join(tmpdir(), 'secflow-zip-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const PASSWORD = 'lusab-babad-gutih-tugad'
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const file = (name: string, data: Buffer, piece = 100_003): ContainerFile => ({
  name,
  mediaType: 'application/octet-stream',
  size: data.length,
  modified: Date.UTC(2026, 10, 23, 9, 30),
  async *stream() {
    for (let at = 0; at < data.length; at += piece) yield data.subarray(at, at + piece)
  },
})

async function write(name: string, files: readonly ContainerFile[]): Promise<string> {
  const path = join(folder, name)
  const { size, stream } = lockedZip({ files, password: PASSWORD, time: 0 })
  await pipeline(stream(), createWriteStream(path))
  expect(statSync(path).size).toBe(size)
  return path
}

it('opens in 7-Zip with its password, every file byte for byte and by its name', async () => {
  const files: [string, Buffer][] = [
    ['Übersicht.txt', Buffer.from('Inhalt\n')],
    ['empty', Buffer.alloc(0)],
    ['見積書.pdf', randomBytes(10_240)],
    ['large.bin', randomBytes(50 * 1024 * 1024)],
  ]
  const path = await write(
    'files.zip',
    files.map(([name, data]) => file(name, data)),
  )
  const out = join(folder, 'out')
  execFileSync('7z', ['x', `-p${PASSWORD}`, `-o${out}`, path], {
    stdio: 'pipe',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  })
  expect(readdirSync(out).sort()).toEqual(files.map(([name]) => name).sort())
  for (const [name, data] of files) expect(sha256(readFileSync(join(out, name)))).toBe(sha256(data))
})

it('is AES-256, and does not open with another password or after a change of one byte', async () => {
  const path = await write('small.zip', [file('a.txt', Buffer.from('secret content'))])
  expect(execFileSync('7z', ['l', '-slt', path]).toString()).toContain('Method = AES-256 Store')
  expect(spawnSync('7z', ['t', '-pwrong', path]).status).not.toBe(0)
  const bytes = readFileSync(path)
  expect(bytes.toString('latin1')).not.toContain('secret')
  bytes[30 + 5 + 11 + 18 + 3]! ^= 1
  const changed = join(folder, 'changed.zip')
  await pipeline([bytes], createWriteStream(changed))
  expect(spawnSync('7z', ['t', `-p${PASSWORD}`, changed]).status).not.toBe(0)
})

it('gives nothing when a file gives other than the bytes it announced', async () => {
  const lying = { ...file('a', Buffer.alloc(10)), size: 11 }
  await expect(write('lying.zip', [lying])).rejects.toThrow('internal')
})

it('is the same when it is written again, and another for the next mail', async () => {
  const options = { files: [file('a.txt', Buffer.from('content'))], password: PASSWORD, time: 0 }
  const { stream } = lockedZip(options)
  const [once, again, next] = await Promise.all(
    [stream(), stream(), lockedZip(options).stream()].map(async (pieces) =>
      Buffer.concat(await Array.fromAsync(pieces)),
    ),
  )
  expect(once!.equals(again!)).toBe(true)
  expect(once!.equals(next!)).toBe(false)
})
