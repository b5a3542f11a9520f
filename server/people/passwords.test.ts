import { expect, test } from 'vitest'
import { createPasswords } from './passwords.ts'

test('the right password fits, no other does', async () => {
  const passwords = createPasswords()
  const stored = await passwords.hash('Grüße 1')
  expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await passwords.verify(stored, 'Grüße 1')).toBe(true)
  expect(await passwords.verify(stored, 'Grüße 2')).toBe(false)
  expect(await passwords.verify(stored, '')).toBe(false)
  expect(await passwords.verify(null, 'nobody has this password')).toBe(false)
  expect(await passwords.verify('plain', 'plain')).toBe(false)
  expect(await passwords.verify('$argon2id$broken', 'x')).toBe(false)
  await expect(passwords.hash('')).rejects.toMatchObject({ code: 'request-invalid' })
})

test('an unknown user takes as long as a known one', async () => {
  const passwords = createPasswords()
  const stored = await passwords.hash('secret')
  await passwords.verify(null, 'warm up')
  const timed = async (hash: string | null) => {
    const start = performance.now()
    await passwords.verify(hash, 'wrong')
    return performance.now() - start
  }
  // In turns, and the quickest of each: what else the machine does only ever makes one slower.
  let known = Number.POSITIVE_INFINITY
  let unknown = Number.POSITIVE_INFINITY
  for (let i = 0; i < 9; i++) {
    known = Math.min(known, await timed(stored))
    unknown = Math.min(unknown, await timed(null))
  }
  expect(unknown / known).toBeGreaterThan(0.5)
  expect(unknown / known).toBeLessThan(2)
})

test('too many at once are refused, the others served', async () => {
  const passwords = createPasswords({ concurrent: 1, waiting: 2 })
  const stored = await passwords.hash('secret')
  await passwords.verify(stored, 'secret')
  const settled = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.verify(stored, 'secret')))
  expect(settled.filter((s) => s.status === 'fulfilled' && s.value)).toHaveLength(3)
  expect(settled.filter((s) => s.status === 'rejected').map((s) => (s as PromiseRejectedResult).reason.code)).toEqual([
    'rate-limited',
    'rate-limited',
  ])
  expect(await passwords.verify(stored, 'secret')).toBe(true)
})
