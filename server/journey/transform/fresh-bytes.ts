import { randomFillSync } from 'node:crypto'

/** Off V8's heap, where a collection would leave copies behind. */
const stock = Buffer.allocUnsafeSlow(4096)
let at = stock.length

/**
 * Random octets for keys and initialization vectors of single messages, the caller's own. They are drawn 4 KiB at a time: a draw
 * costs 2 to 7 µs however few it is for. What is handed out is erased in the stock.
 */
export function freshBytes(size: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size)
  if (size > stock.length) return randomFillSync(bytes)
  if (at + size > stock.length) {
    randomFillSync(stock)
    at = 0
  }
  stock.copy(bytes, 0, at, at + size)
  stock.fill(0, at, at + size)
  at += size
  return bytes
}
