/** Long work on one mail lets others go on. Turns are counted by a clock that goes on with every look at it: no load changes them. */
import { afterEach, expect, it, vi } from 'vitest'
import { longCrypto } from '../support/long-crypto.ts'
import { longWork } from '../support/long-work.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Nothing is left of work that was done before. */
async function idle(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
}

/** How often others had a turn while `work` ran. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  await idle()
  let now = performance.now()
  vi.spyOn(performance, 'now').mockImplementation(() => ++now)
  let turns = 0
  let going = true
  const others = () => {
    turns++
    if (going) setImmediate(others)
  }
  setImmediate(others)
  await work()
  going = false
  await idle()
  return turns
}

it.each([...longWork, ...longCrypto].filter(({ turns }) => turns > 0))(
  'others have their turn at least $turns times during $name',
  { timeout: 60_000 },
  async ({ prepare, turns }) => {
    expect(await turnsDuring(await prepare())).toBeGreaterThanOrEqual(turns)
  },
)
