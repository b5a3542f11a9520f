/** The simulator's routes: in the demo only. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testHouse } from '../../test/support/http-services.ts'
import { demoFiles } from '../demo/tenant.ts'
import { createHttpApp } from './app.ts'
import { simulatorRoutes } from './routes/simulator.ts'

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

it('sends nothing for a page of another site', async () => {
  await using house = await testHouse()
  const files = demoFiles(join(tmpdir(), 'no-demo'))
  const app = await createHttpApp(house.services, [simulatorRoutes({ files, sink: '', smtpPort: () => null })])
  const send = async (headers: Record<string, string>) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/simulator/send',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: 'from=a@demo.example&to=b@x.example&to=c@x.example&subject=Hi&text=Hi',
    })
    return answer.json().code
  }
  // A form needs nobody's leave to be sent across sites.
  expect(await send({ 'sec-fetch-site': 'cross-site' })).toBe('cross-site')
  expect(await send({ origin: 'https://evil.example' })).toBe('cross-site')
  expect(await send({ 'sec-fetch-site': 'same-origin' })).toBe('config-missing')
  await app.close()
})
