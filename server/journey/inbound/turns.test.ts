import { describe, expect, it } from 'vitest'
import { createTurns } from './turns.ts'

describe('turns', () => {
  it('mails open together while their sum fits, then in the order in which they came', async () => {
    const turns = createTurns(10)
    const began: string[] = []
    const take = (name: string, bytes: number) =>
      turns.take(bytes).then((turn) => {
        began.push(name)
        return turn
      })
    const [a, b] = await Promise.all([take('a', 4), take('b', 6)])
    const c = take('c', 5)
    const d = take('d', 1)
    await Promise.resolve()
    expect(began).toEqual(['a', 'b'])
    a![Symbol.dispose]()
    a![Symbol.dispose]()
    await Promise.resolve()
    expect(began).toEqual(['a', 'b'])
    b![Symbol.dispose]()
    ;(await c)[Symbol.dispose]()
    ;(await d)[Symbol.dispose]()
    expect(began).toEqual(['a', 'b', 'c', 'd'])
  })

  it('one that is larger than all opens alone, and is not kept waiting for ever', async () => {
    const turns = createTurns(10)
    const small = await turns.take(1)
    const large = turns.take(1_000)
    const after = turns.take(1)
    small[Symbol.dispose]()
    ;(await large)[Symbol.dispose]()
    ;(await after)[Symbol.dispose]()
  })
})
