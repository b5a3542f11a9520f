/** OpenPGP that is damaged or made to harm: one fault in the same words, bounded memory and time, nothing for an oracle. */
import { execFileSync } from 'node:child_process'
import { deflateRawSync, deflateSync } from 'node:zlib'
import { encryptSessionKey, generateKey, generateSessionKey, readKey, type SessionKey } from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { pgpEncryptEntity, pgpOpen, pgpReadSigned } from '../../server/journey/transform/openpgp/index.ts'
import { packet, streamedPacket } from '../../server/journey/transform/openpgp/packet.ts'
import { sealPackets } from '../../server/journey/transform/openpgp/seipd.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { Fault } from '../../shared/fault/index.ts'

const time = Date.UTC(2026, 10, 20, 12)
let rsa: PgpIdentity
let other: PgpIdentity
let six: PgpIdentity

async function identity(options: Partial<Parameters<typeof generateKey>[0]>): Promise<PgpIdentity> {
  const made = {
    userIDs: [{ email: 'a@x.example' }],
    date: new Date(time - 1e6),
    ...options,
    format: 'armored' as const,
  }
  const pair = await generateKey(made)
  return { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: false }
}

beforeAll(async () => {
  rsa = await identity({ type: 'rsa', rsaBits: 2048 })
  other = await identity({ type: 'rsa', rsaBits: 2048 })
  six = await identity({ type: 'curve25519', config: { v6Keys: true, aeadProtect: true } })
})

const entity = (content: Buffer): Entity => ({
  header: [],
  async *body() {
    yield content
  },
})

async function binary(content: Buffer, reader: PgpIdentity): Promise<Buffer> {
  const wire = await pgpEncryptEntity(entity(content), [reader.armoredPublic], { time })
  const text = Buffer.concat(await Array.fromAsync(wire.body())).toString('latin1')
  const lines = /-----BEGIN PGP MESSAGE-----\r\n\r\n([\s\S]*?)-----END/.exec(text)![1]!.split('\r\n')
  return Buffer.from(lines.filter((line) => !line.startsWith('=')).join(''), 'base64')
}

/** A message whose encryption and integrity are sound: anybody who has the public key can make it. */
async function sealed(packets: Buffer): Promise<Buffer> {
  const options = { encryptionKeys: await readKey({ armoredKey: rsa.armoredPublic }), date: new Date(time) }
  const session: SessionKey = await generateSessionKey(options)
  async function* one() {
    yield packets
  }
  const data = await Array.fromAsync(streamedPacket(18, sealPackets(session, one())))
  return Buffer.concat([await encryptSessionKey({ ...options, ...session, format: 'binary' }), ...data])
}

const open = (message: Buffer, identities = [rsa], passwords: string[] = []) =>
  pgpOpen(bytesOf(message).stream(), identities, [], { time, passwords })

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const fault = await work.then(
    () => expect.fail('opened'),
    (error: unknown) => error,
  )
  expect(fault).toBeInstanceOf(Fault)
  return fault as Fault
}

/** Where the protected data begin, after one packet with a session key. */
function dataStart(message: Buffer): number {
  const first = message[1]!
  return first < 192 ? 2 + first : 3 + ((first - 192) << 8) + message[2]! + 192
}

const literal = (content: Buffer) => packet(11, Buffer.concat([Buffer.of(0x62, 0, 0, 0, 0, 0), content]))
const compressed = (algorithm: number, bytes: Buffer) => packet(8, Buffer.concat([Buffer.of(algorithm), bytes]))
const zeros = Buffer.alloc(270 * 1024 * 1024)

describe('sound encryption around what does harm', () => {
  const hostile: [string, () => Buffer][] = [
    ['a zip bomb', () => compressed(1, deflateRawSync(literal(zeros)))],
    ['a zlib bomb', () => compressed(2, deflateSync(literal(zeros)))],
    ['a bzip2 bomb', () => compressed(3, execFileSync('bzip2', ['-9'], { input: literal(zeros) }))],
    [
      'compression inside compression inside compression',
      () => [1, 2, 3, 4, 5].reduce((inside) => compressed(1, deflateRawSync(inside)), literal(Buffer.from('x'))),
    ],
    ['compressed data cut off', () => compressed(1, deflateRawSync(literal(Buffer.alloc(5000))).subarray(0, 10))],
    ['an unknown compression', () => compressed(77, Buffer.from('x'))],
    ['nothing at all', () => Buffer.alloc(0)],
    ['no packet', () => Buffer.from('plain words')],
    ['two contents', () => Buffer.concat([literal(Buffer.from('a')), literal(Buffer.from('b'))])],
    ['a packet of 4 GB', () => Buffer.from([0xcb, 0xff, 0xff, 0xff, 0xff, 0xff, 0x62])],
    ['partial lengths of one octet', () => Buffer.concat(Array.from({ length: 5000 }, () => Buffer.of(0xe0, 0x62)))],
    ['a key instead of content', () => packet(6, Buffer.alloc(60))],
    ['another encrypted message', () => packet(18, Buffer.alloc(60, 1))],
    [
      'a thousand announced signatures',
      () =>
        Buffer.concat([
          ...Array.from({ length: 1000 }, () => packet(4, Buffer.alloc(13, 3))),
          literal(Buffer.from('a')),
        ]),
    ],
  ]

  test.each(hostile)('%s: the one fault, in bounded time and 100 MB', { timeout: 60_000 }, async (_name, make) => {
    const message = await sealed(make())
    const before = process.resourceUsage().maxRSS
    const began = process.cpuUsage()
    const fault = await faultOf(open(message))
    const { user, system } = process.cpuUsage(began)
    expect([fault.code, fault.message, fault.detail]).toEqual(['decryption-failed', 'decryption-failed', ''])
    expect((user + system) / 1e6).toBeLessThan(4)
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(100)
  })
})

describe('what is wrong without any key', () => {
  test('truncated anywhere: never opened, and malformed or not decrypted', async () => {
    for (const reader of [rsa, six]) {
      const message = await binary(Buffer.alloc(3000, 'words '), reader)
      for (let end = 0; end < message.length; end += 97) {
        const { code } = await faultOf(open(message.subarray(0, end), [reader]))
        expect(['container-malformed', 'decryption-failed']).toContain(code)
      }
    }
  })

  test('something after the end is refused', async () => {
    const message = await binary(Buffer.from('words'), rsa)
    expect((await faultOf(open(Buffer.concat([message, literal(Buffer.from('more'))])))).code).toBe(
      'container-malformed',
    )
    expect((await faultOf(open(Buffer.concat([message, Buffer.from('more')])))).code).toBe('container-malformed')
  })

  test.each([
    ['300 session keys', Buffer.concat(Array.from({ length: 300 }, () => packet(1, Buffer.alloc(20, 3))))],
    ['a session key of 1 GB', Buffer.from([0xc1, 0xff, 0x40, 0, 0, 0, 3])],
    ['data without a length that need one', Buffer.from([0x87, 3, 0, 0])],
    ['chunks of 1 EB', packet(18, Buffer.concat([Buffer.of(2, 9, 2, 56), Buffer.alloc(100)]))],
    ['an armor without an end', Buffer.from('-----BEGIN PGP MESSAGE-----\n\nwcBMA')],
    ['an armor that never begins', Buffer.alloc(200_000, 'no armor here\n')],
    ['base64 with other characters', Buffer.from('-----BEGIN PGP MESSAGE-----\n\nwc!MA\n-----END PGP MESSAGE-----')],
  ])('%s', async (_name, bytes) => {
    expect((await faultOf(open(bytes))).code).toBe('container-malformed')
    expect((await faultOf(pgpReadSigned(bytesOf(bytes).stream(), [], { time }))).code).toBe('container-malformed')
  })

  test('data without integrity protection are never opened', async () => {
    const message = await binary(Buffer.from('words'), rsa)
    const old = Buffer.concat([message.subarray(0, dataStart(message)), packet(9, Buffer.alloc(100, 1))])
    expect((await faultOf(open(old))).code).toBe('decryption-failed')
  })
})

/** Whoever sends altered copies of a message must not learn from the answer, or from when it comes, what was wrong. */
describe('no oracle', () => {
  const content = Buffer.alloc(4_000_000, 'The content. ')
  const flipped = (message: Buffer, at: number) => {
    const copy = Buffer.from(message)
    const place = at < 0 ? copy.length + at : at
    copy[place] = copy[place]! ^ 0x10
    return copy
  }

  /** Altered session key, beginning, middle and end of the data: where each begins is seen in the clear. */
  const altered = (message: Buffer, start: number): [string, Buffer][] => [
    ['session key', flipped(message, start - 60)],
    ['first octets', flipped(message, start + 45)],
    ['middle', flipped(message, message.length >> 1)],
    ['end', flipped(message, -1)],
  ]

  test.each([
    ['RSA and version 1', 'rsa'],
    ['X25519 and version 2', 'six'],
  ])('%s: every failure says the same and takes the same time', { timeout: 120_000 }, async (_name, kind) => {
    const reader = kind === 'rsa' ? rsa : six
    const message = await binary(content, reader)
    const cases = altered(message, dataStart(message))
    if (kind === 'rsa') cases.push(['for another key', await binary(content, other)])
    const times = new Map(cases.map(([name]) => [name, [] as number[]]))
    const said = new Set<string>()
    for (let round = 0; round < 30; round += 1) {
      for (const [name, bytes] of cases) {
        const began = process.cpuUsage()
        const { code, message: words, detail } = await faultOf(open(bytes, [reader]))
        const { user, system } = process.cpuUsage(began)
        said.add(`${code} ${words} ${detail}`)
        if (round >= 5) times.get(name)!.push(user + system)
      }
    }
    expect([...said]).toEqual(['decryption-failed decryption-failed '])
    // The smallest of many is what the machine takes when nothing else wants it.
    const fastest = [...times].map(([name, values]) => [name, Math.min(...values)] as const)
    const values = fastest.map(([, value]) => value)
    const spread = Math.max(...values) / Math.min(...values)
    // To stop at the first wrong octet would make one of them several times as fast. A chunk of version 2 that does not
    // open costs an exception, some microseconds: how many do not is what the sender decided, and tells nothing.
    expect(spread, JSON.stringify(fastest)).toBeLessThan(1.3)
  })

  test('a wrong password says the same', async () => {
    const { createMessage, encrypt } = await import('openpgp')
    const options = { message: await createMessage({ text: 'words' }), passwords: ['right'], format: 'binary' as const }
    const message = Buffer.from(await encrypt(options))
    const opened = await open(message, [], ['right'])
    expect((await opened.content.read(0, opened.content.size)).toString()).toBe('words')
    const faults = [await faultOf(open(message, [], ['wrong'])), await faultOf(open(message, [rsa], []))]
    for (const { code, detail } of faults) expect([code, detail]).toEqual(['decryption-failed', ''])
  })
})
