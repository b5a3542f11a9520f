import { randomFillSync } from 'node:crypto'
import type { MessageId } from '../../shared/domain/index.ts'

const random = Buffer.alloc(4096)
let used = random.length
let lastMs = 0
let counter = 0

/**
 * A UUIDv7 (RFC 9562 5.7) for a time in epoch milliseconds. Ids made in one process under one time sort in the order of
 * their making (6.2, method 1: a 12-bit counter that carries into the time).
 */
export function uuidv7(now: number): string {
  if (used + 10 > random.length) {
    randomFillSync(random)
    used = 0
  }
  const bytes = random.subarray(used, used + 10)
  used += 10
  // A clock that was set back by more than a moment starts anew: sorting by time is worth more than by making.
  if (now > lastMs || now < lastMs - 1000) {
    lastMs = now
    counter = bytes.readUInt16BE(8) & 0x7ff
  } else if (++counter > 0xfff) {
    lastMs += 1
    counter = 0
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const tail = bytes.toString('hex', 0, 8)
  const variant = ((bytes[0]! & 0x3f) | 0x80).toString(16)
  const low = counter.toString(16).padStart(3, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${low}-${variant}${tail.slice(2, 4)}-${tail.slice(4)}`
}

/** The id of a message accepted at `now`. */
export function messageId(now: number): MessageId {
  return uuidv7(now) as MessageId
}
