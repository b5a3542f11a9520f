import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { sharedDirectorySync } from './directory-sync.ts'

test('who asks during a round is served by the next one, each directory once', async () => {
  const rounds: string[] = []
  const sync = sharedDirectorySync(async (path) => {
    rounds.push(`start ${path}`)
    await pause(10)
    rounds.push(`end ${path}`)
  })
  const first = sync(['a'])
  await pause(2)
  const later = Promise.all([sync(['a']), sync(['a', 'b']), sync(['b'])])
  await first
  expect(rounds.filter((r) => r.startsWith('end'))).toEqual(['end a'])
  await later
  expect(rounds).toEqual(['start a', 'end a', 'start a', 'start b', 'end a', 'end b'])
})

test('a round that fails fails its own callers only', async () => {
  let broken = true
  const sync = sharedDirectorySync(async () => {
    if (broken) throw new Error('io')
  })
  await expect(sync(['a'])).rejects.toThrow('io')
  broken = false
  await sync(['a'])
})
