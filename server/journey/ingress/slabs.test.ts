import { expect, it } from 'vitest'
import { Slabs } from './slabs.ts'

it('a ticket that was given back opens nothing, although its memory is lent again', () => {
  const slabs = new Slabs(16, 1)
  const first = slabs.lend()!
  first.memory.set(Buffer.from('secret'))
  slabs.filled(first.ticket, 6)
  expect(Buffer.from(slabs.read(first.ticket)!).toString()).toBe('secret')
  slabs.giveBack(first.ticket)
  const second = slabs.lend()!
  expect(second.memory.buffer).toBe(first.memory.buffer)
  expect(slabs.read(first.ticket)).toBe(null)
  // Nor is anything given back twice.
  slabs.giveBack(first.ticket)
  expect(slabs.lend()).toBe(null)
  // What the one before wrote is not the next one's mail.
  expect(slabs.read(second.ticket)).toHaveLength(0)
})

it('memory that somebody may still read is not lent again', () => {
  const slabs = new Slabs(16, 1)
  const first = slabs.lend()!
  slabs.abandon(first.ticket)
  slabs.giveBack(first.ticket)
  expect(slabs.lend()!.memory.buffer).not.toBe(first.memory.buffer)
})

it('is bounded, and little of it stays once all of it is back', () => {
  const slabs = new Slabs(16, 8)
  const lent = Array.from({ length: 8 }, () => slabs.lend()!)
  expect(slabs.lend()).toBe(null)
  for (const { ticket } of lent) slabs.giveBack(ticket)
  const again = Array.from({ length: 8 }, () => slabs.lend()!.memory.buffer)
  expect(again.filter((buffer) => lent.some(({ memory }) => memory.buffer === buffer))).toHaveLength(4)
})
