import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('the WAL is written, then on disk, then the mail is acknowledged: as the kernel saw it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'secflow-order-'))
  const trace = join(dir, 'trace')
  const writer = [process.execPath, join(import.meta.dirname, '../support/store-writer.ts'), dir, '1']
  const child = spawn(
    'strace',
    ['-f', '-y', '-s', '64', '-o', trace, '-e', 'trace=pwrite64,fdatasync,write', ...writer],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    },
  )
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await expect.poll(() => said.split('\n').length).toBeGreaterThan(20)
  process.kill(-child.pid!, 'SIGKILL')
  await once(child, 'close')

  let written = 0
  let flushed = 0
  const began = new Map<string, number>()
  const unflushed: number[] = []
  for (const line of (await readFile(trace, 'utf8')).split('\n')) {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (/^pwrite64\(\d+<[^>]*-wal>/.test(call)) written += 1
    else if (/^fdatasync\(\d+<[^>]*-wal>/.test(call)) began.set(thread, written)
    else if (/^write\(1<[^>]*>, "[0-9a-f-]{36}/.test(call)) unflushed.push(written - flushed)
    if (/fdatasync(\(| resumed).*\) += 0$/.test(call)) flushed = Math.max(flushed, began.get(thread) ?? 0)
  }
  expect(written).toBeGreaterThan(0)
  expect(unflushed.length).toBeGreaterThan(3)
  expect(unflushed.filter((count) => count > 0)).toEqual([])
  await rm(dir, { recursive: true })
}, 60_000)
