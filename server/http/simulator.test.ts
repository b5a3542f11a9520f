/** The simulator's routes: in the demo only. */
import { expect, it } from 'vitest'
import { testHouse } from '../../test/support/http-services.ts'
import { createHttpApp } from './app.ts'

it('is not there outside of demo mode', async () => {
  await using house = await testHouse()
  const app = await createHttpApp(house.services)
  for (const [method, url] of [
    ['GET', '/simulator/'],
    ['GET', '/simulator/office/office.js'],
    ['GET', '/simulator/mailboxes'],
    ['POST', '/simulator/send'],
  ] as const)
    expect((await app.inject({ method, url })).statusCode, url).toBe(404)
  await app.close()
})
