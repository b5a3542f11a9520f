import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { oneATurn } from './turn.ts'

/** Work that notes in which turn of the loop it was done, and whether on the pool. */
function noted(done: string[], now: () => number) {
  return {
    here: () => done.push(`turn ${now()}`),
    there: async () => {
      await turn()
      return done.push('pool')
    },
  }
}

async function inOneTurn(count: number): Promise<readonly string[]> {
  const done: string[] = []
  let turns = 0
  const counting = async () => {
    for (; done.length < count; turns += 1) await turn()
  }
  // Before the first of them, so that it counts before they go on.
  const counted = counting()
  const all = Array.from({ length: count }, () => oneATurn(noted(done, () => turns)))
  await Promise.all([...all, counted])
  await turn()
  await turn()
  return done
}

describe('signatures of part of a millisecond', () => {
  it('one alone is done at once', () => {
    expect(oneATurn({ here: () => 'done', there: async () => 'late' })).toBe('done')
  })

  it('a few are done one in a turn of the loop, none on the pool', async () => {
    await turn()
    const done = await inOneTurn(4)
    expect(new Set(done).size).toBe(4)
    expect(done).not.toContain('pool')
  })

  it('of many, the pool does some, and every one is answered', async () => {
    const done = await inOneTurn(40)
    expect(done).toHaveLength(40)
    const here = done.filter((one) => one !== 'pool')
    expect(new Set(here).size).toBe(here.length)
  })

  it('one that fails fails for its caller, and the next has its turn', async () => {
    const fails = { here: () => Promise.reject(new Error('no')), there: () => Promise.reject(new Error('no')) }
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, at) =>
        Promise.resolve(oneATurn<unknown>(at % 2 ? fails : { here: () => 1, there: async () => 1 })),
      ),
    )
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(outcomes.map((_, at) => at % 2 === 0))
  })
})
