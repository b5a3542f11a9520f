/** Verdicts on mail of further programs: gpgsm for S/MIME, Sequoia and RNP for OpenPGP; and on mail that fits into no memory. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fileSource } from '../../cli/mail-file.ts'
import { type OpenKeys, openMail } from '../../server/journey/transform/open/index.ts'
import { generatePgpKey } from '../../server/journey/transform/openpgp/index.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { entityBytes } from '../support/entity-bytes.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'
import { type PgpPeer, pgpPeers } from '../support/pgp-peers.ts'

const BOB = 'bob@clinic.example'
const TEXT = 'Content-Type: text/plain; charset=utf-8\r\n\r\nThe figures are 42.\r\n'

let ca: OpensslCa
let gnupg: Gpg
let keys: OpenKeys
let peers: readonly PgpPeer[]

beforeAll(async () => {
  ca = opensslCa(BOB)
  gnupg = await startGpg()
  const time = Date.now() - 86_400_000
  const identity = (name: string) => generatePgpKey({ name, address: `${name}@clinic.example`, time, kind: 'ecc' })
  const [bob, anna] = (await Promise.all([identity('bob'), identity('anna')])) as [PgpIdentity, PgpIdentity]
  peers = await pgpPeers(
    gnupg,
    new Map([
      ['bob', bob],
      ['anna', anna],
    ]),
  )
  keys = {
    smime: [ca.identity('rsa3072')],
    pgp: [anna],
    anchors: [certificateOf(readFileSync(ca.path('ca.crt')))],
    verification: async (address) => ({
      pgp: address === BOB ? [bob.armoredPublic] : [],
      certificates: [],
      revoked: new Set<string>(),
    }),
  }
}, 60_000)
afterAll(async () => {
  ca?.[Symbol.dispose]()
  await gnupg?.[Symbol.asyncDispose]()
})

const crlf = (text: string) => text.replace(/\r?\n/g, '\r\n')
const mail = (entity: string) =>
  Buffer.from(`From: Bob <${BOB}>\r\nSubject: Figures\r\nMIME-Version: 1.0\r\n${entity}`, 'latin1')
const signedBy = (type: string, signature: string, encoding: string, input = TEXT) =>
  crlf(
    `Content-Type: multipart/signed; protocol="application/${type}"; boundary="peer"\n\n--peer\n${input}\n--peer\nContent-Type: application/${type}\nContent-Transfer-Encoding: ${encoding}\n\n${signature}\n--peer--\n`,
  )
const lines = (der: Buffer) => der.toString('base64').replace(/.{1,64}/g, '$&\n')

async function verdict(wire: Buffer) {
  await using opened = await openMail(bytesOf(wire), keys, { at: Date.now(), from: BOB })
  const text = opened.content && (await entityBytes(opened.content)).toString()
  return { states: [opened.verdict.state, ...opened.layers.map(({ state }) => state)], text }
}

describe('S/MIME by gpgsm', () => {
  const gpgsm = (args: readonly string[], input?: Buffer) =>
    execFileSync(
      'gpgsm',
      [
        '--batch',
        '--homedir',
        ca.path('sm'),
        '--disable-crl-checks',
        '--disable-dirmngr',
        '--pinentry-mode',
        'loopback',
        '--passphrase-fd',
        '3',
        ...args,
      ],
      {
        ...(input ? { input } : {}),
        // The passphrase is on a file descriptor of its own: the input is the mail.
        stdio: ['pipe', 'pipe', 'pipe', openSync(ca.path('passphrase'), 'r')],
        maxBuffer: 1 << 26,
      },
    )

  beforeAll(() => {
    mkdirSync(ca.path('sm'), { mode: 0o700 })
    writeFileSync(ca.path('passphrase'), 'x\n')
    const sum = ca.run('x509', '-in', 'ca.crt', '-noout', '-fingerprint', '-sha1').toString()
    writeFileSync(ca.path('sm/trustlist.txt'), `${/=(.*)/.exec(sum)![1]} S relax\n`)
    ca.run(
      'pkcs12',
      '-export',
      '-legacy',
      '-in',
      'rsa2048.crt',
      '-inkey',
      'rsa2048.key',
      '-passout',
      'pass:x',
      '-out',
      'bob.p12',
    )
    gpgsm(['--import', ca.path('ca.crt')])
    gpgsm(['--import', ca.path('bob.p12')])
    gpgsm(['--import', ca.path('rsa3072.crt')])
  })
  afterAll(() => execFileSync('gpgconf', ['--homedir', ca.path('sm'), '--kill', 'all']))

  it('good: signed in the clear and opaque; broken: altered', async () => {
    const detached = gpgsm(['-u', '/CN=rsa2048', '--detach-sign'], Buffer.from(TEXT))
    const wire = signedBy('pkcs7-signature', lines(detached), 'base64')
    expect(await verdict(mail(wire))).toEqual({ states: ['good', 'good'], text: TEXT })
    expect((await verdict(mail(wire.replace('42', '43')))).states).toEqual(['broken', 'broken'])
    const opaque = gpgsm(['-u', '/CN=rsa2048', '--sign'], Buffer.from(TEXT))
    const p7m = crlf(
      `Content-Type: application/pkcs7-mime; smime-type=signed-data\nContent-Transfer-Encoding: base64\n\n${lines(opaque)}`,
    )
    expect(await verdict(mail(p7m))).toEqual({ states: ['good', 'good'], text: TEXT })
  })

  it('encrypted for a certificate of ours', async () => {
    const sealed = gpgsm(['-r', '/CN=rsa3072', '--encrypt'], Buffer.from(TEXT))
    const p7m = crlf(
      `Content-Type: application/pkcs7-mime; smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\n${lines(sealed)}`,
    )
    expect(await verdict(mail(p7m))).toEqual({ states: ['no-integrity', 'no-integrity'], text: TEXT })
  })
})

describe('OpenPGP by others', () => {
  it.each(['gpg', 'sq', 'rnp'])('%s: signed, sealed, signed in the text; each altered is broken', async (name) => {
    const peer = peers.find((one) => one.name === name)!
    const file = (what: string) => gnupg.path(`${name}.${what}`)
    writeFileSync(file('txt'), TEXT)
    await peer.detach('bob', file('txt'), file('sig'))
    const signed = signedBy('pgp-signature', readFileSync(file('sig'), 'latin1'), '7bit')
    expect(await verdict(mail(signed))).toEqual({ states: ['good', 'good'], text: TEXT })
    expect((await verdict(mail(signed.replace('42', '43')))).states).toEqual(['broken', 'broken'])

    await peer.seal('bob', ['anna'], file('txt'), file('pgp'))
    const sealed = crlf(
      `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="p"\n\n--p\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--p\nContent-Type: application/octet-stream\n\n${readFileSync(file('pgp'), 'latin1')}\n--p--\n`,
    )
    expect(await verdict(mail(sealed))).toEqual({ states: ['good', 'decrypted', 'good'], text: TEXT })

    writeFileSync(file('words'), 'The figures are 42.\n')
    await peer.clearSign('bob', file('words'), file('asc'))
    const clear = crlf(`Content-Type: text/plain\n\n${readFileSync(file('asc'), 'latin1')}`)
    expect((await verdict(mail(clear))).states).toEqual(['good', 'good'])
    expect((await verdict(mail(clear.replace('42', '43')))).states).toEqual(['broken', 'broken'])
  })
})

describe('a mail that fits into no memory', () => {
  it('120 MB, signed and encrypted by openssl, is opened in pieces', async () => {
    const content = ca.path('large.eml')
    const line = `${'x'.repeat(74)}\r\n`
    writeFileSync(content, `Content-Type: text/plain\r\n\r\n${line.repeat(Math.ceil(85_000_000 / line.length))}`)
    const options = ['-binary', '-outform', 'SMIME']
    ca.run(
      'cms',
      '-sign',
      '-md',
      'sha256',
      '-nodetach',
      '-in',
      'large.eml',
      '-signer',
      'p256.crt',
      '-inkey',
      'p256.key',
      ...options,
      '-out',
      'large.signed',
    )
    ca.run(
      'cms',
      '-encrypt',
      '-stream',
      '-aes-256-cbc',
      '-in',
      'large.signed',
      ...options,
      '-out',
      'large.sealed',
      'rsa3072.crt',
    )
    const head = Buffer.from(`From: ${BOB}\r\n`)
    writeFileSync(ca.path('large.mail'), head)
    execFileSync('sh', ['-c', 'cat large.sealed >> large.mail'], { cwd: ca.directory })
    expect(statSync(ca.path('large.mail')).size).toBeGreaterThan(120_000_000)
    await using source = await fileSource(ca.path('large.mail'))
    let peak = 0
    const watch = setInterval(() => {
      const { heapUsed, external } = process.memoryUsage()
      peak = Math.max(peak, heapUsed + external)
    }, 20)
    const before = process.memoryUsage()
    await using opened = await openMail(source, keys, { at: Date.now(), from: BOB })
    clearInterval(watch)
    expect([opened.verdict.state, ...opened.layers.map(({ state }) => state)]).toEqual(['good', 'decrypted', 'good'])
    expect(opened.content?.bodySource.size).toBeGreaterThan(84_000_000)
    expect(peak - before.heapUsed - before.external).toBeLessThan(120_000_000)
  }, 120_000)
})
