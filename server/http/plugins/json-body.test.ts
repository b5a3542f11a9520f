import fastify from 'fastify'
import { afterEach, expect, it } from 'vitest'
import { silentLog } from '../../ports/log.ts'
import type { App } from '../route.ts'
import { errors } from './errors.ts'
import { jsonBody } from './json-body.ts'

let app: App
afterEach(() => app.close())

async function post(payload: string) {
  app = fastify({ bodyLimit: 4_194_304 }) as unknown as App
  errors(app, silentLog)
  jsonBody(app)
  app.post('/', async ({ body }) => ({ size: JSON.stringify(body).length }))
  return app.inject({ method: 'POST', url: '/', headers: { 'content-type': 'application/json' }, payload })
}

/** White space in front makes a body a long one. */
const LONG = ' '.repeat(300_000)

it.each(['', LONG])('a body is read, short or long', async (front) => {
  expect((await post(`${front}{"a":["ä"]}`)).json()).toEqual({ size: 11 })
})

it.each([
  ['{"a":1', 'the body is not valid JSON'],
  ['{"__proto__":1}', 'the body is not valid JSON'],
  ['', 'the body is not valid JSON'],
])('%j is refused in the same words, short or long', async (text, detail) => {
  for (const front of ['', LONG]) {
    const response = await post(`${front}${text}`)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ detail })
    await app.close()
  }
})

it('says what is too much in one place, and that a body is too large', async () => {
  const many = await post(`${LONG}[${'1,'.repeat(20_000)}1]`)
  expect([many.statusCode, many.json().detail]).toEqual([400, 'more than 20000 values in one place'])
  await app.close()
  expect((await post(' '.repeat(4_194_305))).statusCode).toBe(413)
})
