import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gather, type Holding } from './gather.ts'
import { Slabs } from './slabs.ts'

const setup = (): Holding => ({ left: 1_000_000, slabs: new Slabs(200_000, 2) })

/** Content of one byte over and over, in pieces, each a turn of the event loop after the one before. */
async function* pieces(letter: number, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (const size of sizes) {
    await new Promise(setImmediate)
    yield Buffer.alloc(size, letter)
  }
}

async function bytesOf(content: Uint8Array | AsyncIterable<Uint8Array>): Promise<Buffer> {
  if (content instanceof Uint8Array) return Buffer.from(content)
  const parts: Buffer[] = []
  for await (const piece of content) parts.push(Buffer.from(piece))
  return Buffer.concat(parts)
}

const sizes = fc.array(fc.oneof(fc.nat(20_000), fc.constantFrom(16_383, 16_384, 16_385, 65_536, 200_000)), {
  maxLength: 5,
})

describe('mail that is gathered', () => {
  test('has its own bytes and no others, however many come at once and one after another', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(sizes, { minLength: 1, maxLength: 4 }), { maxLength: 4 }), async (rounds) => {
        const holding = setup()
        const stays: { readonly bytes: Uint8Array; readonly letter: number }[] = []
        for (const mails of rounds) {
          await Promise.all(
            mails.map(async (mail, at) => {
              const letter = 65 + ((stays.length + at) % 26)
              const { content, bytes, ticket, release } = await gather(pieces(letter, mail), holding)
              const whole = await bytesOf(content)
              const length = mail.reduce((sum, size) => sum + size, 0)
              expect(whole.equals(Buffer.alloc(length, letter))).toBe(true)
              // What goes to the other thread is alone in its buffer: nothing of another mail goes with it.
              if (bytes && ticket === 0) {
                expect(bytes.buffer.byteLength).toBe(whole.length)
                stays.push({ bytes, letter })
              }
              release()
              holding.slabs?.giveBack(ticket)
            }),
          )
        }
        for (const { bytes, letter } of stays) expect(Buffer.alloc(bytes.length, letter).equals(bytes)).toBe(true)
        expect(holding.left).toBe(1_000_000)
      }),
      { numRuns: 40 },
    )
  })
})
