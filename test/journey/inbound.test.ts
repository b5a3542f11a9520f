/** Strangers' signed and encrypted mail on its way to people of ours, through the real relay: openssl and gpg made it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { fieldNames, headerOf, lastMailTo, partOf, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const SECRET = 'a secret of the test'
const BOB = 'bob@peer.example'
const ANNA = 'leitstelle@demo.example'
const ELSE = 'e.lang@demo.example'
const INNER =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nThe figures are 42.\r\n'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string
let ca: OpensslCa
let gnupg: Gpg

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-inbound-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  ca = opensslCa(BOB)
  ca.run(
    'req',
    '-x509',
    '-new',
    '-key',
    'p256.key',
    '-subj',
    '/CN=self',
    '-addext',
    `subjectAltName=email:${BOB}`,
    '-days',
    '9',
    '-out',
    'self.crt',
  )
  for (const [name, days, purpose] of [
    ['past', '0', 'emailProtection'],
    ['server', '9', 'serverAuth'],
  ] as const) {
    const usage = 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n'
    writeFileSync(ca.path(`${name}.cnf`), `${usage}extendedKeyUsage=${purpose}\nsubjectAltName=email:${BOB}\n`)
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', days, '-extfile', `${name}.cnf`]
    ca.run('x509', '-req', '-in', 'p256.csr', ...by, '-out', `${name}.crt`)
  }
  gnupg = await startGpg()
  await gnupg.gpg(['--quick-gen-key', BOB, 'ed25519', 'sign', 'never'])
  const bobPgp = (await gnupg.gpg(['--armor', '--export', BOB])).stdout.toString()
  tenant = await ownTenant({
    outside: sink.url,
    rules: [
      ruleSet(
        rules(
          '{id: broken-quarantine, when: {message.opened.verdict: broken}, then: [{quarantine: {}}]}',
          '{id: codeword, onUnknown: quarantine, when: {all: [{message.direction: inbound}, {message.subject: {contains: words}}, {message.body: {contains: codeword}}]}, then: [{quarantine: {}}]}',
          '{id: take-it, when: {message.subject: {contains: whatever}}, then: [{open: {deliver: opened}}]}',
          '{id: watched-outside, when: {message.subject: {contains: outside}}, then: [{bcc: {to: [auditor@elsewhere.example], form: as-sent}}]}',
          '{id: watched-within, when: {message.subject: {contains: within}}, then: [{bcc: {to: [e.lang@demo.example], form: as-sent}}]}',
          '{id: as-it-came, when: {message.subject: {contains: untouched}}, then: [{open: {deliver: original}}, {bcc: {to: [journal@demo.example], form: plain}}]}',
        ),
        'tenant',
        'inbound',
      ).text,
    ],
  })
  writeFileSync(join(tenant.folder, 'bob-ca.crt'), readFileSync(ca.path('ca.crt')))
  tenant.people((facts) => {
    facts.anchors.push(readFileSync(ca.path('ca.crt'), 'utf8'))
    facts.people.push({ address: BOB, name: 'Bob', pgp: bobPgp })
  })
  // It would quarantine whatever nobody could look into; what is asked here is what becomes of the rest.
  const baseline = join(tenant.policyDir, 'tenant/baseline.yaml')
  const text = readFileSync(baseline, 'utf8')
  writeFileSync(
    baseline,
    text.replace('- id: programs-quarantined\n', '- id: programs-quarantined\n      mode: disabled\n'),
  )
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({
      clients: [
        { id: 'pane', secretHash: await hashPassword(SECRET), senders: [ANNA], scopes: ['evaluate'] },
        { id: 'keeper', secretHash: await hashPassword(SECRET), roles: ['key-manager'] },
      ],
      inbound: { marks: { good: '[verified]', decrypted: '[decrypted]', bad: '[unproven]' } },
    }),
  })
}, 120_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  ca?.[Symbol.dispose]()
  await gnupg?.[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

const crlf = (text: string) => text.replace(/\r?\n/g, '\r\n')
let count = 0

/** Runs `openssl cms` over an entity. */
function cms(input: string, ...options: readonly string[]): string {
  writeFileSync(ca.path('in.eml'), input)
  ca.run('cms', '-in', 'in.eml', '-out', 'out.eml', ...options)
  return crlf(readFileSync(ca.path('out.eml'), 'latin1'))
}
const sign = (input = INNER, ...more: readonly string[]) =>
  cms(input, '-sign', '-md', 'sha256', '-signer', 'p256.crt', '-inkey', 'p256.key', ...more)
const encryptFor = (address: string, input: string, ...more: readonly string[]) =>
  cms(
    input,
    '-encrypt',
    more[0] ?? '-aes-256-cbc',
    ...more.slice(1),
    join(tenant.files.directory, 'users', `${address}.pem`),
  )

interface Sent {
  readonly from?: string
  readonly to?: readonly string[]
  readonly subject?: string
  readonly headers?: readonly string[]
}

/** Sends it as a stranger and waits for its end. */
async function receive(
  entity: string,
  { from = `Bob <${BOB}>`, to = [ANNA], subject = 'Figures', headers = [] }: Sent = {},
) {
  const head = [
    `From: ${from}`,
    `To: ${to.join(', ')}`,
    `Subject: ${subject}`,
    `Message-ID: <m${++count}@peer.example>`,
    ...headers,
  ]
  const wire = `${head.join('\r\n')}\r\n${entity.startsWith('MIME-Version') ? '' : 'MIME-Version: 1.0\r\n'}${entity}`
  const { id, reply } = await submit(gateway.smtpPort, { from: BOB, to, mail: Buffer.from(wire, 'latin1') })
  expect(reply).toMatch(/^250/)
  const recipients = await gateway.settled(id)
  await using records = await gateway.records()
  const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
  return { id, wire, recipients, states: recipients.map(({ state }) => state), audit }
}

/** What the signed verdict says; its signature is checked by the API (below). */
function verdictOf(
  file: string,
): { readonly sta: string; readonly sig?: readonly string[]; readonly lay: string[][] } | null {
  const token = /^X-Secflow-Verdict: (\S+)$/im.exec(headerOf(file))?.[1]
  return token ? JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) : null
}
const subjectOf = (file: string) => /^Subject: (.*)$/im.exec(headerOf(file))?.[1]

describe('mail for people of ours', () => {
  it('is delivered decrypted, with the signature its reader can verify, and says who signed', async () => {
    const { states } = await receive(encryptFor(ANNA, sign()))
    expect(states).toEqual(['delivered'])
    const file = await lastMailTo(sink, ANNA)
    expect(readFileSync(file, 'latin1')).toContain('multipart/signed')
    expect(await textOf(file)).toContain('The figures are 42.')
    expect(verdictOf(file)).toMatchObject({ sta: 'good', sig: [BOB, 'p256', 'Test CA'] })
    expect(subjectOf(file)).toBe('[verified] Figures')
    writeFileSync(ca.path('delivered.eml'), readFileSync(file))
    expect(ca.succeeds('cms', '-verify', '-in', 'delivered.eml', '-CAfile', 'ca.crt', '-out', 'o.txt')).toBe(true)
  })

  it('is delivered as it came where nobody has to open it, with its bytes, and the verdict in front', async () => {
    const { wire } = await receive(sign())
    const delivered = readFileSync(await lastMailTo(sink, ANNA), 'latin1')
    expect(delivered).toContain(wire.slice(wire.indexOf('\r\n\r\n')))
    expect(verdictOf(await lastMailTo(sink, ANNA))).toMatchObject({
      sta: 'good',
      lay: [['smime-signed', 'good', expect.any(String)]],
    })
  })

  it('that is signed and opaque comes out readable for every program', async () => {
    await receive(sign(INNER, '-nodetach'))
    const file = await lastMailTo(sink, ANNA)
    expect(await textOf(file)).toContain('The figures are 42.')
    expect(verdictOf(file)?.sta).toBe('good')
    const { wire } = await receive(
      cms(INNER, '-sign', '-nodetach', '-md', 'sha256', '-signer', 'self.crt', '-inkey', 'p256.key'),
    )
    const stranger = await lastMailTo(sink, ANNA)
    expect(readFileSync(stranger, 'latin1')).toContain(wire.slice(wire.indexOf('\r\n\r\n')))
    expect(verdictOf(stranger)?.sta).toBe('unknown-signer')
  })

  it('of OpenPGP is decrypted with the key of the house and verified', async () => {
    await gnupg.trust(readFileSync(join(tenant.files.directory, 'gateway.asc'), 'utf8'))
    const { stdout } = await gnupg.gpg(
      ['--armor', '-u', BOB, '-r', 'gateway@demo.example', '--sign', '--encrypt'],
      Buffer.from(INNER),
    )
    await receive(
      crlf(
        `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="gpg"\n\n--gpg\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--gpg\nContent-Type: application/octet-stream\n\n${stdout}\n--gpg--\n`,
      ),
    )
    const file = await lastMailTo(sink, ANNA)
    expect(await textOf(file)).toContain('The figures are 42.')
    expect(verdictOf(file)).toMatchObject({ sta: 'good', sig: [BOB, null, null] })
  })

  it('without protection has no verdict, and its bytes', async () => {
    const { wire } = await receive(INNER)
    const file = await lastMailTo(sink, ANNA)
    expect(fieldNames(file)).not.toContain('x-secflow-verdict')
    expect(readFileSync(file, 'latin1')).toContain(wire.slice(wire.indexOf('Message-ID')))
  })

  it('goes decrypted to those whose key opens it, and as it came to the others', async () => {
    const sealed = encryptFor(ANNA, sign())
    const { states } = await receive(sealed, { to: [ANNA, ELSE] })
    expect(states).toEqual(['delivered', 'delivered'])
    expect(await textOf(await lastMailTo(sink, ANNA))).toContain('The figures are 42.')
    const others = await lastMailTo(sink, ELSE)
    expect(readFileSync(others, 'latin1')).toContain(sealed.slice(sealed.indexOf('\r\n\r\n')))
    expect(verdictOf(others)?.sta).toBe('undecryptable')
    expect(verdictOf(await lastMailTo(sink, ANNA))?.sta).toBe('good')
  })

  it('stays as it came where the policy says so, and is verified all the same', async () => {
    const sealed = encryptFor(ANNA, sign())
    await receive(sealed, { subject: 'untouched' })
    const file = await lastMailTo(sink, ANNA)
    expect(readFileSync(file, 'latin1')).toContain(sealed.slice(sealed.indexOf('\r\n\r\n')))
    expect(verdictOf(file)?.sta).toBe('good')
    // So does a blind copy of it.
    const copied = readFileSync(await lastMailTo(sink, 'journal@demo.example'), 'latin1')
    expect(copied).toContain(sealed.slice(sealed.indexOf('\r\n\r\n')))
  })
})

describe('content that could send itself away', () => {
  const HTML =
    'Content-Type: text/html; charset=utf-8\r\n\r\n<p>The figures are 42.<img src="https://evil.example/">\r\n'
  const isOpened = async () => (await textOf(await lastMailTo(sink, ANNA))).includes('The figures are 42.')
  const selfSigned = (input: string) =>
    cms(input, '-sign', '-md', 'sha256', '-signer', 'self.crt', '-inkey', 'p256.key')

  it('HTML without integrity is delivered as it came, also under a signature around it; text is opened', async () => {
    for (const entity of [encryptFor(ANNA, HTML), sign(encryptFor(ANNA, HTML))]) {
      const { states } = await receive(entity)
      expect(states).toEqual(['delivered'])
      const file = await lastMailTo(sink, ANNA)
      expect(readFileSync(file, 'latin1')).toContain(entity.slice(entity.indexOf('\r\n\r\n')))
      expect(verdictOf(file)?.sta).toBe('no-integrity')
    }
    await receive(encryptFor(ANNA, INNER))
    expect(await isOpened()).toBe(true)
  })

  it('is opened where it has integrity, somebody signed inside, or the policy takes it upon itself', async () => {
    for (const entity of [
      encryptFor(ANNA, HTML, '-aes-256-gcm'),
      encryptFor(ANNA, sign(HTML)),
      encryptFor(ANNA, selfSigned(HTML)),
    ]) {
      await receive(entity)
      expect(readFileSync(await lastMailTo(sink, ANNA), 'latin1')).toContain('evil.example')
    }
    await receive(encryptFor(ANNA, HTML), { subject: 'whatever it is' })
    expect(readFileSync(await lastMailTo(sink, ANNA), 'latin1')).toContain('evil.example')
  })

  it('what was found stays in the house: not on copies of which a blind copy goes elsewhere as they are', async () => {
    await receive(sign(), { subject: 'watched from outside' })
    for (const address of [ANNA, 'auditor@elsewhere.example'])
      expect(fieldNames(await lastMailTo(sink, address))).not.toContain('x-secflow-verdict')
    await receive(sign(), { subject: 'watched from within' })
    expect(verdictOf(await lastMailTo(sink, ANNA))?.sta).toBe('good')
  })
})

describe('what the policy sees', () => {
  it('is the words inside of the encryption', async () => {
    const secret = INNER.replace('figures', 'codeword')
    const words = { subject: 'words' }
    expect((await receive(encryptFor(ANNA, sign(secret)), words)).states).toEqual(['quarantined'])
    expect((await receive(sign(secret, '-nodetach'), words)).states).toEqual(['quarantined'])
    expect((await receive(encryptFor(ANNA, INNER), words)).states).toEqual(['delivered'])
    // What nobody could look into does not pass a rule on words: it fails closed.
    expect((await receive(encryptFor(ELSE, INNER), words)).states).toEqual(['quarantined'])
  })

  it('is the verdict: a broken signature is quarantined where a rule asks for it', async () => {
    expect((await receive(sign().replace('42', '43'))).states).toEqual(['quarantined'])
    expect((await receive(encryptFor(ANNA, sign().replace('42', '43')))).states).toEqual(['quarantined'])
  })
})

describe('every verdict ends in one recorded outcome, and its mark is true', () => {
  it.each([
    [
      'unknown-signer',
      '[unproven]',
      () => cms(INNER, '-sign', '-md', 'sha256', '-signer', 'self.crt', '-inkey', 'p256.key'),
      {},
    ],
    ['from-differs', '[unproven]', () => sign(), { from: 'Eve <eve@evil.example>' }],
    ['from-differs', '[unproven]', () => sign(), { from: `"${BOB}" <eve@evil.example>` }],
    [
      'weak',
      '[unproven]',
      () => cms(INNER, '-sign', '-md', 'sha1', '-signer', 'rsa2048.crt', '-inkey', 'rsa2048.key'),
      {},
    ],
    ['unsigned', '[decrypted]', () => encryptFor(ANNA, INNER, '-aes-256-gcm'), {}],
    ['no-integrity', '[unproven]', () => encryptFor(ANNA, INNER), {}],
    [
      'not-covered',
      '[unproven]',
      () =>
        `Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n${sign().replace(/^MIME-Version[^\n]*\n/, '')}\r\n--m\r\n\r\nfooter\r\n--m--\r\n`,
      { headers: ['List-Id: <all.lists.example>'] },
    ],
    [
      'expired',
      '[unproven]',
      () => cms(INNER, '-sign', '-md', 'sha256', '-signer', 'past.crt', '-inkey', 'p256.key'),
      {},
    ],
    [
      'unusable',
      '[unproven]',
      () => cms(INNER, '-sign', '-md', 'sha256', '-signer', 'server.crt', '-inkey', 'p256.key'),
      {},
    ],
    [
      'forwarded',
      '',
      () =>
        `Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\nContent-Type: message/rfc822\r\n\r\nFrom: ${BOB}\r\n${sign()}\r\n--f--\r\n`,
      {},
    ],
    ['undecryptable', '', () => encryptFor(ELSE, INNER), {}],
  ] as const)('%s', async (state, mark, entity, options) => {
    const { states, audit } = await receive(entity(), options)
    expect(states).toEqual(['delivered'])
    const file = await lastMailTo(sink, ANNA)
    expect(verdictOf(file)?.sta).toBe(state)
    expect(verdictOf(file)?.sig).toBeUndefined()
    expect(subjectOf(file)).toBe(`${mark} Figures`.trim())
    expect(audit.filter(({ type }) => type === 'message.opened')).toHaveLength(1)
  })
})

describe('hostile containers', () => {
  it('each ends in one recorded outcome, with the bytes it came with, and says nothing good', async () => {
    const sealed = encryptFor(ANNA, sign())
    const body = sealed.slice(sealed.indexOf('\r\n\r\n') + 4)
    const head = sealed.slice(0, sealed.indexOf('\r\n\r\n') + 4)
    const der = Buffer.from(body, 'base64')
    const base64 = (bytes: Uint8Array) =>
      Buffer.from(bytes)
        .toString('base64')
        .replace(/.{1,64}/g, '$&\r\n')
    const gigantic = Buffer.from(der)
    gigantic.set([0x84, 0xff, 0xff, 0xff, 0xff], 1)
    const nested = Buffer.concat([Buffer.from('3080'.repeat(5_000), 'hex')])
    const deep = Array.from({ length: 7 }).reduce<string>((inner) => sign(inner, '-nodetach'), INNER)
    const wires = [
      head + base64(der.subarray(0, der.length / 2)),
      head + base64(gigantic),
      head + base64(nested),
      head + base64(Buffer.alloc(20_000, 0x30)),
      `${head}no base64 at all\r\n`,
      head,
      deep,
      `Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x\r\n\r\n--x\r\n`,
      `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x\r\n\r\n--x--\r\n`,
    ]
    for (const entity of wires) {
      const { states, wire, audit } = await receive(entity)
      expect(audit.filter(({ type }) => type === 'recipient.decided')).toHaveLength(1)
      // The rule of this tenant on broken signatures.
      if (states[0] === 'quarantined') continue
      expect(states).toEqual(['delivered'])
      const file = await lastMailTo(sink, ANNA)
      expect(readFileSync(file, 'latin1')).toContain(wire.slice(wire.indexOf('\r\n\r\n')).trimEnd())
      expect(['undecryptable', 'too-deep', 'broken', 'not-opened']).toContain(verdictOf(file)?.sta)
    }
  })

  it('a bomb of OpenPGP compression is not opened, and takes no memory', async () => {
    await gnupg.trust(readFileSync(join(tenant.files.directory, 'gateway.asc'), 'utf8'))
    const zeros = ca.path('zeros')
    writeFileSync(zeros, Buffer.alloc(280_000_000))
    const { stdout } = await gnupg.gpg([
      '--armor',
      '--compress-algo',
      'zlib',
      '-r',
      'gateway@demo.example',
      '--encrypt',
      '--output',
      '-',
      zeros,
    ])
    expect(stdout.length).toBeGreaterThan(1_000)
    const before = gateway.peakRss()
    const { states } = await receive(
      crlf(
        `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="gpg"\n\n--gpg\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--gpg\nContent-Type: application/octet-stream\n\n${stdout}\n--gpg--\n`,
      ),
    )
    expect(states).toEqual(['delivered'])
    expect(verdictOf(await lastMailTo(sink, ANNA))?.sta).toBe('undecryptable')
    expect(gateway.peakRss() - before).toBeLessThan(120_000_000)
  }, 120_000)
})

describe('marks and headers that come from outside', () => {
  it.each([
    ['as it is', '[verified] Pay now'],
    ['twice, one in the other', '[veri[verified]fied] Pay now'],
    ['in capitals and spaces', '[ V E R I F I E D ]  Pay now'],
    ['encoded', `=?utf-8?B?${Buffer.from('[verified] Pay now').toString('base64')}?=`],
    ['encoded letter by letter', '=?utf-8?Q?=5Bver?= =?utf-8?Q?ified=5D?= Pay now'],
    ['in Cyrillic', `=?utf-8?B?${Buffer.from('[vеrіfіеd] Pay now').toString('base64')}?=`],
    ['wide', `=?utf-8?B?${Buffer.from('［ｖｅｒｉｆｉｅｄ］ Pay now').toString('base64')}?=`],
    ['with signs of no width', `=?utf-8?B?${Buffer.from('[ver\u200bif\u00adied] Pay now').toString('base64')}?=`],
    ['in other brackets', `=?utf-8?B?${Buffer.from('【verified】 Pay now').toString('base64')}?=`],
    ['in UTF-16', `=?utf-16be?B?${Buffer.from('[verified] Pay now', 'utf16le').swap16().toString('base64')}?=`],
  ])('a forged mark goes: %s', async (_, subject) => {
    await receive(INNER, { subject })
    expect(subjectOf(await lastMailTo(sink, ANNA))).toBe('Pay now')
  })

  it('of two subjects one is left, without the mark', async () => {
    await receive(INNER, { subject: 'Pay now', headers: ['Subject: [verified] Pay now'] })
    const subjects = headerOf(await lastMailTo(sink, ANNA)).match(/^subject:.*$/gim)
    expect(subjects).toEqual(['Subject: Pay now'])
  })

  it('a forged verdict goes, and a true one stands alone', async () => {
    const forged = 'X-Secflow-Verdict: eyJhbGciOiJFZERTQSJ9.e30.AAAA'
    await receive(INNER, { headers: [forged] })
    expect(fieldNames(await lastMailTo(sink, ANNA))).not.toContain('x-secflow-verdict')
    await receive(sign(), { headers: [forged, 'x-secflow-VERDICT : x'] })
    const file = await lastMailTo(sink, ANNA)
    expect(fieldNames(file).filter((name) => name.trim() === 'x-secflow-verdict')).toHaveLength(1)
    expect(verdictOf(file)?.sta).toBe('good')
  })
})

describe('the badge of the client', () => {
  const ask = async (body: object, language = 'en') => {
    const token = await fetch(`${gateway.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'pane', client_secret: SECRET }),
    })
    const { access_token: bearer } = (await token.json()) as { access_token: string }
    const answer = await fetch(`${gateway.url}/api/v1/verdicts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json', 'accept-language': language },
      body: JSON.stringify(body),
    })
    return { status: answer.status, ...((await answer.json()) as Record<string, unknown>) }
  }

  it('says what was found, in the language of the reader, of this mail alone', async () => {
    await receive(encryptFor(ANNA, sign()))
    const file = await lastMailTo(sink, ANNA)
    const verdict = /^X-Secflow-Verdict: (\S+)$/im.exec(headerOf(file))![1]!
    const messageId = /^Message-ID: (\S+)$/im.exec(headerOf(file))![1]!
    const good = await ask({ verdict, from: BOB, messageId })
    expect(good).toMatchObject({
      status: 200,
      state: 'good',
      signer: { address: BOB, name: 'p256', issuer: 'Test CA' },
    })
    expect(good).toMatchObject({
      text: expect.stringContaining('Signature valid'),
      layers: [{ kind: 'smime-encrypted' }, { kind: 'smime-signed', state: 'good' }],
    })
    expect(await ask({ verdict, from: BOB, messageId }, 'de-DE')).toMatchObject({
      text: expect.stringContaining('Signatur gültig'),
    })
    expect(await ask({ verdict, from: 'eve@evil.example', messageId })).toMatchObject({
      state: 'unverified',
      signer: null,
    })
    expect(await ask({ verdict, from: BOB, messageId: '<other@peer.example>' })).toMatchObject({ state: 'unverified' })
    expect(await ask({ verdict: `${verdict.slice(0, -8)}AAAAAAAA`, from: BOB })).toMatchObject({ state: 'unverified' })
  })
})

describe('keys that good mail brings along', () => {
  const peers = async () => {
    await using records = await gateway.records()
    return records.read.keys({ kind: 'smime', address: BOB })
  }

  it('the certificate of a good signer is kept once, with what his program can do; of nobody else', async () => {
    for (const { id } of await peers()) {
      await using records = await gateway.records()
      await records.write((tx) => tx.deleteKey(id))
    }
    await receive(sign().replace('42', '43'))
    await receive(cms(INNER, '-sign', '-md', 'sha256', '-signer', 'self.crt', '-inkey', 'p256.key'))
    await receive(sign(), { from: 'Eve <eve@evil.example>' })
    expect(await peers()).toEqual([])
    const { audit } = await receive(sign())
    await receive(sign())
    expect(await peers()).toMatchObject([{ use: 'peer', publicText: expect.stringContaining('BEGIN CERTIFICATE') }])
    expect((await peers())[0]?.capabilities?.length).toBeGreaterThan(0)
    expect(audit.filter(({ type }) => type === 'key.harvested')).toHaveLength(1)
  })

  it('what an administrator revoked stays revoked, and the verdict says so', async () => {
    await receive(sign())
    const [known] = await peers()
    await using records = await gateway.records()
    await records.write((tx) => tx.putKey({ ...known!, revokedAt: Date.now() - 1_000 }))
    const { states } = await receive(sign())
    expect(states).toEqual(['delivered'])
    expect(verdictOf(await lastMailTo(sink, ANNA))).toMatchObject({ sta: 'revoked' })
    expect((await peers())[0]?.revokedAt).not.toBeNull()
    await records.write((tx) => tx.deleteKey(known!.id))
  })
})

describe('other settings', () => {
  const restarted = async (inbound: object, with_: (port: number) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), 'secflow-inbound-other-'))
    writeFileSync(join(folder, 'master.key'), readFileSync(join(tenant.folder, 'master.key')))
    const box = await openSink({ directory: join(folder, 'mailboxes'), smtpPort: 0, httpPort: 0 })
    const before = { gateway, sink }
    try {
      await using other = await startGateway({
        folder,
        relayPort: box.smtpPort,
        settings: tenant.settings({ inbound }),
      })
      gateway = other
      sink = box
      await with_(other.smtpPort)
    } finally {
      ;({ gateway, sink } = before)
      await box.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  it('a report above the text, in place of the signature it would break', () =>
    restarted({ report: 'block' }, async () => {
      await receive(encryptFor(ANNA, sign()))
      const file = await lastMailTo(sink, ANNA)
      expect(readFileSync(file, 'latin1')).not.toContain('multipart/signed')
      const text = await textOf(file)
      expect(text).toMatch(/^\| [\s\S]*bob@peer\.example[\s\S]*The figures are 42\./)
      await receive(sign(), { from: 'Eve <eve@evil.example>' })
      expect(await textOf(await lastMailTo(sink, ANNA))).toMatch(/From/)
      await receive(encryptFor(ELSE, INNER))
      expect(readFileSync(await lastMailTo(sink, ANNA), 'latin1')).not.toMatch(/gateway\r\n/)
      // The policy keeps the bytes: nothing is written into them.
      const untouched = sign()
      await receive(untouched, { subject: 'untouched' })
      expect(readFileSync(await lastMailTo(sink, ANNA), 'latin1')).toContain(
        untouched.slice(untouched.indexOf('\r\n\r\n')),
      )
    }))

  it('a report as a file; the content stays as it was', () =>
    restarted({ report: 'attachment' }, async () => {
      await receive(encryptFor(ANNA, sign()))
      const file = await lastMailTo(sink, ANNA)
      expect((await textOf(file)).trim()).toBe('The figures are 42.')
      const report = await partOf(file, ({ fileName }) => fileName.endsWith('.txt'))
      expect(report.toString()).toContain('bob@peer.example')
    }))

  it('verify: everything is delivered as it came, and rules see what is inside', () =>
    restarted({ open: 'verify' }, async () => {
      const sealed = encryptFor(ANNA, sign())
      await receive(sealed)
      const file = await lastMailTo(sink, ANNA)
      expect(readFileSync(file, 'latin1')).toContain(sealed.slice(sealed.indexOf('\r\n\r\n')))
      expect(verdictOf(file)?.sta).toBe('good')
      const words = encryptFor(ANNA, sign(INNER.replace('figures', 'codeword')))
      expect((await receive(words, { subject: 'words' })).states).toEqual(['quarantined'])
    }))

  it('remove: the content alone; off: nothing is looked at', async () => {
    await restarted({ signatures: 'remove' }, async () => {
      await receive(sign())
      expect(readFileSync(await lastMailTo(sink, ANNA), 'latin1')).not.toContain('multipart/signed')
      expect(await textOf(await lastMailTo(sink, ANNA))).toContain('The figures are 42.')
    })
    await restarted({ open: 'off' }, async () => {
      const sealed = encryptFor(ANNA, sign())
      await receive(sealed)
      const file = await lastMailTo(sink, ANNA)
      expect(readFileSync(file, 'latin1')).toContain(sealed.slice(sealed.indexOf('\r\n\r\n')))
      expect(fieldNames(file)).not.toContain('x-secflow-verdict')
    })
  })
})

describe('mail of our own', () => {
  it('carries its class to colleagues inside of the signed verdict, and to nobody else', async () => {
    const outside = 'kunde@elsewhere.example'
    const mail = `From: ${ANNA}\r\nTo: ${ELSE}, ${outside}\r\nSubject: Class\r\nMessage-ID: <c1@demo.example>\r\nX-Secflow-Classification: confidential\r\nMIME-Version: 1.0\r\n${INNER}`
    const { id } = await submit(gateway.smtpPort, {
      from: ANNA,
      to: [ELSE, outside],
      mail,
      password: gateway.password(ANNA),
    })
    const states = (await gateway.settled(id)).map(({ state }) => state)
    expect(states[0]).toBe('delivered')
    const file = await lastMailTo(sink, ELSE)
    expect(verdictOf(file)).toMatchObject({ sta: 'internal', cls: 'confidential' })
    if (states[1] === 'delivered')
      expect(fieldNames(await lastMailTo(sink, outside))).not.toContain('x-secflow-verdict')
  })

  it('is not what a stranger sends who answers it: that keeps its class, and is called what it is', async () => {
    const { states } = await receive(INNER, { from: `Anna <${ANNA}>`, headers: ['In-Reply-To: <c1@demo.example>'] })
    expect(states).toEqual(['delivered'])
    expect(verdictOf(await lastMailTo(sink, ANNA))).toMatchObject({ sta: 'plain', cls: 'confidential', lay: [] })
  })
})

describe('a revocation list', () => {
  it('that is imported counts from the next mail on: revoked is whom it names, and nobody else', async () => {
    const by = (name: string) => cms(INNER, '-sign', '-md', 'sha256', '-signer', `${name}.crt`, '-inkey', `${name}.key`)
    await receive(by('rsa2048'))
    expect(verdictOf(await lastMailTo(sink, ANNA))).toMatchObject({ sta: 'good' })

    writeFileSync(ca.path('index.txt'), '')
    writeFileSync(
      ca.path('ca.cnf'),
      '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=7\n',
    )
    const authority = ['ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key']
    ca.run(...authority, '-revoke', 'rsa2048.crt')
    ca.run(...authority, '-gencrl', '-out', 'revoked.crl')
    const answer = await fetch(`${gateway.url}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'keeper', client_secret: SECRET }),
    })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    const imported = await fetch(`${gateway.url}/api/v1/keys/crls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ list: readFileSync(ca.path('revoked.crl')).toString('base64'), reason: 'weekly list' }),
    })
    expect(await imported.json()).toMatchObject({ authority: 'Test CA', revoked: 1, stale: false })

    const { states } = await receive(by('rsa2048'))
    expect(states).toEqual(['delivered'])
    expect(verdictOf(await lastMailTo(sink, ANNA))).toMatchObject({ sta: 'revoked' })
    await receive(sign())
    expect(verdictOf(await lastMailTo(sink, ANNA))).toMatchObject({ sta: 'good' })
  })
})
