/**
 * 50 MB in S/MIME with each algorithm that has a second implementation here, both ways: `openssl cms` for RSA, RSA-PSS, ECDSA and ECDH,
 * gpgsm for what it knows of them, the CMS of OpenSSL 3.5 (which Node links) for Ed25519 and ML-DSA. X25519 and ML-KEM: no oracle.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fileSource } from '../../cli/mail-file.ts'
import { encryptEntity, openEnveloped, openSigned, signEntity } from '../../server/journey/transform/smime/index.ts'
import { type Authority, createAuthority } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { decodedBody } from '../../server/mime/decode.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { rawField } from '../../server/mime/header.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { writeEntity } from '../../server/mime/write.ts'
import type { OpenByteSource } from '../../server/ports/bytes.ts'
import { type CmsOracle, cmsOracle } from '../support/cms-oracle.ts'
import { issueFor } from '../support/issue-for.ts'
import { type OpensslCa, type OpensslKey, opensslCa } from '../support/openssl-ca.ts'

const HEADER = 'Content-Type: text/plain'
const LINES = Buffer.from(
  Array.from(
    { length: 8_000 },
    (_, at) => `${createHash('sha512').update(String(at)).digest('hex').slice(0, 63)}\r\n`,
  ).join(''),
)
const PIECES = 101
const SIZE = HEADER.length + 4 + PIECES * LINES.length

const mail: Entity = {
  header: [rawField('Content-Type', 'text/plain')],
  async *body() {
    for (let piece = 0; piece < PIECES; piece++) yield LINES
  },
}

vi.setConfig({ testTimeout: 180_000 })

let ca: OpensslCa
let hash = ''
beforeAll(() => {
  ca = opensslCa('anna@example.org')
  const whole = Buffer.concat([Buffer.from(`${HEADER}\r\n\r\n`), ...Array.from({ length: PIECES }, () => LINES)])
  expect(whole.length).toBe(SIZE)
  expect(SIZE).toBeGreaterThan(50 * 1024 * 1024)
  hash = createHash('sha256').update(whole).digest('hex')
  writeFileSync(ca.path('large'), whole)
})
afterAll(() => ca[Symbol.dispose]())

const options = () => ({ anchors: [certificateOf(readFileSync(ca.path('ca.crt')))], at: Date.now() + 5_000 })

/** A written entity as the container in it. */
async function containerTo(file: string, entity: Entity): Promise<void> {
  await pipeline(writeEntity(entity), createWriteStream(ca.path('written')))
  await using source = await fileSource(ca.path('written'))
  const { root } = await indexMime(source)
  await pipeline(decodedBody(source, root), createWriteStream(ca.path(file)))
}

async function hashOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = createHash('sha256')
  for await (const piece of pieces) digest.update(piece)
  return digest.digest('hex')
}

async function isWhole(content: OpenByteSource): Promise<boolean> {
  await using held = content
  return held.size === SIZE && (await hashOf(held.stream())) === hash
}

/** What `openssl cms` answers, to what is written into it where there is something; rejects in the end when it says no. */
async function* openssl(args: readonly string[], input?: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const child = spawn('openssl', ['cms', ...args], { cwd: ca.directory, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let said = ''
  child.stderr.on('data', (text) => {
    said += text
  })
  const fed = pipeline(Readable.from(input ?? [], { objectMode: false }), child.stdin)
  yield* child.stdout as AsyncIterable<Buffer>
  await fed
  if ((await ended)[0] !== 0) throw new Error(said)
}

/** Whether a file is the content. */
async function wrote(file: string): Promise<boolean> {
  return (await hashOf(createReadStream(ca.path(file)))) === hash
}

const opened = (file: string) => () => createReadStream(ca.path(file), { highWaterMark: 262_144 })

const SIGNERS: readonly (readonly [OpensslKey, 'pkcs1' | 'pss'])[] = [
  ['rsa2048', 'pkcs1'],
  ['rsa3072', 'pkcs1'],
  ['rsa3072', 'pss'],
  ['p256', 'pkcs1'],
  ['p384', 'pkcs1'],
  ['p521', 'pkcs1'],
]

describe('signing 50 MB, openssl', () => {
  it.each(SIGNERS)('with %s (%s): openssl verifies ours, we verify what openssl signed', async (name, rsa) => {
    const mode = name === 'rsa2048' || name === 'p384' ? 'clear' : 'opaque'
    const signed = signEntity(mail, ca.identity(name), { time: Date.now(), mode, rsa })
    const check = ['-verify', ...(mode === 'opaque' ? ['-binary'] : []), '-CAfile', 'ca.crt']
    expect(await hashOf(openssl(check, writeEntity(signed)))).toBe(hash)

    const key = ['-signer', `${name}.crt`, '-inkey', `${name}.key`, '-md', 'sha512', '-nodetach']
    // openssl 3.0 writes no RSASSA-PSS in a stream.
    const padding = rsa === 'pss' ? ['-keyopt', 'rsa_padding_mode:pss'] : ['-stream']
    const theirs = openssl(['-sign', '-binary', '-in', 'large', '-outform', 'DER', ...key, ...padding])
    const { content, signers } = await openSigned(() => theirs, options())
    expect(signers).toMatchObject([{ trust: null }])
    expect(signers[0]?.algorithm).toContain('sha512')
    expect(await isWhole(content)).toBe(true)
  })
})

const RECEIVERS: readonly (readonly [OpensslKey, 'oaep' | 'pkcs1'])[] = [
  ['rsa2048', 'oaep'],
  ['rsa2048', 'pkcs1'],
  ['rsa3072', 'oaep'],
  ['p256', 'oaep'],
  ['p384', 'oaep'],
  ['p521', 'oaep'],
]
const WAYS = RECEIVERS.flatMap(([name, keyTransport]) =>
  (['cbc', 'gcm'] as const).map((content) => ({ name, keyTransport, content })),
)

describe('encrypting 50 MB, openssl', () => {
  it.each(WAYS)(
    'to $name ($keyTransport) with $content: openssl opens ours, we open theirs',
    async ({ name, ...way }) => {
      const identity = ca.identity(name)
      const key = ['-recip', `${name}.crt`, '-inkey', `${name}.key`]
      const sealed = writeEntity(encryptEntity(mail, [identity.certificate], way))
      expect(await hashOf(openssl(['-decrypt', '-binary', ...key], sealed))).toBe(hash)

      const padding = name.startsWith('rsa') && way.keyTransport === 'oaep' ? ['-keyopt', 'rsa_padding_mode:oaep'] : []
      const how = ['-outform', 'DER', '-stream', `-aes-256-${way.content}`, '-recip', `${name}.crt`, ...padding]
      const theirs = openssl(['-encrypt', '-binary', '-in', 'large', ...how])
      const { content, authenticated } = await openEnveloped(() => theirs, [identity])
      expect(authenticated).toBe(way.content === 'gcm')
      expect(await isWhole(content)).toBe(true)
    },
  )
})

describe('50 MB, gpgsm', () => {
  let home = ''
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'sfgpgsm-'))
    const { fingerprint } = certificateOf(readFileSync(ca.path('ca.crt')))
    writeFileSync(join(home, 'trustlist.txt'), `${fingerprint} S relax\n`)
    writeFileSync(join(home, 'gpgsm.conf'), 'disable-crl-checks\ndisable-dirmngr\nno-secmem-warning\n')
    writeFileSync(join(home, 'gpg-agent.conf'), 'allow-loopback-pinentry\n')
    gpgsm('--import', ca.path('ca.crt'))
    for (const name of ['rsa2048', 'p256', 'p384']) gpgsm('--import', ca.path(`${name}.crt`))
    const names = ['-in', 'rsa2048.crt', '-inkey', 'rsa2048.key', '-out', 'rsa2048.p12', '-passout', 'pass:x']
    ca.run('pkcs12', '-export', '-legacy', ...names)
    gpgsm('--import', ca.path('rsa2048.p12'))
  })
  afterAll(() => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    rmSync(home, { recursive: true, force: true })
  })
  function gpgsm(...args: readonly string[]): void {
    const how = ['--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback', '--passphrase-fd', '0', ...args]
    execFileSync('gpgsm', how, { input: 'x\n', stdio: ['pipe', 'ignore', 'pipe'] })
  }
  const user = () => certificateOf(readFileSync(ca.path('rsa2048.crt'))).fingerprint.replaceAll(':', '')

  it.each(['rsa2048', 'p256', 'p384'] as const)('verifies what we sign with %s', async (name) => {
    await containerTo('ours', signEntity(mail, ca.identity(name), { time: Date.now(), mode: 'opaque' }))
    gpgsm('--output', ca.path('out'), '--verify', ca.path('ours'))
    expect(await wrote('out')).toBe(true)
  })

  // gpgsm 2.2 knows RSA with PKCS#1 v1.5 and AES-CBC, and no elliptic private key gets into it.
  it('opens what we encrypt to rsa2048 (pkcs1), and we what it signs and encrypts', async () => {
    const { certificate } = ca.identity('rsa2048')
    await containerTo('ours', encryptEntity(mail, [certificate], { keyTransport: 'pkcs1' }))
    gpgsm('--output', ca.path('out'), '--decrypt', ca.path('ours'))
    expect(await wrote('out')).toBe(true)
    gpgsm('--recipient', user(), '--output', ca.path('theirs'), '--encrypt', ca.path('large'))
    expect(await isWhole((await openEnveloped(opened('theirs'), [ca.identity('rsa2048')])).content)).toBe(true)
    gpgsm('--local-user', user(), '--output', ca.path('theirs'), '--sign', ca.path('large'))
    const { content, signers } = await openSigned(opened('theirs'), options())
    expect(signers).toMatchObject([{ trust: null }])
    expect(await isWhole(content)).toBe(true)
  })
})

describe('signing 50 MB, OpenSSL 3.5', () => {
  let oracle: CmsOracle
  let authority: Authority
  beforeAll(async () => {
    oracle = cmsOracle(ca.directory)
    authority = await createAuthority({ organisation: 'Test', now: Date.now() })
  })

  it.each(['ed25519', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)(
    'with %s: OpenSSL verifies ours, we theirs',
    async (kind) => {
      const now = Date.now()
      const times = { address: 'anna@example.org', notBefore: now - 86_400_000, notAfter: now + 86_400_000 }
      const identity = await issueFor(authority, kind, times)
      await containerTo('ours', signEntity(mail, identity, { time: now, mode: 'opaque' }))
      const anchor = Buffer.from(authority.certificate.toString())
      const inner = oracle.verify(readFileSync(ca.path('ours')), anchor)
      expect(createHash('sha256').update(inner).digest('hex')).toBe(hash)

      const key = Buffer.from(identity.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      writeFileSync(
        ca.path('theirs'),
        oracle.sign(Buffer.from(identity.certificate.toString()), key, readFileSync(ca.path('large'))),
      )
      const { content, signers } = await openSigned(opened('theirs'), { anchors: [authority.certificate], at: now })
      expect(signers).toMatchObject([{ trust: null }])
      expect(await isWhole(content)).toBe(true)
    },
  )
})
