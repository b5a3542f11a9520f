/** OpenPGP against GnuPG: what we write gpg reads, what gpg writes we read. */
import { createHash } from 'node:crypto'
import { generateKey } from 'openpgp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  generatePgpKey,
  pgpDecrypt,
  pgpEncryptEntity,
  pgpFingerprint,
  pgpKeyState,
  pgpSignEntity,
  pgpVerify,
} from '../../server/journey/transform/openpgp/index.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { rawField } from '../../server/mime/header.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { type Gpg, startGpg, writeTo } from '../support/gpg.ts'

const time = Math.floor(Date.now() / 1000) * 1000 - 5000
const keys = new Map<string, PgpIdentity>()
let gnupg: Gpg

const innerText =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe aus M=C3=BCnchen=20\r\n-- \r\nFrom here on: nothing.'
const inner: Entity = {
  header: [
    rawField('Content-Type', 'text/plain; charset=utf-8'),
    rawField('Content-Transfer-Encoding', 'quoted-printable'),
  ],
  async *body() {
    yield Buffer.from('Gr=C3=BC=C3=9Fe aus M=C3=BCnchen=20\r\n-- \r\n')
    yield Buffer.from('From here on: nothing.')
  },
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}

function boundaryOf(entity: Entity): string {
  return /boundary="([^"]+)"/.exec(entity.header[0]!.raw.toString())![1]!
}

/** Bodies of a multipart as the bytes between its boundary lines. */
async function partsOf(entity: Entity): Promise<string[]> {
  const text = (await collect(entity.body())).toString('latin1')
  const boundary = boundaryOf(entity)
  expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true)
  return `\r\n${text}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => part.slice(2))
}

function contentOf(part: string): Buffer {
  return Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4), 'latin1')
}

beforeAll(async () => {
  gnupg = await startGpg()
  const address = (name: string) => `${name}@clinic.example`
  keys.set('ecc', await generatePgpKey({ name: 'Ada Öcc', address: address('ecc'), time, kind: 'ecc' }))
  keys.set('rsa', await generatePgpKey({ name: 'Rob Rsa', address: address('rsa'), time, kind: 'rsa3072' }))
  for (const [name, curve] of [
    ['p256', 'nistP256'],
    ['p384', 'nistP384'],
    ['p521', 'nistP521'],
  ] as const) {
    const pair = await generateKey({
      type: 'ecc',
      curve,
      userIDs: [{ email: address(name) }],
      date: new Date(time),
      format: 'armored',
    })
    keys.set(name, { armoredPrivate: pair.privateKey, armoredPublic: pair.publicKey, gateway: false })
  }
  for (const identity of keys.values()) await gnupg.trust(identity.armoredPrivate)
})

afterAll(async () => {
  await gnupg[Symbol.asyncDispose]()
})

describe('gpg reads ours', () => {
  test.each(['ecc', 'rsa', 'p256', 'p384', 'p521'])('multipart/signed by %s: good signature', async (name) => {
    const signed = await pgpSignEntity(inner, keys.get(name)!, { time })
    expect(signed.header[0]!.raw.toString()).toMatch(/^Content-Type: multipart\/signed; micalg=pgp-sha512;/)
    const [content, signaturePart] = (await partsOf(signed)) as [string, string]
    expect(content).toBe(innerText)
    const file = await writeTo(gnupg, 'content', Buffer.from(content, 'latin1'))
    const signature = await writeTo(gnupg, 'content.asc', contentOf(signaturePart))
    const { code, stderr } = await gnupg.gpg(['--status-fd', '2', '--verify', signature, file])
    expect(stderr).toMatch(/GOODSIG/)
    expect(stderr.toLowerCase()).toContain(await pgpFingerprint(keys.get(name)!.armoredPublic))
    expect(code, stderr).toBe(0)
    await writeTo(gnupg, 'content', Buffer.from(`${content} `, 'latin1'))
    expect((await gnupg.gpg(['--verify', signature, file])).stderr).toMatch(/BAD signature/)
  })

  test('a signed entity that is written twice is the same twice', async () => {
    for (const name of ['ecc', 'p256']) {
      const signed = await pgpSignEntity(inner, keys.get(name)!, { time })
      expect((await collect(signed.body())).equals(await collect(signed.body()))).toBe(true)
    }
  })

  test.each([
    ['ecc', ['ecc']],
    ['rsa', ['rsa']],
    ['p256', ['p384']],
    ['p521', ['p521']],
    ['ecc', ['rsa', 'ecc']],
  ])('multipart/encrypted signed by %s for %s: the identical entity and a good signature', async (signer, readers) => {
    const encrypted = await pgpEncryptEntity(
      inner,
      readers.map((name) => keys.get(name)!.armoredPublic),
      { sign: keys.get(signer)!, time },
    )
    expect(encrypted.once).toBe(true)
    const [control, payload] = (await partsOf(encrypted)) as [string, string]
    expect(contentOf(control).toString()).toBe('Version: 1\r\n')
    const { code, stdout, stderr } = await gnupg.gpg(['--status-fd', '2', '--decrypt'], contentOf(payload))
    expect(stderr).toMatch(/GOODSIG/)
    expect(stderr).toMatch(/GOODMDC/)
    expect(stderr.match(/ENC_TO /g)).toHaveLength(readers.length)
    expect(stdout.toString('latin1')).toBe(innerText)
    expect(code, stderr).toBe(0)
  })

  test('each recipient alone can read, another cannot', async () => {
    await using other = await startGpg()
    await other.trust(keys.get('rsa')!.armoredPrivate)
    const for2 = await pgpEncryptEntity(inner, [keys.get('ecc')!.armoredPublic, keys.get('rsa')!.armoredPublic], {
      time,
    })
    expect((await other.gpg(['--decrypt'], contentOf((await partsOf(for2))[1]!))).stdout.toString()).toBe(innerText)
    const for1 = await pgpEncryptEntity(inner, [keys.get('ecc')!.armoredPublic], { time })
    expect((await other.gpg(['--decrypt'], contentOf((await partsOf(for1))[1]!))).code).not.toBe(0)
  })
})

describe('we read gpg', () => {
  const sender = () => keys.get('ecc')!

  test.each([
    ['ecc', ['-z', '6']],
    ['rsa', ['-z', '0']],
    ['p256', ['--compress-algo', 'bzip2']],
  ])('encrypted to %s and signed, with %s', async (name, options) => {
    const { stdout, stderr, code } = await gnupg.gpg(
      ['-u', 'ecc@clinic.example', '-r', `${name}@clinic.example`, ...options, '--armor', '--sign', '--encrypt'],
      Buffer.from(innerText, 'latin1'),
    )
    expect(`${code} ${stderr}`).toMatch(/^0/)
    const opened = await pgpDecrypt(bytesOf(stdout), [keys.get(name)!], [sender().armoredPublic], { time: Date.now() })
    expect(opened.content.toString('latin1')).toBe(innerText)
    expect(opened.signatures).toMatchObject([
      { state: 'good', fingerprint: await pgpFingerprint(sender().armoredPublic) },
    ])
    const stranger = await pgpDecrypt(bytesOf(stdout), [keys.get(name)!], [keys.get('rsa')!.armoredPublic], {
      time: Date.now(),
    })
    expect(stranger.signatures).toMatchObject([{ state: 'unknown-key', fingerprint: null }])
  })

  test('a detached signature of gpg, and not over other bytes', async () => {
    const text = Buffer.from(innerText, 'latin1')
    const { stdout } = await gnupg.gpg(['-u', 'rsa@clinic.example', '--armor', '--detach-sign'], text)
    const publics = [sender().armoredPublic, keys.get('rsa')!.armoredPublic]
    const check = await pgpVerify(bytesOf(text), stdout, publics, { time: Date.now() })
    expect(check).toMatchObject({ state: 'good', fingerprint: await pgpFingerprint(keys.get('rsa')!.armoredPublic) })
    const altered = Buffer.concat([text, Buffer.from(' ')])
    await expect(pgpVerify(bytesOf(altered), stdout, publics, { time: Date.now() })).rejects.toMatchObject({
      code: 'signature-invalid',
    })
  })

  test('a signature of type text, over CRLF lines', async () => {
    const text = Buffer.from(innerText, 'latin1')
    const { stdout } = await gnupg.gpg(['-u', 'ecc@clinic.example', '--textmode', '--armor', '--detach-sign'], text)
    const check = await pgpVerify(bytesOf(text), stdout, [sender().armoredPublic], { time: Date.now() })
    expect(check.state).toBe('good')
  })

  test('a key that gpg made, expired and revoked', async () => {
    const uid = 'Gpg Made <made@clinic.example>'
    const faked = ['--faked-system-time', '20260101T000000!']
    await gnupg.gpg([...faked, '--quick-generate-key', uid, 'future-default', 'default', '1y'])
    const { stdout } = await gnupg.gpg(['--armor', '--export', 'made@clinic.example'])
    const armored = stdout.toString()
    expect(await pgpKeyState(armored, 'Made@clinic.example', Date.UTC(2026, 5, 1))).toBe('valid')
    expect(await pgpKeyState(armored, 'other@clinic.example', Date.UTC(2026, 5, 1))).toBe('untrusted')
    expect(await pgpKeyState(armored, 'made@clinic.example', Date.UTC(2027, 5, 1))).toBe('expired')
    const revocation = `${gnupg.home}/openpgp-revocs.d/${(await pgpFingerprint(armored)).toUpperCase()}.rev`
    const { readFile } = await import('node:fs/promises')
    const certificate = (await readFile(revocation, 'utf8')).replace(/^:-----/m, '-----')
    expect((await gnupg.gpg(['--import'], Buffer.from(certificate))).code).toBe(0)
    const revoked = (await gnupg.gpg(['--armor', '--export', 'made@clinic.example'])).stdout.toString()
    expect(await pgpKeyState(revoked, 'made@clinic.example', Date.now())).toBe('revoked')
  })
})

describe('keys with SHA-1', () => {
  test('a user id bound with SHA-1 is not relied upon, a revocation made with SHA-1 is', async () => {
    await using old = await startGpg()
    const sha1 = ['--cert-digest-algo', 'SHA1']
    const made = Date.UTC(2026, 0, 1)
    const faked = ['--faked-system-time', '20260101T000000!']
    await old.gpg([
      ...faked,
      ...sha1,
      '--quick-generate-key',
      'weak@clinic.example',
      'rsa2048',
      'sign,cert,encrypt',
      'never',
    ])
    await old.gpg([...faked, '--quick-generate-key', 'sound@clinic.example', 'rsa2048', 'sign,cert,encrypt', 'never'])
    const exported = async (address: string) => (await old.gpg(['--armor', '--export', address])).stdout.toString()
    const sound = await exported('sound@clinic.example')
    expect(await pgpKeyState(await exported('weak@clinic.example'), 'weak@clinic.example', made + 1e9)).toBe('none')
    expect(await pgpKeyState(sound, 'sound@clinic.example', made + 1e9)).toBe('valid')

    const commands = [
      '--command-fd',
      '0',
      '--no-batch',
      '--no-tty',
      ...sha1,
      '--armor',
      '--gen-revoke',
      'sound@clinic.example',
    ]
    const revocation = (await old.gpg(commands, Buffer.from('y\n1\n\ny\n'))).stdout
    expect((await old.gpg(['--import'], revocation)).code).toBe(0)
    const revoked = await exported('sound@clinic.example')
    const packets = (await old.gpg(['--list-packets'], Buffer.from(revoked))).stdout.toString()
    expect(packets).toMatch(/sigclass 0x20[\s\S]*?digest algo 2,/)
    expect(await pgpKeyState(revoked, 'sound@clinic.example', Date.now())).toBe('revoked')
  })

  test('subkeys that were revoked with SHA-1 neither prove nor get anything', async () => {
    await using old = await startGpg()
    const address = 'subkeys@clinic.example'
    const faked = ['--faked-system-time', '20260101T000000!']
    await old.gpg([...faked, '--quick-generate-key', address, 'rsa2048', 'cert', 'never'])
    const exported = async () => (await old.gpg(['--armor', '--export', address])).stdout.toString()
    const before = await exported()
    const fingerprint = (await pgpFingerprint(before)).toUpperCase()
    for (const use of ['sign', 'encrypt']) {
      await old.gpg([...faked, '--quick-add-key', fingerprint, 'rsa2048', use, 'never'])
    }
    const sound = await exported()
    const { stdout: signature } = await old.gpg([...faked, '--detach-sign'], Buffer.from('text'))
    const verify = (armored: string) => pgpVerify(bytesOf(Buffer.from('text')), signature, [armored], { time })
    expect(await pgpKeyState(sound, address, time)).toBe('valid')
    expect(await verify(sound)).toMatchObject({ state: 'good', key: 'valid' })

    const commands = [
      '--command-fd',
      '0',
      '--no-batch',
      '--no-tty',
      '--cert-digest-algo',
      'SHA1',
      '--edit-key',
      address,
    ]
    const steps = 'key 1\nkey 2\nrevkey\ny\n1\n\ny\nsave\n'
    expect((await old.gpg(commands, Buffer.from(steps))).code).toBe(0)
    const revoked = await exported()
    const packets = (await old.gpg(['--list-packets'], Buffer.from(revoked))).stdout.toString()
    expect(packets.match(/sigclass 0x28\s+digest algo 2,/g)).toHaveLength(2)
    expect(await pgpKeyState(revoked, address, time)).toBe('none')
    await expect(verify(revoked)).rejects.toMatchObject({ code: 'signature-invalid' })
    const sealed = await pgpEncryptEntity(inner, [revoked], { time })
    await expect(collect(sealed.body())).rejects.toThrow('key-unusable')
  })
})

describe('50 MB', () => {
  const piece = Buffer.alloc(250_000, createHash('sha512').update('piece').digest('base64'))
  const large: Entity = {
    header: [rawField('Content-Type', 'application/octet-stream')],
    async *body() {
      for (let i = 0; i < 200; i += 1) yield piece
    },
  }

  test('stream through signing inside encryption to gpg within 64 MB of memory', async () => {
    const digest = createHash('sha256').update('Content-Type: application/octet-stream\r\n\r\n')
    for await (const bytes of large.body()) digest.update(bytes)

    const file = gnupg.path('large.out')
    let peak = 0
    const before = process.memoryUsage().rss
    const encrypted = await pgpEncryptEntity(large, [keys.get('ecc')!.armoredPublic, keys.get('rsa')!.armoredPublic], {
      sign: keys.get('rsa')!,
      time,
    })
    async function* watched() {
      for await (const bytes of encrypted.body()) {
        peak = Math.max(peak, process.memoryUsage().rss)
        yield bytes
      }
    }
    // gpg skips what stands before and after the armor.
    const { code, stderr } = await gnupg.gpg(['--status-fd', '2', '--output', file, '--decrypt'], watched())
    expect(stderr).toMatch(/GOODSIG/)
    expect(code, stderr).toBe(0)
    const { createReadStream } = await import('node:fs')
    const got = createHash('sha256')
    for await (const bytes of createReadStream(file)) got.update(bytes as Buffer)
    expect(got.digest('hex')).toBe(digest.digest('hex'))
    expect((peak - before) / 1e6).toBeLessThan(64)
  })
})
