import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { tenantId } from '../../../shared/domain/index.ts'
import { memoryBlobs } from '../../../test/support/memory-blobs.ts'
import { messageId } from '../../platform/ids.ts'
import { createReceiver, type Offered, standsInRow } from './receive.ts'
import { Slabs } from './slabs.ts'

const MOST = 1_310_720

function setup() {
  const blobs = memoryBlobs()
  const slabs = new Slabs(MOST, 24)
  const receiver = createReceiver({
    blobs,
    clock: { now: Date.now },
    ids: () => messageId(Date.now()),
    name: 'gw.acme.example',
    slabs,
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
  return {
    receiver,
    slabs,
    receive: (pieces: Iterable<string>) => receiver.receive(offered(pieces)),
    stored: (id: string) => blobs.bytes.get(`acme/spool/${id}`)!,
  }
}

const LINE = `${'x'.repeat(510)}\r\n`
const SMALL = [LINE.repeat(100)]
const LARGE = Array.from({ length: 16 }, () => LINE.repeat(128))

it.each([
  ['large', 24],
  ['small', 160],
] as const)(
  'many %s mails at once are not all held in memory, and the room of those that are recorded is free again',
  async (kind, most) => {
    const { receiver, slabs, receive } = setup()
    const batch = (count: number) =>
      Promise.all(Array.from({ length: count }, () => receive(kind === 'large' ? LARGE : SMALL)))
    const all = [...(await batch(24)), ...(await batch(76)), ...(await batch(100))]
    const held = all.filter(({ bytes }) => bytes !== null)
    expect(held.length).toBeLessThanOrEqual(most)
    expect(held.length).toBeGreaterThanOrEqual(24)
    // Handed to another thread they are empty here; the room is free all the same, and once.
    for (const { bytes, ticket } of held)
      if (ticket === 0) structuredClone(bytes, { transfer: [bytes!.buffer as ArrayBuffer] })
    for (const one of [...all, ...all]) {
      receiver.release(one)
      slabs.giveBack(one.ticket)
    }
    expect((await batch(24)).every(({ bytes }) => bytes !== null)).toBe(true)
  },
)

it('a mail that comes byte by byte is held in one buffer of about its size', async () => {
  const { receive } = setup()
  const { bytes } = await receive(Array.from({ length: 4_000 }, () => '\r\n'))
  expect(bytes?.length).toBeGreaterThan(8_000)
  expect(bytes?.buffer.byteLength).toBeLessThan(20_000)
})

it('a short mail is handed on for its row, and leaves no blob', async () => {
  const { receive, stored, receiver } = setup()
  const received = await receive(['short\r\n'])
  expect(standsInRow(received)).toBe(true)
  expect(String(received.bytes).endsWith('\r\n\r\nshort\r\n')).toBe(true)
  expect(received.blob).toEqual({ size: received.bytes!.length, sha256: hash('sha256', received.bytes!) })
  expect(stored(received.id)).toBeUndefined()
  await receiver.discard(received)
})

it('a mail that could not be recorded leaves no blob, also where its bytes have gone to another thread', async () => {
  const { receive, stored, receiver } = setup()
  const received = await receive(SMALL)
  structuredClone(received.bytes, { transfer: [received.bytes!.buffer as ArrayBuffer] })
  expect(received.bytes).toHaveLength(0)
  expect(stored(received.id)).toBeDefined()
  await receiver.discard(received)
  expect(stored(received.id)).toBeUndefined()
})

it('a mail is stored with the same bytes whether it is held or flows by', async () => {
  const { receive, stored, slabs } = setup()
  for (const pieces of [SMALL, LARGE, [...LARGE, ...LARGE]]) {
    const { id, bytes, blob, ticket } = await receive(pieces)
    const content = stored(id)
    expect(content.length).toBe(blob.size)
    expect(content.toString().endsWith(pieces.join(''))).toBe(true)
    expect(bytes === null).toBe(content.length > MOST)
    if (bytes) expect(content.equals(bytes)).toBe(true)
    // What flowed by has given its slab back already; what is held has not.
    slabs.giveBack(ticket)
    expect(Array.from({ length: 24 }, () => slabs.lend()).every((slab) => slab !== null)).toBe(true)
    for (let lent = 1; lent <= 500; lent++) slabs.giveBack(lent)
  }
})
