import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { afterEach, expect, it } from 'vitest'
import { silentLog } from '../../ports/log.ts'
import type { App } from '../route.ts'
import { errors } from './errors.ts'
import { largeBodies } from './large-bodies.ts'

let app: App
const sent: ClientRequest[] = []
let seen = 0
async function serve(withinMs = 60_000): Promise<void> {
  app = fastify() as unknown as App
  seen = 0
  app.addHook('preParsing', async () => {
    seen++
  })
  errors(app, silentLog)
  largeBodies(app, withinMs)
  for (const [url, holdsBody] of [
    ['/held', true],
    ['/free', false],
  ] as const)
    app.post(url, { config: { holdsBody } }, async (incoming) => ({ got: incoming.body }))
  await app.listen({ port: 0, host: '127.0.0.1' })
}
afterEach(async () => {
  for (const one of sent.splice(0)) one.destroy()
  await app.close()
})

/** Begins a request; its body goes on until it is ended. */
function begin(path = '/held', headers: Record<string, string> = {}): ClientRequest {
  const { port } = app.server.address() as AddressInfo
  const options = {
    port,
    path,
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  }
  const one = request({ host: '127.0.0.1', ...options })
  one.on('error', () => {})
  one.write('[1')
  sent.push(one)
  return one
}

async function status(one: ClientRequest): Promise<number> {
  const [response] = (await once(one, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode!
}

const finish = (one: ClientRequest) => status(one.end(']'))
/** So many requests have come as far as the limit. */
const arrived = (count: number) => expect.poll(() => seen).toBe(count)

it('the third large body has to wait until one before it is answered', async () => {
  await serve()
  const [first] = [begin(), begin()]
  await arrived(2)
  expect(await status(begin())).toBe(429)
  expect(await finish(begin('/held', { 'content-length': '3' }))).toBe(200)
  expect(await finish(begin('/free'))).toBe(200)
  expect(await finish(first)).toBe(200)
  await expect.poll(() => finish(begin())).toBe(200)
})

it('a client that goes away gives its place back', async () => {
  await serve()
  const [first] = [begin(), begin()]
  await arrived(2)
  first.destroy()
  await expect.poll(() => finish(begin())).toBe(200)
})

it('one that drips loses its place', async () => {
  await serve(2_000)
  const slow = [begin(), begin()]
  const ended = Promise.all(slow.map((one) => new Promise<void>((resolve) => one.once('close', resolve))))
  await arrived(2)
  expect(await status(begin())).toBe(429)
  await ended
  await expect.poll(() => finish(begin())).toBe(200)
})
