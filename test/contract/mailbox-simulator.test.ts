/** The contract of a mailbox on the simulator: the real office.js in Chromium, driven over its protocol, for every client. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENTS } from '../../simulator/profiles/clients.ts'
import { bundle } from '../../tools/simulator.ts'
import { type SimulatedWorld, simulatedWorld, type Visit } from '../support/simulator.ts'
import { mailboxContract } from './mailbox.ts'
import type { InPage } from './mailbox-in-page.ts'

const names: string[] = []
mailboxContract({ open: () => Promise.reject() }, { it: (name) => void names.push(name), expect })

let world: SimulatedWorld
let visit: Visit
beforeAll(async () => {
  const runner = join(import.meta.dirname, '../support/in-page-runner.ts')
  const code = await bundle('test/contract/mailbox-in-page.ts', { vitest: runner })
  world = await simulatedWorld()
  visit = await world.open()
  await visit.page.evaluate(code)
})
afterAll(() => world?.[Symbol.asyncDispose]())

const run = (client: string, name: string) =>
  visit.page.evaluate(
    ([one, two]) => (window as unknown as { contract: InPage }).contract.run(one!, two!),
    [client, name],
  )

describe.each(CLIENTS.filter(({ mailbox }) => mailbox >= 11))('simulator of $name', ({ id }) => {
  it.each(names)('%s', async (name) => {
    expect(await run(id, name)).toBeNull()
  })
})

describe('the runner in the page', () => {
  it('says what does not hold', async () => {
    // LTSC 2021 has no session data: a contract that asks for some cannot be kept.
    expect(await run('ltsc', names.at(-1)!)).toContain('of undefined')
  })

  it('asks nobody else for anything', () => {
    expect(visit.outside).toEqual([])
    expect(visit.complaints).toEqual([])
  })
})
