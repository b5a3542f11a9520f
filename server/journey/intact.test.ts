import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { bytesOf, type OpenByteSource } from '../ports/bytes.ts'
import { checkIntact, streamIntact } from './intact.ts'

const stored = Buffer.from('Subject: x\r\n\r\nWhat was promised is kept.\r\n')
const digest = createHash('sha256').update(stored).digest('hex')
const sourceOf = (bytes: Buffer, held = false): OpenByteSource => ({
  ...bytesOf(bytes),
  held,
  async [Symbol.asyncDispose]() {},
})

it('passes on what is as it was, from anywhere', async () => {
  expect(Buffer.concat(await Array.fromAsync(streamIntact(sourceOf(stored), digest, 14)))).toEqual(stored.subarray(14))
  await checkIntact(sourceOf(stored), digest)
})

it('never ends well when one bit is another, before the place where it begins as after it', async () => {
  for (const at of [0, 20, stored.length - 1]) {
    const damaged = Buffer.from(stored)
    damaged[at]! ^= 1
    const read = Array.fromAsync(streamIntact(sourceOf(damaged), digest, 14))
    await expect(read).rejects.toMatchObject({ code: 'blob-damaged' })
    await expect(checkIntact(sourceOf(damaged), digest)).rejects.toMatchObject({ code: 'blob-damaged' })
  }
})

it('does not reckon again what never left the memory', async () => {
  await checkIntact(sourceOf(stored, true), 'unread')
})
