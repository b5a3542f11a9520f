import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestHouse, testHouse } from '../../test/support/http-services.ts'
import { type App, createHttpApp } from './app.ts'

let house: TestHouse
let app: App
let port: number
beforeAll(async () => {
  house = await testHouse()
  app = await createHttpApp(house.services)
  await app.listen({ port: 0, host: '127.0.0.1' })
  ;({ port } = app.server.address() as AddressInfo)
})
afterAll(async () => {
  await app?.close()
  await house?.[Symbol.asyncDispose]()
})

/** What comes back for these bytes until the connection ends. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

describe('a request that reaches no route', () => {
  it.each([
    ['no HTTP at all', 'FOO BAR\r\n\r\n', 'request-invalid'],
    ['more header than is read', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`, 'header-too-large'],
    ['no address', 'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'request-invalid'],
  ])('is told so as a problem: %s', async (_what, bytes, code) => {
    const answer = await raw(bytes)
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toMatch(/^content-type: application\/problem\+json/im)
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
    expect(JSON.parse(body)).toMatchObject({ type: `urn:secflow:fault:${code}`, status: 400 })
    expect(body).not.toContain('zz')
  })

  it('is told so as a problem: a name longer than any', async () => {
    const answer = await app.inject({ url: `/api/v1/messages/${'a'.repeat(300)}` })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request-invalid'])
    expect(answer.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/problem\+json/),
      'x-request-id': expect.any(String),
    })
  })
})
