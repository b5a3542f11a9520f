import { constants, createHash, generateKeyPairSync, privateDecrypt } from 'node:crypto'
import { Readable } from 'node:stream'
import { createDeflateRaw } from 'node:zlib'
import {
  decrypt,
  encryptSessionKey,
  enums,
  generateKey,
  generateSessionKey,
  readKey,
  readMessage,
  readPrivateKey,
  revokeKey,
} from 'openpgp'
import { beforeAll, describe, expect, test } from 'vitest'
import { Fault } from '../../../../shared/fault/index.ts'
import type { Entity } from '../../../mime/entity.ts'
import { rawField } from '../../../mime/header.ts'
import { bytesOf } from '../../../ports/bytes.ts'
import type { PgpIdentity } from '../../../ports/keyring.ts'
import { armored } from './armor.ts'
import { Crc24 } from './crc24.ts'
import { describePgpEncryption, describePgpSignature } from './describe.ts'
import { pgpEncryptEntity } from './encrypt.ts'
import { generatePgpKey, keyRecordOfPgp, pgpFingerprint, pgpKeyState } from './keys.ts'
import { packet, streamedPacket } from './packet.ts'
import { pgpDecrypt, pgpVerify } from './read.ts'
import { sealPackets } from './seipd.ts'
import { pgpSignEntity } from './sign.ts'

const time = Date.UTC(2026, 10, 20, 12)
const day = 86_400_000
let ada: PgpIdentity
let bob: PgpIdentity
/** A version 6 key that announces SEIPD version 2. */
let six: PgpIdentity

function entity(body: Buffer, pieces = 1): Entity {
  return {
    header: [rawField('Content-Type', 'text/plain')],
    async *body() {
      for (let i = 0; i < pieces; i += 1) yield body
    },
  }
}
const inner = entity(Buffer.from('Guten Tag\r\n'))
const innerText = 'Content-Type: text/plain\r\n\r\nGuten Tag\r\n'

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** The armored message or signature inside an entity. */
async function armorOf(of: Entity): Promise<Buffer> {
  const text = (await collect(of.body())).toString('latin1')
  return Buffer.from(/-----BEGIN PGP[\s\S]*-----END PGP [A-Z]+-----\r\n/.exec(text)![0], 'latin1')
}

async function keyPair(options: Partial<Parameters<typeof generateKey>[0]>): Promise<PgpIdentity> {
  const pair = await generateKey({
    userIDs: [{ email: 'six@clinic.example' }],
    date: new Date(time - day),
    ...options,
    format: 'armored',
  })
  return { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: false }
}

beforeAll(async () => {
  const common = { name: 'A', time: time - day, kind: 'ecc' } as const
  ada = await generatePgpKey({ ...common, address: 'ada@clinic.example' })
  bob = await generatePgpKey({ ...common, address: 'bob@clinic.example', expires: time + 10 * day })
  six = await keyPair({ type: 'curve25519', config: { v6Keys: true, aeadProtect: true } })
})

describe('pgpSignEntity', () => {
  test('signs the entity as it stands on the wire, for version 4 and version 6 keys', async () => {
    for (const identity of [ada, six]) {
      const signed = pgpSignEntity(inner, identity, { time })
      expect(signed.header).toHaveLength(1)
      expect((await collect(signed.body())).toString()).toContain(`\r\n\r\nGuten Tag\r\n\r\n--pgp-`)
      const check = await pgpVerify(bytesOf(Buffer.from(innerText)), await armorOf(signed), [identity.armoredPublic], {
        time,
      })
      expect(check).toMatchObject({
        state: 'good',
        signedAt: time,
        fingerprint: await pgpFingerprint(identity.armoredPublic),
      })
    }
  })

  test('a locked, foreign or expired key is key-unusable, and nothing is written', async () => {
    const locked = await keyPair({ type: 'ecc', curve: 'curve25519Legacy', passphrase: 'x' })
    const garbage = { ...ada, armoredPrivate: 'no key' }
    for (const [identity, at] of [
      [locked, time],
      [garbage, time],
      [bob, time + 11 * day],
      [bob, time - 2 * day],
    ] as const) {
      await expect(collect(pgpSignEntity(inner, identity, { time: at }).body())).rejects.toMatchObject({
        code: 'key-unusable',
      })
    }
  })

  test('says what it did', async () => {
    expect(await describePgpSignature(ada, time)).toBe(
      `OpenPGP/MIME signature, EdDSA (Ed25519), SHA-512, by ${await pgpFingerprint(ada.armoredPublic)}`,
    )
  })
})

describe('pgpEncryptEntity', () => {
  test.each([0, 1, 65_535, 65_536, 131_060, 131_072, 400_000])(
    '%i bytes come back, protected by version 1 and by version 2',
    async (size) => {
      const content = Buffer.alloc(size, createHash('sha512').update(`${size}`).digest())
      for (const reader of [bob, six]) {
        const message = await armorOf(pgpEncryptEntity(entity(content), [reader.armoredPublic], { sign: ada, time }))
        const opened = await pgpDecrypt(bytesOf(message), [reader], [ada.armoredPublic], { time })
        expect(opened.content.subarray(28).equals(content)).toBe(true)
        expect(opened.signatures).toMatchObject([{ state: 'good' }])
      }
    },
  )

  test('version 2 only where every key announces it', async () => {
    const versionFor = async (keys: string[]) => {
      const message = await readMessage({
        armoredMessage: (await armorOf(pgpEncryptEntity(inner, keys, { time }))).toString(),
      })
      const sealed = message.packets.findPacket(enums.packet.symEncryptedIntegrityProtectedData)
      return (sealed as unknown as { version: number }).version
    }
    expect(await versionFor([six.armoredPublic])).toBe(2)
    expect(await versionFor([six.armoredPublic, bob.armoredPublic])).toBe(1)
    expect(await describePgpEncryption([six.armoredPublic], undefined, time)).toContain('SEIPD version 2, OCB, AES-256')
    expect(await describePgpEncryption([bob.armoredPublic, six.armoredPublic], ada, time)).toBe(
      `OpenPGP/MIME encryption, SEIPD version 1, AES-256, for ${await pgpFingerprint(bob.armoredPublic)}, ${await pgpFingerprint(six.armoredPublic)}; signed inside, EdDSA (Ed25519), SHA-256, by ${await pgpFingerprint(ada.armoredPublic)}`,
    )
  })

  test('a version 6 key signs a message that the library verifies', async () => {
    const message = await armorOf(pgpEncryptEntity(inner, [bob.armoredPublic], { sign: six, time }))
    const { signatures, data } = await decrypt({
      message: await readMessage({ armoredMessage: message.toString() }),
      decryptionKeys: await readPrivateKey({ armoredKey: bob.armoredPrivate }),
      verificationKeys: await readKey({ armoredKey: six.armoredPublic }),
      date: new Date(time),
      format: 'binary',
    })
    expect(await signatures[0]!.verified).toBe(true)
    expect(Buffer.from(data).toString()).toBe(innerText)
  })

  test('no usable key, no message', async () => {
    for (const [keys, code] of [
      [[], 'key-missing'],
      [['no key'], 'key-unusable'],
      [[ada.armoredPublic, 'no key'], 'key-unusable'],
      [[ada.armoredPrivate], 'key-unusable'],
    ] as const) {
      await expect(collect(pgpEncryptEntity(inner, keys, { time }).body())).rejects.toMatchObject({ code })
    }
    const late = pgpEncryptEntity(inner, [bob.armoredPublic], { time: time + 11 * day })
    await expect(collect(late.body())).rejects.toMatchObject({ code: 'key-unusable' })
  })
})

describe('keys', () => {
  test('pgpKeyState tells valid, expired, untrusted, revoked and none apart', async () => {
    const state = (key: string, address = 'bob@clinic.example', at = time) => pgpKeyState(key, address, at)
    expect(await state(bob.armoredPublic)).toBe('valid')
    expect(await state(bob.armoredPublic, 'Bob@Clinic.example')).toBe('valid')
    expect(await state(bob.armoredPublic, 'eve@clinic.example')).toBe('untrusted')
    expect(await state(bob.armoredPublic, 'ob@clinic.example')).toBe('untrusted')
    expect(await state(bob.armoredPublic, 'bob@clinic.example', time + 11 * day)).toBe('expired')
    expect(await state(bob.armoredPublic, 'bob@clinic.example', time - 2 * day)).toBe('none')
    expect(await state('')).toBe('none')
    expect(await state(bob.armoredPrivate)).toBe('none')
    const revoked = await revokeKey({
      key: await readPrivateKey({ armoredKey: bob.armoredPrivate }),
      date: new Date(time),
      format: 'armored',
    })
    expect(await state(revoked.publicKey, 'bob@clinic.example', time + 1000)).toBe('revoked')
  })

  test('an RSA key of 1024 bits is none', async () => {
    const short = await keyPair({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } })
    expect(await pgpKeyState(short.armoredPublic, 'six@clinic.example', time)).toBe('none')
  })

  test('a mutated key has a state or raises key-unusable, and never becomes a key for another address', async () => {
    const random = sequence(42)
    const key = await readKey({ armoredKey: bob.armoredPublic })
    for (let round = 0; round < 600; round += 1) {
      const bad = mutate(Buffer.from(key.write()), random)
      const text = `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${bad.toString('base64')}\n-----END PGP PUBLIC KEY BLOCK-----\n`
      expect(['valid', 'expired', 'revoked', 'untrusted', 'none']).toContain(
        await pgpKeyState(text, 'bob@clinic.example', time),
      )
      expect(await pgpKeyState(text, 'bob@clinic.exemple', time)).not.toBe('valid')
      try {
        await collect(pgpEncryptEntity(inner, [text], { time }).body())
      } catch (error) {
        expect(error).toMatchObject({ name: 'Fault', code: 'key-unusable' })
      }
    }
  })

  test('generatePgpKey refuses what is no address', async () => {
    await expect(generatePgpKey({ name: 'x', address: 'nobody', time, kind: 'ecc' })).rejects.toMatchObject({
      code: 'address-invalid',
    })
  })

  test('keyRecordOfPgp is a row under the fingerprint', async () => {
    const record = await keyRecordOfPgp({
      armoredPublic: ada.armoredPublic,
      use: 'own',
      address: 'ada@clinic.example',
      sealedPrivate: Buffer.of(1),
      now: 7,
    })
    expect(record).toMatchObject({
      kind: 'pgp',
      use: 'own',
      id: await pgpFingerprint(ada.armoredPublic),
      revokedAt: null,
      createdAt: 7,
    })
    expect(record.id).toMatch(/^[0-9a-f]{40}$/)
  })
})

describe('reading', () => {
  test('every failure to decrypt says the same', async () => {
    const message = await armorOf(pgpEncryptEntity(inner, [bob.armoredPublic], { sign: ada, time }))
    const binary = await binaryOf(message)
    const altered = Buffer.from(binary)
    altered[altered.length - 30]! ^= 1
    const faults = await Promise.all(
      [
        pgpDecrypt(bytesOf(message), [ada], [], { time }),
        pgpDecrypt(bytesOf(message), [], [], { time }),
        pgpDecrypt(bytesOf(altered), [bob], [], { time }),
      ].map((opening) =>
        opening.then(
          () => expect.fail('opened'),
          (fault: Fault) => fault,
        ),
      ),
    )
    expect(new Set(faults.map((fault) => `${fault.code} ${fault.message} ${fault.detail}`)).size).toBe(1)
    expect(faults[0]!.code).toBe('decryption-failed')
    // That the end is missing is seen without any key.
    await expect(pgpDecrypt(bytesOf(binary.subarray(0, -1)), [bob], [], { time })).rejects.toMatchObject({
      code: 'container-malformed',
    })
  })

  test('an unsigned message has no signature; one of a stranger proves nothing', async () => {
    const unsigned = await armorOf(pgpEncryptEntity(inner, [bob.armoredPublic], { time }))
    expect((await pgpDecrypt(bytesOf(unsigned), [ada, bob], [ada.armoredPublic], { time })).signatures).toEqual([])
    const signed = await armorOf(pgpEncryptEntity(inner, [bob.armoredPublic], { sign: ada, time }))
    expect(
      (await pgpDecrypt(bytesOf(signed), [bob], ['broken', bob.armoredPublic], { time })).signatures,
    ).toMatchObject([{ state: 'unknown-key', fingerprint: null }])
  })

  test('a message that unpacks to 400 MB is refused in bounded memory', async () => {
    const options = { encryptionKeys: await readKey({ armoredKey: bob.armoredPublic }), date: new Date(time) }
    const session = await generateSessionKey(options)
    async function* zeros() {
      yield Buffer.of(0x62, 0, 0, 0, 0, 0)
      const piece = Buffer.alloc(100_000)
      for (let i = 0; i < 4000; i += 1) yield piece
    }
    const deflated = await collect(Readable.from(streamedPacket(11, zeros())).pipe(createDeflateRaw()))
    async function* compressed() {
      yield packet(8, Buffer.concat([Buffer.of(1), deflated]))
    }
    const bomb = Buffer.concat([
      await encryptSessionKey({ ...options, ...session, format: 'binary' }),
      await collect(streamedPacket(18, sealPackets(session, compressed()))),
    ])
    expect(bomb.length).toBeLessThan(600_000)
    const before = process.resourceUsage().maxRSS
    await expect(pgpDecrypt(bytesOf(bomb), [bob], [], { time })).rejects.toMatchObject({
      code: 'decryption-failed',
      cause: { detail: 'unpacks to more than may be read' },
    })
    expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(300)
  })

  test('OpenSSL answers bad PKCS#1 v1.5 padding with bytes, not with an error (see config.ts)', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    for (let i = 1; i < 20; i += 1) {
      const decrypt = () =>
        privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.alloc(256, i))
      expect(decrypt).not.toThrow()
      expect(decrypt().equals(decrypt())).toBe(true)
    }
  })

  test('what is larger than 64 MiB is not read at all', async () => {
    const source = { ...bytesOf(Buffer.alloc(0)), size: 64 * 1024 * 1024 + 1 }
    await expect(pgpDecrypt(source, [bob], [], { time })).rejects.toMatchObject({ code: 'message-too-large' })
  })

  test('mutated input raises faults and nothing else, and never yields other content', async () => {
    const message = await armorOf(pgpEncryptEntity(inner, [bob.armoredPublic], { sign: ada, time }))
    const signature = await armorOf(pgpSignEntity(inner, ada, { time }))
    const samples = [message, await binaryOf(message)]
    const random = sequence(4711)
    let opened = 0
    for (let round = 0; round < 1500; round += 1) {
      const bad = mutate(samples[round % 2]!, random)
      try {
        const { content } = await pgpDecrypt(bytesOf(bad), [bob], [ada.armoredPublic], { time })
        expect(content.toString()).toBe(innerText)
        opened += 1
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
        expect(['decryption-failed', 'container-malformed']).toContain((error as Fault).code)
      }
      const badSignature = mutate(round % 2 ? signature : await binaryOf(signature), random)
      try {
        const check = await pgpVerify(bytesOf(Buffer.from(innerText)), badSignature, [ada.armoredPublic], { time })
        expect(check.state).toBe('good')
      } catch (error) {
        expect(error).toBeInstanceOf(Fault)
        expect(['signature-invalid', 'container-malformed']).toContain((error as Fault).code)
      }
    }
    // Changes in the armor's own lines leave the message whole; most others must not.
    expect(opened).toBeLessThan(500)
  })
})

describe('armor', () => {
  test('the checksum equals the bit by bit one of RFC 9580 6.1.1', () => {
    for (const length of [0, 1, 3, 4, 5, 1000]) {
      const bytes = createHash('shake256', { outputLength: length || 1 })
        .update('x')
        .digest()
        .subarray(0, length)
      const crc = new Crc24()
      crc.update(bytes)
      let value = 0xb704ce
      for (const byte of bytes) {
        value ^= byte << 16
        for (let bit = 0; bit < 8; bit += 1)
          value = value & 0x800000 ? ((value << 1) ^ 0x864cfb) & 0xffffff : value << 1
      }
      expect(crc.text()).toBe(Buffer.of(value >> 16, (value >> 8) & 0xff, value & 0xff).toString('base64'))
    }
  })

  test('lines have at most 76 characters and CRLF', async () => {
    async function* bytes() {
      for (let i = 0; i < 7; i += 1) yield Buffer.alloc(30_011, i)
    }
    const text = (await collect(armored('MESSAGE', bytes(), { checksum: true }))).toString()
    const lines = text.split('\r\n')
    expect(Math.max(...lines.map((line) => line.length))).toBe(76)
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(Buffer.from(lines.slice(2, -3).join(''), 'base64').equals(await collect(bytes()))).toBe(true)
  })
})

async function binaryOf(text: Buffer): Promise<Buffer> {
  const lines = text.toString('latin1').split('\r\n').slice(2, -2)
  return Buffer.from(lines.filter((line) => !line.startsWith('=')).join(''), 'base64')
}

function sequence(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function mutate(bytes: Buffer, random: (below: number) => number): Buffer {
  const at = random(bytes.length)
  switch (random(5)) {
    case 0: {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= 1 << random(8)
      return flipped
    }
    case 1:
      return bytes.subarray(0, at)
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + random(20)))])
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256), random(256)]), bytes.subarray(at)])
    default: {
      const overwritten = Buffer.from(bytes)
      overwritten.fill(random(2) ? 0xff : 0, at, Math.min(bytes.length, at + 1 + random(8)))
      return overwritten
    }
  }
}
