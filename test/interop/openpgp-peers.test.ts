/** OpenPGP held against GnuPG, Sequoia and RNP: each kind of key with each of them, both ways, 10 KB and 50 MB. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { generateKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileSource } from '../../cli/mail-file.ts'
import {
  generatePgpKey,
  pgpBlocksOf,
  pgpCheckSignature,
  pgpEncryptEntity,
  pgpFingerprint,
  pgpOpen,
  pgpReadSignedText,
  pgpSignEntity,
} from '../../server/journey/transform/openpgp/index.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { rawField } from '../../server/mime/header.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { randomOf } from '../nightly/random.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { earlyAead, type PgpPeer, pgpPeers } from '../support/pgp-peers.ts'

const PEERS = ['gpg', 'sq', 'rnp'] as const
const KINDS = ['ecc', 'rsa2048', 'rsa3072', 'rsa4096', 'p256', 'p384', 'p521'] as const
const time = Math.floor(Date.now() / 1000) * 1000 - 5000
const keys = new Map<string, PgpIdentity>()
const peers = new Map<string, PgpPeer>()
let gnupg: Gpg

const peer = (name: string) => peers.get(name)!
const key = (name: string) => keys.get(name)!
const path = (name: string) => gnupg.path(name)

/** 10 KB of MIME with bytes of every value inside base64. */
const small = Buffer.from(
  `Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n${randomOf(1, 1)
    .bytes(7_500)
    .toString('base64')
    .replaceAll(/.{76}/g, '$&\r\n')}\r\n`,
)

function entityOf(pieces: readonly Buffer[]): Entity {
  return {
    header: [rawField('Content-Type', 'application/octet-stream')],
    async *body() {
      yield* pieces
    },
  }
}

/** The entity in `small`, as one that is written. */
const smallEntity: Entity = {
  header: [rawField('Content-Type', 'application/octet-stream'), rawField('Content-Transfer-Encoding', 'base64')],
  async *body() {
    yield small.subarray(small.indexOf('\r\n\r\n') + 4)
  },
}

/** What stands in the armor of a written entity, to a file. */
async function armorTo(file: string, entity: Entity): Promise<void> {
  const text = Buffer.concat(await Array.fromAsync(entity.body())).toString('latin1')
  await writeFile(file, /-----BEGIN PGP[\s\S]*-----END PGP [A-Z]+-----\r\n/.exec(text)![0], 'latin1')
}

const fileHash = async (pieces: AsyncIterable<Uint8Array>) => {
  const hash = createHash('sha256')
  for await (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

beforeAll(async () => {
  gnupg = await startGpg()
  const made = (name: string) => ({ userIDs: [{ email: `${name}@clinic.example` }], date: new Date(time) })
  for (const name of KINDS) {
    if (name === 'ecc' || name === 'rsa3072') {
      const about = { name: '', address: `${name}@clinic.example`, time }
      keys.set(name, await generatePgpKey({ ...about, kind: name }))
      continue
    }
    const bits = Number(name.slice(3))
    const curve = { p256: 'nistP256', p384: 'nistP384', p521: 'nistP521' }[name as string] as 'nistP256'
    const pair = name.startsWith('rsa')
      ? await generateKey({ ...made(name), type: 'rsa', rsaBits: bits, format: 'armored' })
      : await generateKey({ ...made(name), type: 'ecc', curve, format: 'armored' })
    keys.set(name, { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: false })
  }
  for (const one of await pgpPeers(gnupg, keys)) peers.set(one.name, one)
  await writeFile(path('small'), small)
}, 120_000)

afterAll(async () => {
  await gnupg[Symbol.asyncDispose]()
})

describe.each(PEERS)('%s', (name) => {
  test.each(KINDS)('reads what we encrypt and sign with %s', async (kind) => {
    const sealed = await pgpEncryptEntity(smallEntity, [key(kind).armoredPublic], { sign: key(kind), time })
    await armorTo(path('ours'), sealed)
    await peer(name).open(kind, kind, path('ours'), path('theirs'))
    expect((await readFile(path('theirs'))).equals(small)).toBe(true)
  })

  test.each(KINDS)('writes what we decrypt and verify with %s', async (kind) => {
    await peer(name).seal(kind, [kind], path('small'), path('theirs'))
    const source = createReadStream(path('theirs'))
    const opened = await pgpOpen(source, [key(kind)], [key(kind).armoredPublic], { time: Date.now() })
    expect((await opened.content.read(0, opened.content.size)).equals(small)).toBe(true)
    expect(opened.signatures).toMatchObject([
      { state: 'good', fingerprint: await pgpFingerprint(key(kind).armoredPublic), key: 'valid' },
    ])
    await opened.content[Symbol.asyncDispose]()
  })

  test.each(KINDS)('verifies our detached signature by %s, and we theirs', async (kind) => {
    await armorTo(path('ours.sig'), await pgpSignEntity(smallEntity, key(kind), { time }))
    await peer(name).check(kind, path('ours.sig'), path('small'))
    await writeFile(path('altered'), Buffer.concat([small, Buffer.from(' ')]))
    await expect(peer(name).check(kind, path('ours.sig'), path('altered'))).rejects.toThrow()

    await peer(name).detach(kind, path('small'), path('theirs.sig'))
    const signature = await readFile(path('theirs.sig'))
    const publics = [key(kind).armoredPublic]
    const check = (content: Buffer) => pgpCheckSignature(bytesOf(content), signature, publics, { time: Date.now() })
    expect(await check(small)).toMatchObject([{ state: 'good' }])
    expect(await check(Buffer.concat([small, Buffer.from(' ')]))).toMatchObject([{ state: 'bad', weak: false }])
  })

  test('each of several readers opens one message, a hidden one too', async () => {
    const [named, hidden] = [
      ['ecc', 'rsa3072'],
      ['p256', 'rsa2048'],
    ].map((kinds) => kinds.map((kind) => key(kind).armoredPublic)) as [string[], string[]]
    await armorTo(path('ours'), await pgpEncryptEntity(smallEntity, named, { hidden, sign: key('ecc'), time }))
    for (const kind of ['ecc', 'rsa3072', 'p256', 'rsa2048']) {
      // gpg and rnp hold all the keys; sq gets one at a time.
      await peer(name).open(kind, 'ecc', path('ours'), path('theirs'))
      expect((await readFile(path('theirs'))).equals(small)).toBe(true)
      const source = bytesOf(await readFile(path('ours'))).stream()
      const opened = await pgpOpen(source, [key(kind)], [], { time })
      expect(opened.content.size).toBe(small.length)
    }
    const text = (await gnupg.gpg(['--list-packets', path('ours')])).stdout.toString()
    expect(text.match(/pubkey enc packet/g)).toHaveLength(4)
    expect(text.match(/keyid 0000000000000000/g)).toHaveLength(2)
  })

  test('signs a text that we read inside a mail', async () => {
    const text = 'Guten Tag,\n\n- ein Strich\n-- \nFrom hier an: nichts.   \nletzte Zeile\n'
    await writeFile(path('text'), text)
    await peer(name).clearSign('ecc', path('text'), path('text.asc'))
    const signed = await readFile(path('text.asc'))
    const mail = Buffer.concat([Buffer.from('Oben.\r\n\r\n'), signed, Buffer.from('\r\nUnten.\r\n')])
    const blocks = pgpBlocksOf(mail)
    const found = await blocks
    expect(found.map(({ kind }) => kind)).toEqual(['text', 'signed-text', 'text'])
    const { start, end } = found[1]!
    const publics = [key('ecc').armoredPublic]
    const read = (bytes: Buffer) => pgpReadSignedText(bytes, publics, { time: Date.now() })
    const good = await read(mail.subarray(start, end))
    expect(good.signatures).toMatchObject([{ state: 'good' }])
    expect(good.content.toString().trimEnd()).toBe(
      text
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\r\n')
        .trimEnd(),
    )
    const altered = Buffer.from(mail.subarray(start, end).toString('latin1').replace('nichts', 'vieles'), 'latin1')
    expect((await read(altered)).signatures).toMatchObject([{ state: 'bad' }])
  })
})

describe('50 MB', () => {
  const piece = randomOf(2, 2).bytes(250_000)
  const entity = entityOf(Array.from({ length: 200 }, () => piece))
  let expected = ''
  beforeAll(async () => {
    const whole = async function* () {
      yield Buffer.from('Content-Type: application/octet-stream\r\n\r\n')
      yield* entity.body()
    }
    await pipeline(Readable.from(whole(), { objectMode: false }), createWriteStream(path('large')))
    expected = await fileHash(createReadStream(path('large')))
  })

  /** Largest growth of resident memory while pieces go by, MB. */
  function memory() {
    const before = process.memoryUsage().rss
    let peak = before
    return {
      async *watched<T>(pieces: AsyncIterable<T>) {
        for await (const one of pieces) {
          peak = Math.max(peak, process.memoryUsage().rss)
          yield one
        }
      },
      grown: () => (peak - before) / 1e6,
    }
  }

  test.each(KINDS)(
    'that we encrypt to %s and sign with it is read by all three',
    { timeout: 180_000 },
    async (kind) => {
      const { watched, grown } = memory()
      const sealed = await pgpEncryptEntity(entity, [key(kind).armoredPublic], { sign: key(kind), time })
      // All three pass over what stands before the armor, and over what comes after it.
      await pipeline(
        Readable.from(watched(sealed.body()), { objectMode: false }),
        createWriteStream(path('large.mime')),
      )
      expect(grown()).toBeLessThan(200)
      const whole = await readFile(path('large.mime'))
      await writeFile(
        path('large.asc'),
        whole.subarray(whole.indexOf('-----BEGIN PGP'), whole.lastIndexOf('\r\n--') + 2),
      )
      for (const name of PEERS) {
        await peer(name).open(kind, kind, path('large.asc'), path('large.out'))
        expect(await fileHash(createReadStream(path('large.out'))), name).toBe(expected)
      }
    },
  )

  test.each(PEERS)(
    'that %s encrypts to all kinds of keys is opened by each of them',
    { timeout: 180_000 },
    async (name) => {
      await peer(name).seal('ecc', KINDS, path('large'), path('large.asc'))
      for (const kind of KINDS) {
        const { watched, grown } = memory()
        const source = watched(createReadStream(path('large.asc'), { highWaterMark: 262_144 }))
        const opened = await pgpOpen(source, [key(kind)], [key('ecc').armoredPublic], { time: Date.now() })
        expect(await fileHash(watched(opened.content.stream())), kind).toBe(expected)
        expect(opened.signatures).toMatchObject([{ state: 'good' }])
        await opened.content[Symbol.asyncDispose]()
        expect(grown()).toBeLessThan(200)
      }
    },
  )

  test.each(PEERS)('that %s signs with each kind of key verifies here', { timeout: 180_000 }, async (name) => {
    await using content = await fileSource(path('large'))
    for (const kind of KINDS) {
      await peer(name).detach(kind, path('large'), path('large.sig'))
      const signature = await readFile(path('large.sig'))
      const found = await pgpCheckSignature(content, signature, [key(kind).armoredPublic], { time: Date.now() })
      expect(found, kind).toMatchObject([{ state: 'good' }])
    }
  })
})

test.each(['EAX', 'OCB'] as const)('we read the AEAD packet of the drafts with %s', async (mode) => {
  const message = await earlyAead(gnupg, mode, 'ecc', path('small'))
  const opened = await pgpOpen(bytesOf(message).stream(), [key('ecc')], [], { time: Date.now() })
  expect(opened.protection).toBe('AEAD (before RFC 9580)')
  expect((await opened.content.read(0, opened.content.size)).equals(small)).toBe(true)
})
