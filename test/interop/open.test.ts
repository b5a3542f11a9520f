/** Inbound verdicts on mail that openssl and gpg made, and on our own. A false "good" is the worst that can happen here. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'
import { type OpenKeys, openMail } from '../../server/journey/transform/open/index.ts'
import { generatePgpKey, pgpEncryptEntity, pgpSignEntity } from '../../server/journey/transform/openpgp/index.ts'
import { encryptEntity, signEntity } from '../../server/journey/transform/smime/index.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { Entity } from '../../server/mime/entity.ts'
import { rawField } from '../../server/mime/header.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import type { LayerState } from '../../shared/domain/index.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'

const BOB = 'bob@peer.example'
const ANNA = 'anna@clinic.example'
const INNER =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nThe figures: Gr=C3=BC=C3=9Fe\r\n'
const DAY = 86_400_000

let ca: OpensslCa
let stranger: OpensslCa
let gnupg: Gpg
let anna: PgpIdentity
const pgpKeys = new Map<string, string>()
let keys: OpenKeys

beforeAll(async () => {
  ca = opensslCa(BOB)
  stranger = opensslCa(BOB)
  const issue = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '20', '-extfile']
  const certify = (name: string, request: string, extensions: string) => {
    writeFileSync(ca.path(`${name}.cnf`), extensions)
    ca.run('x509', '-req', '-in', `${request}.csr`, ...issue, `${name}.cnf`, '-out', `${name}.crt`)
  }
  const usage = 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n'
  certify('other', 'rsa2048', `${usage}subjectAltName=email:mallory@peer.example\n`)
  certify('both', 'rsa2048', `${usage}subjectAltName=email:mallory@peer.example,email:Bob@PEER.example\n`)
  certify('server', 'rsa2048', `basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=email:${BOB}\n`)
  ca.run('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024', '-out', 'weak.key')
  ca.run('req', '-new', '-key', 'weak.key', '-subj', '/CN=weak', '-out', 'weak.csr')
  certify('weak', 'weak', `${usage}subjectAltName=email:${BOB}\n`)
  for (const name of ['other', 'both', 'server'])
    writeFileSync(ca.path(`${name}.key`), readFileSync(ca.path('rsa2048.key')))

  gnupg = await startGpg()
  anna = await generatePgpKey({ name: 'Anna', address: ANNA, time: Date.now() - DAY, kind: 'ecc' })
  await gnupg.trust(anna.armoredPublic)
  const generate = async (address: string, ...more: readonly string[]) => {
    const { code, stderr } = await gnupg.gpg([
      ...more.slice(1),
      '--quick-gen-key',
      address,
      'ed25519',
      'sign',
      more[0] ?? 'never',
    ])
    if (code !== 0) throw new Error(stderr)
    pgpKeys.set(address, (await gnupg.gpg(['--armor', '--export', address])).stdout.toString())
  }
  await generate(BOB)
  await generate('unknown@peer.example')
  await generate('old@peer.example', '20200110T000000', '--faked-system-time', '20200101T000000')
  await generate('gone@peer.example')
  keys = {
    smime: [ca.identity('rsa3072')],
    pgp: [anna],
    anchors: [certificateOf(readFileSync(ca.path('ca.crt')))],
    verification: async (address) => known(address === BOB ? [pgpKeys.get(BOB)!] : []),
  }
}, 60_000)
afterAll(async () => {
  ca[Symbol.dispose]()
  stranger[Symbol.dispose]()
  await gnupg[Symbol.asyncDispose]()
})

const known = (pgp: readonly string[], revoked: readonly string[] = []) => ({
  pgp,
  certificates: [],
  revoked: new Set(revoked),
})

const crlf = (text: string) => text.replace(/\r?\n/g, '\r\n')

/** Runs `openssl cms` over the file `in.eml` and answers what it wrote, lines ended by CRLF as on the wire. */
function cms(from: OpensslCa, input: string, ...options: readonly string[]): string {
  writeFileSync(from.path('in.eml'), input)
  from.run('cms', '-in', 'in.eml', '-out', 'out.eml', ...options)
  return crlf(readFileSync(from.path('out.eml'), 'latin1'))
}

const sign = (name = 'rsa2048', input = INNER, from = ca, ...more: readonly string[]) =>
  cms(from, input, '-sign', '-md', 'sha256', '-signer', `${name}.crt`, '-inkey', `${name}.key`, ...more)
const encrypt = (cipher: 'cbc' | 'gcm', input = INNER, recipient = 'rsa3072.crt') =>
  cms(ca, input, '-encrypt', `-aes-256-${cipher}`, recipient)

/** The same entity with its base64 body changed. */
function changed(entity: string, change: (der: Buffer) => void): string {
  const start = entity.indexOf('\r\n\r\n') + 4
  const der = Buffer.from(entity.slice(start), 'base64')
  change(der)
  return `${entity.slice(0, start)}${der.toString('base64').replace(/.{1,64}/g, '$&\r\n')}`
}

/** The entity under the header of a mail from Bob. */
const mail = (entity: string, from = `Bob <${BOB}>`) =>
  Buffer.from(
    `From: ${from}\r\nTo: ${ANNA}\r\nSubject: Figures\r\n${entity.startsWith('MIME-Version') ? '' : 'MIME-Version: 1.0\r\n'}${entity}`,
    'latin1',
  )

async function verdict(wire: Buffer, at = Date.now(), from = BOB) {
  const opened = await openMail(bytesOf(wire), keys, { at, from })
  const content = opened.content && (await entityBytes(opened.content)).toString()
  return { ...opened, states: opened.layers.map(({ state }) => state), state: opened.verdict.state, content }
}

async function expectVerdict(wire: Buffer, state: string, states: readonly LayerState[], at?: number) {
  const found = await verdict(wire, at)
  expect([found.state, ...found.states]).toEqual([state, ...states])
  return found
}

describe('S/MIME made by openssl', () => {
  it('good: clear-signed', async () => {
    const { content, verdict: said, layers } = await expectVerdict(mail(sign()), 'good', ['good'])
    expect(content).toBe(INNER)
    expect(said.signer).toMatchObject({ address: BOB, name: 'rsa2048', issuer: 'Test CA' })
    expect(said.signer?.fingerprint).toMatch(/^[0-9a-f]{64}$/)
    expect(layers[0]?.algorithm).toBe('rsa sha256')
  })

  it('good: opaque', async () => {
    expect((await expectVerdict(mail(sign('p256', INNER, ca, '-nodetach')), 'good', ['good'])).content).toBe(INNER)
  })

  it('good: the certificate names several addresses, in another case', () =>
    expectVerdict(mail(sign('both')), 'good', ['good']))

  it('good: RSA-PSS', () =>
    expectVerdict(mail(sign('rsa2048', INNER, ca, '-keyopt', 'rsa_padding_mode:pss')), 'good', ['good']))

  it.each(['cbc', 'gcm'] as const)('good: signed, then encrypted with %s', async (cipher) => {
    const { content } = await expectVerdict(mail(encrypt(cipher, sign())), 'good', ['decrypted', 'good'])
    expect(content).toBe(INNER)
  })

  it('unsigned: encrypted, then signed around it: whoever captured the ciphertext could do that', async () => {
    const around = await expectVerdict(mail(sign('p384', encrypt('gcm'))), 'unsigned', ['good', 'decrypted'])
    expect([around.content, around.verdict.signer, around.harvest]).toEqual([INNER, null, null])
  })

  it('nested, good: triple-wrapped', () =>
    expectVerdict(mail(sign('p256', encrypt('gcm', sign()))), 'good', ['good', 'decrypted', 'good']))

  it('without integrity: encrypted with CBC alone', async () => {
    const { content } = await expectVerdict(mail(encrypt('cbc')), 'no-integrity', ['no-integrity'])
    expect(content).toBe(INNER)
  })

  it('unsigned: encrypted with GCM alone', () => expectVerdict(mail(encrypt('gcm')), 'unsigned', ['decrypted']))

  it('unknown signer: an authority nobody here trusts', async () => {
    const { verdict: said } = await expectVerdict(mail(sign('rsa2048', INNER, stranger)), 'unknown-signer', [
      'unknown-signer',
    ])
    expect(said.signer).toBeNull()
  })

  it('unknown signer: expired, and of an authority nobody trusts', () =>
    expectVerdict(mail(sign('rsa2048', INNER, stranger)), 'unknown-signer', ['unknown-signer'], Date.now() + 25 * DAY))

  it('unknown signer: no certificate came along', () =>
    expectVerdict(mail(sign('rsa2048', INNER, ca, '-nocerts')), 'unknown-signer', ['unknown-signer']))

  it('unknown signer inside of CBC proves no integrity', () =>
    expectVerdict(mail(encrypt('cbc', sign('rsa2048', INNER, stranger))), 'unknown-signer', [
      'no-integrity',
      'unknown-signer',
    ]))

  it('From differs: the certificate is for another address', () =>
    expectVerdict(mail(sign('other')), 'from-differs', ['from-differs']))

  it.each([
    ['another sender', 'Eve <eve@evil.example>'],
    ['two senders', `${BOB}, eve@evil.example`],
    ['two From fields', `eve@evil.example\r\nFrom: ${BOB}`],
    ['an address that is only a name', `"${BOB}" <eve@evil.example>`],
    ['the sender beside another address', `eve@evil.example <${BOB}>`],
    ['a line begun by a bare CR', `${BOB}\rFrom: eve@evil.example`],
  ])('From differs: %s', async (_, from) => {
    for (const shown of [BOB, 'eve@evil.example']) {
      expect((await verdict(mail(sign(), from), undefined, shown)).state).toBe('from-differs')
    }
  })

  it('From differs: the caller shows another sender than the mail has', async () => {
    expect((await verdict(mail(sign()), undefined, 'eve@evil.example')).state).toBe('from-differs')
    expect((await verdict(mail(sign()), undefined, '')).state).toBe('from-differs')
  })

  it('expired: when received', () => expectVerdict(mail(sign()), 'expired', ['expired'], Date.now() + 25 * DAY))

  it('expired: received before the certificate began', () =>
    expectVerdict(mail(sign()), 'expired', ['expired'], Date.now() - DAY))

  it('unusable: a certificate that is not for mail', () =>
    expectVerdict(mail(sign('server')), 'unusable', ['unusable']))

  it('weak: an RSA key of 1024 bits', () => expectVerdict(mail(sign('weak')), 'weak', ['weak']))

  it.each(['sha1', 'md5'])('weak: signed over %s', async (digest) => {
    const weak = cms(ca, INNER, '-sign', '-md', digest, '-signer', 'rsa2048.crt', '-inkey', 'rsa2048.key')
    expect((await expectVerdict(mail(weak), 'weak', ['weak'])).content).toBeNull()
  })

  it('broken: the text was altered', async () => {
    const altered = mail(sign().replace('The figures', 'Our figures'))
    expect((await expectVerdict(altered, 'broken', ['broken'])).content).toBeNull()
  })

  it('broken: altered inside of an encryption', async () => {
    const altered = sign().replace('The figures', 'Our figures')
    const { content } = await expectVerdict(mail(encrypt('cbc', altered)), 'broken', ['no-integrity', 'broken'])
    expect(content).toBeNull()
  })

  it('broken: a mailing list wrote into the signed part', () =>
    expectVerdict(mail(sign().replace(/(Gr=C3[^\r]*\r\n)/, '$1-- \r\nlist footer\r\n')), 'broken', ['broken']))

  it('broken: a third part beside content and signature', () => {
    const signed = sign()
    const boundary = /boundary="([^"]+)"/.exec(signed)![1]!
    const third = signed.replace(
      `--${boundary}--`,
      `--${boundary}\r\nContent-Type: text/plain\r\n\r\nmore\r\n--${boundary}--`,
    )
    return expectVerdict(mail(third), 'broken', ['broken'])
  })

  it.each([
    ['two boundaries', /boundary="[^"]+"/, '$&; boundary="x"'],
    ['a boundary in two forms', /boundary="[^"]+"/, "$&; boundary*=us-ascii''x"],
    ['two types', /Content-Type:/, 'Content-Type: text/plain\r\nContent-Type:'],
    ['two types, the other first', /\r\n\r\n/, '\r\nContent-Type: text/plain\r\n\r\n'],
    ['a transfer encoding for parts', /Content-Type:/, 'Content-Transfer-Encoding: base64\r\nContent-Type:'],
    ['another protocol', /protocol="[^"]+"/, 'protocol="application/pgp-signature"'],
  ])('a header that two readers take for different things is not good: %s', async (_, from, to) => {
    const { state } = await verdict(mail(sign().replace(from, to)))
    expect(['broken', 'plain']).toContain(state)
  })

  it('broken: the signature of another mail', () => {
    const other = sign('rsa2048', INNER.replace('The', 'Our'))
    const signature = (text: string) => /\r\n\r\n(MII[\s\S]+?)\r\n\r\n--/.exec(text)![1]!
    const mine = sign()
    return expectVerdict(mail(mine.replace(signature(mine), signature(other))), 'broken', ['broken'])
  })

  it('not covered: a mailing list put a footer behind the signed mail', async () => {
    const list = `Content-Type: multipart/mixed; boundary="list"\r\n\r\n--list\r\n${sign().replace(/^MIME-Version[^\n]*\n/, '')}\r\n--list\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--list--\r\n`
    expect((await expectVerdict(mail(list), 'not-covered', ['not-covered'])).content).toContain('footer')
  })

  it('forwarded: a signed mail that is attached says nothing of the mail around it', async () => {
    const forwarded = `Content-Type: multipart/mixed; boundary="fwd"\r\n\r\n--fwd\r\nContent-Type: message/rfc822\r\n\r\n${mail(sign()).toString('latin1')}\r\n--fwd--\r\n`
    const { verdict: said } = await expectVerdict(mail(forwarded), 'forwarded', ['forwarded'])
    expect(said.signer).toBeNull()
  })

  it('cannot be decrypted: the same words and layers whatever the cause', async () => {
    const sealed = (cipher: 'cbc' | 'gcm', recipient = 'rsa3072.crt') =>
      cms(ca, sign(), '-encrypt', `-aes-256-${cipher}`, '-noindef', recipient)
    const right = sealed('cbc')
    const wires = [
      sealed('cbc', 'rsa2048.crt'),
      // The last octet of the last block but one turns the padding into none.
      changed(right, (der) => der.writeUInt8(der.at(-17)! ^ 0x80, der.length - 17)),
      // The tag of GCM.
      changed(sealed('gcm'), (der) => der.writeUInt8(der.at(-1)! ^ 1, der.length - 1)),
      // The encrypted content key.
      changed(right, (der) => der.writeUInt8(der[400]! ^ 1, 400)),
      right.replace(/\r\n\r\n(.{20})/, '\r\n\r\n'),
      right.slice(0, -400),
    ]
    const answers = await Promise.all(wires.map((wire) => verdict(mail(wire))))
    for (const { layers, content, verdict: said } of answers) {
      expect([layers, content, said]).toEqual([answers[0]!.layers, null, answers[0]!.verdict])
    }
    expect(answers[0]?.state).toBe('undecryptable')
  })

  it('nested: signed five times is good, six times is too deep, and nothing comes out', async () => {
    let wire = INNER
    for (let depth = 0; depth < 5; depth++)
      wire = sign('p256', wire, ca, '-nodetach').replace(/^MIME-Version[^\n]*\n/, '')
    expect((await verdict(mail(wire))).state).toBe('good')
    const { state, states, content } = await verdict(mail(sign('p256', wire, ca, '-nodetach')))
    expect([state, states.at(-1), content]).toEqual(['too-deep', 'too-deep', null])
  })

  it('not opened: certificates alone, and a digest that nobody signed', async () => {
    writeFileSync(ca.path('inner.txt'), INNER)
    const certificates = ca.run('crl2pkcs7', '-nocrl', '-certfile', 'rsa2048.crt', '-outform', 'DER')
    const digest = ca.run('cms', '-digest_create', '-binary', '-in', 'inner.txt', '-outform', 'DER')
    for (const [der, type] of [
      [certificates, '; smime-type=certs-only'],
      [digest, ''],
    ] as const) {
      const container = `Content-Type: application/pkcs7-mime${type}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n${der.toString('base64').replace(/.{1,64}/g, '$&\r\n')}`
      expect((await expectVerdict(mail(container), 'not-opened', ['not-opened'])).content).toBeNull()
    }
  })

  it('nothing to open: a plain mail keeps its bytes', async () => {
    expect((await expectVerdict(mail(INNER), 'plain', [])).content).toBe(INNER)
  })

  it('an altered byte never leaves other content good', async () => {
    const wire = mail(encrypt('gcm', sign()))
    const clear = mail(sign())
    const byte = fc.record({ at: fc.nat(), value: fc.integer({ min: 0, max: 255 }), which: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(byte, async ({ at, value, which }) => {
        const altered = Buffer.from(which ? wire : clear)
        altered[at % altered.length] = value
        const { state, content } = await verdict(altered)
        if (state === 'good') expect(content).toBe(INNER)
      }),
      { numRuns: 600 },
    )
  })
})

/** multipart/signed or multipart/encrypted (RFC 3156) around what gpg wrote. */
async function gpgSigned(user: string, ...options: readonly string[]) {
  const { stdout, stderr } = await gnupg.gpg(['--armor', '-u', user, ...options, '--detach-sign'], Buffer.from(INNER))
  if (stdout.length === 0) throw new Error(stderr)
  return crlf(
    `Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary="gpg"\n\n--gpg\n${INNER}\n--gpg\nContent-Type: application/pgp-signature\n\n${stdout}\n--gpg--\n`,
  )
}

async function gpgEncrypted(...options: readonly string[]) {
  const { stdout, stderr } = await gnupg.gpg(['--armor', '-r', ANNA, ...options, '--encrypt'], Buffer.from(INNER))
  if (stdout.length === 0) throw new Error(stderr)
  return crlf(
    `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="gpg"\n\n--gpg\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--gpg\nContent-Type: application/octet-stream\n\n${stdout}\n--gpg--\n`,
  )
}

const knowing = (address: string, armored: string): OpenKeys => ({
  ...keys,
  verification: async (asked) => known(asked === address ? [armored] : []),
})

describe('OpenPGP made by gpg', () => {
  it('good: signed', async () => {
    const { content, verdict: said } = await expectVerdict(mail(await gpgSigned(BOB)), 'good', ['good'])
    expect(content).toBe(INNER)
    expect(said.signer).toMatchObject({ address: BOB, fingerprint: expect.stringMatching(/^[0-9a-f]{40}$/) })
  })

  it('good: encrypted and signed', async () => {
    const wire = mail(await gpgEncrypted('-u', BOB, '--sign'))
    expect((await expectVerdict(wire, 'good', ['decrypted', 'good'])).content).toBe(INNER)
  })

  it('good: signed, then encrypted by openssl', async () =>
    expectVerdict(mail(encrypt('cbc', await gpgSigned(BOB))), 'good', ['decrypted', 'good']))

  it('unsigned: encrypted alone', async () => {
    expect((await expectVerdict(mail(await gpgEncrypted()), 'unsigned', ['decrypted'])).content).toBe(INNER)
  })

  it('unknown signer: a key nobody knows for the sender', async () => {
    await expectVerdict(mail(await gpgSigned('unknown@peer.example')), 'unknown-signer', ['unknown-signer'])
    await expectVerdict(mail(await gpgEncrypted('-u', 'unknown@peer.example', '--sign')), 'unknown-signer', [
      'decrypted',
      'unknown-signer',
    ])
  })

  it('unknown signer: the key of one sender under the name of another', async () => {
    const found = await verdict(mail(await gpgSigned(BOB), 'eve@evil.example'), undefined, 'eve@evil.example')
    expect(found.state).toBe('unknown-signer')
    const shown = await verdict(mail(await gpgSigned(BOB), 'eve@evil.example'))
    expect(shown.state).toBe('unknown-signer')
  })

  it('expired: the key was valid when it signed, not when the mail came', async () => {
    const address = 'old@peer.example'
    const wire = mail(await gpgSigned(address, '--faked-system-time', '20200102T000000'), address)
    const known = knowing(address, pgpKeys.get(address)!)
    const now = await openMail(bytesOf(wire), known, { at: Date.now(), from: address })
    expect(now.verdict.state).toBe('expired')
    const then = await openMail(bytesOf(wire), known, { at: Date.UTC(2020, 0, 2, 1), from: address })
    expect(then.verdict.state).toBe('good')
  })

  it('revoked: the key was revoked after it signed', async () => {
    const address = 'gone@peer.example'
    const wire = mail(await gpgSigned(address), address)
    const before = await openMail(bytesOf(wire), knowing(address, pgpKeys.get(address)!), {
      at: Date.now(),
      from: address,
    })
    expect(before.verdict.state).toBe('good')
    const list = (await gnupg.gpg(['--with-colons', '--list-keys', address])).stdout.toString()
    const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(list)![1]!
    const revocation = readFileSync(gnupg.path(`openpgp-revocs.d/${fingerprint}.rev`), 'latin1').replace(
      ':-----BEGIN',
      '-----BEGIN',
    )
    await gnupg.trust(revocation)
    const armored = (await gnupg.gpg(['--armor', '--export', address])).stdout.toString()
    const after = await openMail(bytesOf(wire), knowing(address, armored), { at: Date.now(), from: address })
    expect(after.verdict.state).toBe('revoked')
  })

  it('broken: the text was altered', async () => {
    const altered = (await gpgSigned(BOB)).replace('The figures', 'Our figures')
    expect((await expectVerdict(mail(altered), 'broken', ['broken'])).content).toBeNull()
  })

  it('cannot be decrypted: altered, for somebody else, no message at all: the same answer', async () => {
    const right = await gpgEncrypted()
    const { stdout } = await gnupg.gpg(['--armor', '-c', '--passphrase', 'x'], Buffer.from(INNER))
    const armor = /-----BEGIN PGP MESSAGE-----[\s\S]+-----END PGP MESSAGE-----/
    const wires = [
      right.replace(/(BEGIN PGP MESSAGE-----\r\n\r\n.{64}\r\n.{20}).{8}/, (_, kept: string) => `${kept}AAAAAAAA`),
      right.replace(armor, stdout.toString()),
      right.replace(armor, 'nothing'),
    ]
    for (const wire of wires) {
      const { layers, content } = await expectVerdict(mail(crlf(wire)), 'undecryptable', ['undecryptable'])
      expect([layers[0]?.algorithm, content]).toEqual([null, null])
    }
  })
})

describe('our own output', () => {
  const plain = () => entityOf(`From: ${BOB}\nSubject: Figures\n${INNER}`)
  const wireOf = async (entity: Entity) => Buffer.concat([await entityBytes(entity)])
  const underBob = (entity: Entity): Entity => ({ ...entity, header: [rawField('From', BOB), ...entity.header] })

  it('good: S/MIME signed and encrypted', async () => {
    const signed = signEntity(plain(), ca.identity('p256'), { time: Date.now() })
    const sealed = encryptEntity(signed, [ca.identity('rsa3072').certificate], { content: 'gcm' })
    expect((await expectVerdict(await wireOf(sealed), 'good', ['decrypted', 'good'])).content).toBe(INNER)
  })

  it('good: OpenPGP signed and encrypted', async () => {
    const time = Date.now() - 1_000
    const bob = await generatePgpKey({ name: 'Bob', address: BOB, time, kind: 'ecc' })
    const inner = entityOf(INNER)
    const signed = underBob(await pgpSignEntity(inner, bob, { time }))
    const sealed = underBob(await pgpEncryptEntity(inner, [anna.armoredPublic], { sign: bob, time }))
    const known = knowing(BOB, bob.armoredPublic)
    for (const entity of [signed, sealed]) {
      const opened = await openMail(bytesOf(await wireOf(entity)), known, { at: Date.now(), from: BOB })
      expect(opened.verdict.state).toBe('good')
      expect((await entityBytes(opened.content!)).toString()).toBe(INNER)
    }
  })

  it('too deep: six layers', async () => {
    let entity = plain()
    for (let depth = 0; depth < 6; depth++) entity = signEntity(entity, ca.identity('p256'), { time: Date.now() })
    const { content, states } = await verdict(await wireOf(entity))
    expect([content, states.at(-1)]).toEqual([null, 'too-deep'])
    let five = plain()
    for (let depth = 0; depth < 5; depth++) five = signEntity(five, ca.identity('p256'), { time: Date.now() })
    expect((await verdict(await wireOf(five))).state).toBe('good')
  })
})

describe('secflow open', () => {
  async function run(...args: readonly string[]) {
    const lines: string[] = []
    let code = 0
    const io = {
      out: (text: string) => void lines.push(text),
      err: (text: string) => void lines.push(text),
      exit: (status: number) => {
        code = status
      },
      cwd: ca.directory,
      color: false,
    }
    await main(['open', ...args], io)
    return { code, text: lines.join('\n') }
  }

  beforeAll(() => {
    mkdirSync(ca.path('keys'))
    writeFileSync(ca.path('keys/bob.asc'), pgpKeys.get(BOB)!)
    writeFileSync(ca.path('keys/anna.asc'), anna.armoredPrivate)
    writeFileSync(
      ca.path('facts.yaml'),
      `people:
  - {address: ${BOB}, pgp: keys/bob.asc}
anchors: [ca.crt]
identities:
  - {address: ${ANNA}, certificate: rsa3072.crt, key: rsa3072.key, pgpPrivate: keys/anna.asc}
`,
    )
  })

  it('opens, verifies and writes; exit status 0; also with the line ends of Unix', async () => {
    for (const [name, wire] of [
      ['smime.eml', mail(encrypt('cbc', sign()))],
      ['lf.eml', Buffer.from(mail(encrypt('cbc', sign())).toString('latin1').replaceAll('\r\n', '\n'), 'latin1')],
      ['pgp.eml', mail(await gpgEncrypted('-u', BOB, '--sign'))],
    ] as const) {
      writeFileSync(ca.path(name), wire)
      const { code, text } = await run(name, '--facts', 'facts.yaml', '--out', 'opened.eml')
      expect(text).toContain('good: Signature valid')
      expect(code).toBe(0)
      const opened = readFileSync(ca.path('opened.eml'), 'latin1')
      expect(opened).toBe(mail(INNER).toString('latin1'))
    }
  })

  it('says in German and JSON what is not good; exit status 1', async () => {
    writeFileSync(ca.path('broken.eml'), mail(sign().replace('The figures', 'Our figures')))
    const german = await run('broken.eml', '--facts', 'facts.yaml', '--lang', 'de', '--out', 'no.eml')
    expect([german.code, german.text]).toEqual([1, expect.stringContaining('broken: Signatur ungültig')])
    expect(() => readFileSync(ca.path('no.eml'))).toThrow('ENOENT')
    const json = await run('broken.eml', '--json')
    expect([json.code, JSON.parse(json.text).verdict.state]).toEqual([1, 'broken'])
  })

  it('nothing to open is said plainly; exit status 0', async () => {
    writeFileSync(ca.path('plain.eml'), mail(INNER))
    const { code, text } = await run('plain.eml')
    expect([code, text]).toEqual([0, expect.stringContaining('nothing to open')])
  })

  it('wrong use is 2, what cannot run is 3', async () => {
    expect((await run()).code).toBe(2)
    expect((await run('plain.eml', '--lang', 'fr')).code).toBe(2)
    expect((await run('plain.eml', '--tenant', 'x')).code).toBe(2)
    expect((await run('nowhere.eml')).code).toBe(3)
    expect((await run('plain.eml', '--facts', 'nowhere.yaml')).code).toBe(3)
  })
})
