/** Revocation lists that `openssl ca` writes: what they say of signers and recipients, held against `openssl verify`. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMail } from '../../server/journey/transform/open/index.ts'
import { type Element, readElement } from '../../server/keys/asn1/ber-read.ts'
import { readCrl } from '../../server/keys/asn1/crl-read.ts'
import * as der from '../../server/keys/asn1/der.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import { createKeyring } from '../../server/keys/keyring.ts'
import { keyRecordOfAnchor, keyRecordOfPeer } from '../../server/keys/records.ts'
import { crlName, crlOf, derOf, isSignedBy, revocationLists } from '../../server/keys/revocation.ts'
import { openFacts } from '../../server/people/facts-house.ts'
import { tenantSecrets } from '../../server/platform/secrets.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { RevocationLists } from '../../server/ports/keyring.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { cpuMs } from '../support/cpu-time.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'

const BOB = 'bob@peer.example'
const DAY = 86_400_000
const INNER = 'Content-Type: text/plain\r\n\r\nThe figures.\r\n'

let ca: OpensslCa
let other: OpensslCa
beforeAll(() => {
  ca = opensslCa(BOB)
  other = opensslCa(BOB)
  for (const one of [ca, other]) prepare(one)
  // An authority below ours, and a certificate of its making.
  writeFileSync(
    ca.path('sub.cnf'),
    'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n',
  )
  ca.run('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'sub.key')
  ca.run('req', '-new', '-key', 'sub.key', '-subj', '/CN=Sub CA', '-out', 'sub.csr')
  const issue = (name: string, by: string, extensions: string) =>
    ca.run(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'],
      ...['-days', '20', '-extfile', extensions, '-out', `${name}.crt`],
    )
  issue('sub', 'ca', 'sub.cnf')
  ca.run('req', '-new', '-key', 'p256.key', '-subj', '/CN=below', '-out', 'below.csr')
  issue('below', 'sub', 'leaf.cnf')
  writeFileSync(ca.path('below.key'), readFileSync(ca.path('p256.key')))
})
afterAll(() => {
  ca[Symbol.dispose]()
  other[Symbol.dispose]()
})

function prepare(one: OpensslCa): void {
  writeFileSync(one.path('index.txt'), '')
  writeFileSync(one.path('crlnumber'), '01\n')
  writeFileSync(
    one.path('ca.cnf'),
    `[ca]
default_ca=own
[own]
database=index.txt
crlnumber=crlnumber
default_md=sha256
default_crl_days=7
crl_extensions=usual
[usual]
authorityKeyIdentifier=keyid
[indirect]
issuingDistributionPoint=critical,@indirect_point
[indirect_point]
indirectCRL=TRUE
[users]
issuingDistributionPoint=critical,@users_point
[users_point]
onlyuser=TRUE
[authorities]
issuingDistributionPoint=critical,@authorities_point
[authorities_point]
onlyCA=TRUE
[point]
issuingDistributionPoint=critical,@point_point
[point_point]
fullname=URI:http://crl.peer.example/a.crl
[delta]
2.5.29.27=critical,DER:020101
[unknown]
1.2.3.4=critical,DER:0500
`,
  )
}

const CA = ['-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key']

/** A list that names these certificates, by `openssl ca`; PEM. */
function listOf(
  revoked: readonly string[],
  { of = ca, reason = 'superseded', more = [] as readonly string[] } = {},
): string {
  writeFileSync(of.path('index.txt'), '')
  for (const name of revoked) of.run('ca', ...CA, '-revoke', `${name}.crt`, '-crl_reason', reason)
  of.run('ca', ...CA, '-gencrl', ...more, '-out', 'made.crl')
  return readFileSync(of.path('made.crl'), 'utf8')
}

const STALE = ['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20200108000000Z']

const listsOf = (pems: readonly string[], required = false) => revocationLists(pems.map(crlOf), required)

function signed(name: string, ...more: readonly string[]): Buffer {
  writeFileSync(ca.path('inner'), INNER)
  const made = ca.run(
    'cms',
    '-sign',
    '-in',
    'inner',
    '-signer',
    `${name}.crt`,
    '-inkey',
    `${name}.key`,
    '-crlfeol',
    ...more,
  )
  return Buffer.concat([Buffer.from(`From: Bob <${BOB}>\r\nTo: anna@alpha.example\r\nSubject: x\r\n`), made])
}

async function verdict(wire: Buffer, lists: RevocationLists | null, at = Date.now() + 10_000) {
  const anchors = [certificateOf(readFileSync(ca.path('ca.crt')))]
  const verification = async () => ({
    pgp: [],
    certificates: [],
    revoked: new Set<string>(),
    ...(lists ? { lists } : {}),
  })
  await using opened = await openMail(bytesOf(wire), { smime: [], pgp: [], anchors, verification }, { at, from: BOB })
  return opened.verdict.state
}

/** What `openssl verify -crl_check` says of a certificate. */
function byOpenssl(name: string, list: string): boolean {
  writeFileSync(ca.path('asked.crl'), list)
  return ca.succeeds('verify', '-crl_check', '-CAfile', 'ca.crt', '-CRLfile', 'asked.crl', `${name}.crt`)
}

describe('a signer', () => {
  it('revoked: the list of his authority names his certificate', async () => {
    const list = listOf(['rsa2048', 'p384'])
    expect(byOpenssl('rsa2048', list)).toBe(false)
    expect(await verdict(signed('rsa2048'), listsOf([list]))).toBe('revoked')
    expect(await verdict(signed('rsa2048', '-nodetach'), listsOf([list]))).toBe('revoked')
  })

  it('good: the list names others', async () => {
    const list = listOf(['p384'])
    expect(byOpenssl('rsa2048', list)).toBe(true)
    expect(await verdict(signed('rsa2048'), listsOf([list]))).toBe('good')
    expect(await verdict(signed('rsa2048'), listsOf([list], true))).toBe('good')
  })

  it('good without any list and with one that ran out, unless lists are required', async () => {
    const stale = listOf(['p384'], { more: STALE })
    for (const lists of [null, listsOf([]), listsOf([stale])])
      expect(await verdict(signed('rsa2048'), lists)).toBe('good')
    for (const lists of [listsOf([], true), listsOf([stale], true)])
      expect(await verdict(signed('rsa2048'), lists)).toBe('unknown-signer')
  })

  it('revoked: also by a list that ran out since, for a revocation is final; one on hold is not', async () => {
    expect(await verdict(signed('rsa2048'), listsOf([listOf(['rsa2048'])]), Date.now() + 10 * DAY)).toBe('revoked')
    const held = listOf(['rsa2048'], { reason: 'certificateHold' })
    expect(await verdict(signed('rsa2048'), listsOf([held]))).toBe('revoked')
    expect(await verdict(signed('rsa2048'), listsOf([held]), Date.now() + 10 * DAY)).toBe('good')
  })

  it('a mail that came before the revocation stays good, unless the key was in other hands', async () => {
    const before = Date.now()
    const wire = signed('rsa2048')
    // In the index `openssl ca` notes the time of the revocation to the second: it is now, and the mail came before.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect(await verdict(wire, listsOf([listOf(['rsa2048'])]), before)).toBe('good')
    expect(await verdict(wire, listsOf([listOf(['rsa2048'], { reason: 'keyCompromise' })]), before)).toBe('revoked')
  })

  it('revoked: the authority between him and the anchor was', async () => {
    const chain = ['-certfile', 'sub.crt']
    expect(await verdict(signed('below', ...chain), listsOf([listOf([])]))).toBe('good')
    expect(await verdict(signed('below', ...chain), listsOf([listOf(['sub'])]))).toBe('revoked')
    // Of what the authority below issued its own list would have to speak.
    expect(await verdict(signed('below', ...chain), listsOf([listOf([])], true))).toBe('unknown-signer')
  })

  it('a list of the same name by another key says nothing, nor does one whose signature does not fit', async () => {
    const strangers = listOf(['rsa2048'], { of: other })
    const own = certificateOf(readFileSync(ca.path('ca.crt')))
    expect(crlOf(strangers).issuer.equals(crlOf(listOf([])).issuer)).toBe(true)
    expect(isSignedBy(crlOf(strangers), own)).toBe(false)
    expect(await verdict(signed('rsa2048'), listsOf([strangers]))).toBe('good')
    const altered = derOf(listOf(['rsa2048']))
    altered[altered.length - 1]! ^= 1
    expect(await verdict(signed('rsa2048'), revocationLists([crlOf(altered)], false))).toBe('good')
    expect(await verdict(signed('rsa2048'), revocationLists([crlOf(altered)], true))).toBe('unknown-signer')
  })

  it('a list for authorities alone, or for another distribution point, does not speak of him; one for users does', async () => {
    const required = (section: string) => listsOf([listOf([], { more: ['-crlexts', section] })], true)
    expect(await verdict(signed('rsa2048'), required('users'))).toBe('good')
    expect(await verdict(signed('rsa2048'), required('authorities'))).toBe('unknown-signer')
    expect(await verdict(signed('rsa2048'), required('point'))).toBe('unknown-signer')
    // Whom it names is revoked all the same.
    const named = listsOf([listOf(['rsa2048'], { more: ['-crlexts', 'point'] })])
    expect(await verdict(signed('rsa2048'), named)).toBe('revoked')
  })
})

describe('reading a list', () => {
  it.each(['indirect', 'delta', 'unknown'])('refuses one that is %s', (section) => {
    const list = listOf(['rsa2048'], { more: ['-crlexts', section] })
    expect(() => crlOf(list)).toThrow(expect.objectContaining({ code: 'crl-unusable' }))
  })

  it('takes DER and PEM, and each authority and scope has a name of its own', () => {
    const list = listOf(['rsa2048'])
    ca.run('crl', '-in', 'made.crl', '-outform', 'DER', '-out', 'made.der')
    const der = readFileSync(ca.path('made.der'))
    expect(derOf(list)).toEqual(der)
    expect(crlName(crlOf(der))).toBe(crlName(crlOf(listOf([]))))
    expect(crlName(crlOf(der))).not.toBe(crlName(crlOf(listOf([], { more: ['-crlexts', 'users'] }))))
  })

  it('version 1, without extensions, names certificates as well', async () => {
    writeFileSync(
      ca.path('v1.cnf'),
      readFileSync(ca.path('ca.cnf'), 'utf8').replace('crl_extensions=usual', '').replace('crlnumber=crlnumber', ''),
    )
    writeFileSync(ca.path('index.txt'), '')
    const own = ['ca', '-config', 'v1.cnf', ...CA.slice(2)]
    ca.run(...own, '-revoke', 'rsa2048.crt')
    ca.run(...own, '-gencrl', '-out', 'made.crl')
    expect(ca.run('crl', '-in', 'made.crl', '-noout', '-text').toString()).toContain('Version 1')
    expect(await verdict(signed('rsa2048'), listsOf([readFileSync(ca.path('made.crl'), 'utf8')]))).toBe('revoked')
  })

  it('is signed with ECDSA and RSA-PSS as well', () => {
    for (const [key, more] of [
      ['sub', []],
      ['ca', ['-sigopt', 'rsa_padding_mode:pss']],
    ] as const) {
      ca.run(
        'ca',
        '-config',
        'ca.cnf',
        '-cert',
        `${key}.crt`,
        '-keyfile',
        `${key}.key`,
        '-gencrl',
        ...more,
        '-out',
        'made.crl',
      )
      const authority = certificateOf(readFileSync(ca.path(`${key}.crt`)))
      expect(isSignedBy(crlOf(readFileSync(ca.path('made.crl'))), authority), key).toBe(true)
    }
  })

  it('whatever is altered ends in the one fault, or is not signed', () => {
    const der = derOf(listOf(['rsa2048', 'p256', 'p384'], { reason: 'keyCompromise' }))
    const authority = certificateOf(readFileSync(ca.path('ca.crt')))
    for (let at = 0; at < der.length; at += 1) {
      for (const bit of [0x01, 0x20, 0x80]) {
        const bad = Buffer.from(der)
        bad[at]! ^= bit
        const read = readable(bad)
        expect(read === null || !isSignedBy(read, authority), `octet ${at}`).toBe(true)
      }
      expect(readable(der.subarray(0, at))).toBeNull()
    }
  })

  it('100,000 revoked certificates are read and asked in no time', { timeout: 60_000 }, () => {
    writeFileSync(ca.path('index.txt'), '')
    const rows = Array.from(
      { length: 100_000 },
      (_, n) =>
        `R\t300101000000Z\t260101000000Z\t${(n + 0x1000000).toString(16).toUpperCase().padStart(8, '0')}\tunknown\t/CN=${n}\n`,
    )
    appendFileSync(ca.path('index.txt'), rows.join(''))
    ca.run('ca', ...CA, '-gencrl', '-out', 'made.crl')
    const began = cpuMs()
    const list = crlOf(readFileSync(ca.path('made.crl')))
    expect(list.revoked.size).toBe(100_000)
    expect(cpuMs() - began).toBeLessThan(5_000)
  })
})

it('nobody encrypts to a certificate that a list names: its state is revoked', async () => {
  const tenant = tenantId('one')
  writeFileSync(ca.path('revoked.crl'), listOf(['p256']))
  const facts = (crls: string) => {
    writeFileSync(ca.path('facts.yaml'), `people:\n  - {address: ${BOB}, smime: p256.crt}\nanchors: [ca.crt]\n${crls}`)
    return openFacts(ca.path('facts.yaml'), { tenant, secrets: tenantSecrets(Buffer.alloc(32, 7)), now: Date.now() })
  }
  const stateOf = async (crls: string) => (await facts(crls)).keyring.certificate(tenant, BOB, Date.now() + 10_000)
  expect(await stateOf('')).toMatchObject({ state: 'valid' })
  expect(await stateOf('crls: [revoked.crl]\n')).toMatchObject({ state: 'revoked', certificate: null })
})

it('nobody of ours signs with a certificate that a list names, and nobody encrypts to it', async () => {
  const tenant = tenantId('one')
  writeFileSync(ca.path('revoked.crl'), listOf(['rsa2048']))
  const keyringOf = async (crls: string) => {
    const own = ['rsa2048', 'p256'].map((name) => `  - {address: ${BOB}, certificate: ${name}.crt, key: ${name}.key}\n`)
    writeFileSync(ca.path('facts.yaml'), `anchors: [ca.crt]\nidentities:\n${own.join('')}${crls}`)
    const options = { tenant, secrets: tenantSecrets(Buffer.alloc(32, 7)), now: Date.now() }
    return (await openFacts(ca.path('facts.yaml'), options)).keyring
  }
  const at = Date.now() + 10_000
  const keyring = await keyringOf('crls: [revoked.crl]\n')
  expect((await keyring.smimeIdentity(tenant, BOB, at))?.certificate.subject).toBe('CN=p256')
  expect((await keyring.certificate(tenant, BOB, at)).certificate?.subject).toBe('CN=p256')
  writeFileSync(ca.path('both.crl'), listOf(['rsa2048', 'p256']))
  const none = await keyringOf('crls: [both.crl]\n')
  expect(await none.smimeIdentity(tenant, BOB, at)).toBeNull()
  expect(await none.certificate(tenant, BOB, at)).toMatchObject({ state: 'revoked', certificate: null })
  // Old mail must stay readable.
  expect((await none.decryptionKeys(tenant, [BOB])).smime).toHaveLength(2)
})

it('what the administrator revoked is revoked in each form that the signature of its issuer holds for', async () => {
  const tenant = tenantId('one')
  // From an ECDSA signature anybody makes a second one: same certificate, another fingerprint.
  const [tbs, algorithm, bits] = readElement(certificateOf(readFileSync(ca.path('below.crt'))).raw, DER).children as [
    Element,
    Element,
    Element,
  ]
  const [r, s] = readElement(bits.content.subarray(1), DER).children as [Element, Element]
  const other = P256_ORDER - BigInt(`0x${s.content.toString('hex')}`)
  const twin = der.sequence(
    tbs.bytes,
    algorithm.bytes,
    der.bitString(der.sequence(r.bytes, der.integer(Buffer.from(other.toString(16).padStart(64, '0'), 'hex')))),
  )
  const pem = (raw: Buffer) => certificateOf(raw).toString()
  writeFileSync(ca.path('twin.crt'), pem(twin))
  writeFileSync(ca.path('twin.key'), readFileSync(ca.path('below.key')))
  expect(ca.succeeds('verify', '-CAfile', 'ca.crt', '-untrusted', 'sub.crt', 'twin.crt')).toBe(true)
  const known = { ...keyRecordOfPeer(BOB, readFileSync(ca.path('below.crt'), 'utf8'), 1), revokedAt: 2 }
  // It came with a mail before.
  const kept = keyRecordOfPeer(BOB, `${pem(twin)}${readFileSync(ca.path('sub.crt'), 'utf8')}`, 1)
  const records = [known, kept, keyRecordOfAnchor(readFileSync(ca.path('ca.crt'), 'utf8'), 1)]
  const keys = async ({ kind }: { readonly kind?: string }) => records.filter((record) => record.kind === kind)
  const keyring = createKeyring(() => ({ keys }), tenantSecrets(Buffer.alloc(32, 7)), { state: async () => 'none' })
  expect(await keyring.certificate(tenant, BOB, Date.now() + 10_000)).toMatchObject({ state: 'revoked' })
  const anchors = await keyring.anchors(tenant)
  const verification = (address: string) => keyring.verificationKeys(tenant, address)
  for (const name of ['below', 'twin']) {
    const wire = signed(name, '-certfile', 'sub.crt')
    const at = Date.now() + 10_000
    await using opened = await openMail(bytesOf(wire), { smime: [], pgp: [], anchors, verification }, { at, from: BOB })
    expect(opened.verdict.state, name).toBe('revoked')
  }
})

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const DER = { encoding: 'der' } as const

function readable(der: Buffer) {
  try {
    return readCrl(der)
  } catch (error) {
    if (error instanceof Fault && error.code === 'crl-unusable') return null
    throw error
  }
}
