import { expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { memoryBlobs } from '../../../test/support/memory-blobs.ts'
import { messageId } from '../../platform/ids.ts'
import { createReceiver, type Offered } from './receive.ts'

const MOST = 1_310_720

function setup() {
  const receiver = createReceiver({
    blobs: memoryBlobs(),
    clock: { now: Date.now },
    ids: () => messageId(Date.now()),
    name: 'gw.acme.example',
    handOnBytes: MOST,
  })
  const offered = (pieces: Iterable<string>): Offered => ({
    tenant: tenantId('acme'),
    envelope: {
      mailFrom: 'ann@acme.example',
      recipients: [{ address: 'bob@partner.example' }],
      body: '7BIT',
      smtputf8: false,
      requireTls: false,
    },
    origin: { channel: 'smtp', authenticated: 'none', peer: '192.0.2.7', tls: null },
    content: (async function* () {
      yield Buffer.from('Subject: x\r\n\r\n')
      for (const piece of pieces) yield Buffer.from(piece)
    })(),
  })
  return { receiver, receive: (pieces: Iterable<string>) => receiver.receive(offered(pieces)) }
}

const LINE = `${'x'.repeat(510)}\r\n`
const LARGE = Array.from({ length: 16 }, () => LINE.repeat(128))

it('many large mails at once are not all held in memory, and the room of those that are recorded is free again', async () => {
  const { receiver, receive } = setup()
  const many = await Promise.all(Array.from({ length: 40 }, () => receive(LARGE)))
  const held = many.filter(({ bytes }) => bytes !== null)
  expect(held.length).toBeGreaterThan(20)
  expect(held.length).toBeLessThan(33)
  expect((await receive(LARGE)).bytes).toBe(null)
  for (const one of many) receiver.release(one)
  for (const one of many) receiver.release(one)
  expect((await receive(LARGE)).bytes?.length).toBeGreaterThan(1_048_576)
})

it('a mail that comes byte by byte is not held as that many buffers', async () => {
  const { receive } = setup()
  expect((await receive(Array.from({ length: 4_000 }, () => '\r\n'))).bytes).toBe(null)
  expect((await receive(['hello\r\n'])).bytes?.toString().endsWith('\r\n\r\nhello\r\n')).toBe(true)
})
