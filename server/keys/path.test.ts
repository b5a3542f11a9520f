/** Chains are made by the openssl command, so that reader and maker are not the same hand. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { certificateOf, usableFor } from './certificate.ts'
import { verifyingPath, verifyPath } from './path.ts'

/** Some minutes on: what openssl makes while the tests run is valid by then. */
const NOW = Date.now() + 600_000
const DAY = 86_400_000
const CA = 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n'
const LEAF = 'basicConstraints=CA:FALSE\nsubjectAltName=email:anna@example.org\nextendedKeyUsage=emailProtection\n'
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
let directory: string

function run(...args: string[]): void {
  execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
}

function make(name: string, issuer: string | null, extensions: string, key = EC, extra: string[] = []): void {
  writeFileSync(join(directory, `${name}.cnf`), extensions)
  run('req', '-new', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
  const by = issuer
    ? ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`, '-CAcreateserial']
    : ['-signkey', `${name}.key`]
  run(
    'x509',
    '-req',
    '-in',
    `${name}.csr`,
    ...by,
    '-days',
    '30',
    '-extfile',
    `${name}.cnf`,
    '-out',
    `${name}.crt`,
    ...extra,
  )
}

const load = (name: string) => certificateOf(readFileSync(join(directory, `${name}.crt`)))
const path = (leaf: string, intermediates: string[], at = NOW, anchors = ['root']) =>
  verifyPath(load(leaf), intermediates.map(load), anchors.map(load), at)

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'secflow-path-'))
  make('root', null, CA)
  make('sub', 'root', CA)
  make('leaf', 'sub', LEAF)
  make('short', 'root', CA.replace('CA:TRUE', 'CA:TRUE,pathlen:0'))
  make('below', 'short', CA)
  make('tooDeep', 'below', LEAF)
  make('fine', 'short', LEAF)
  make('noCa', 'root', LEAF)
  make('byNoCa', 'noCa', LEAF)
  make('noSign', 'root', CA.replace('keyCertSign,', ''))
  make('byNoSign', 'noSign', LEAF)
  make('server', 'root', `${CA}extendedKeyUsage=serverAuth\n`)
  make('byServer', 'server', LEAF)
  make('named', 'root', `${CA}nameConstraints=critical,permitted;email:example.com\n`)
  make('byNamed', 'named', LEAF)
  make('brief', 'root', CA, EC, ['-days', '2'])
  make('byBrief', 'brief', LEAF)
  make('oddCa', 'root', `${CA}1.2.3.4=critical,ASN1:NULL\n`)
  make('byOddCa', 'oddCa', LEAF)
  make('weakCa', 'root', CA, ['-newkey', 'rsa:1024', '-nodes'])
  make('byWeakCa', 'weakCa', LEAF)
  make('odd', 'sub', `${LEAF}1.2.3.4=critical,ASN1:NULL\n`)
  make('sha1', 'sub', LEAF, EC, ['-sha1'])
  make('weak', 'sub', LEAF, ['-newkey', 'rsa:1024', '-nodes'])
  make('alone', null, LEAF)
  make('slow', 'sub', LEAF, ['-newkey', 'rsa:2048', '-pkeyopt', 'rsa_keygen_pubexp:36893488147419103363', '-nodes'])
})
afterAll(() => rmSync(directory, { recursive: true }))

describe('a path', () => {
  it('is found through intermediates in any order, with needless ones beside them', () => {
    expect(path('leaf', ['noCa', 'sub', 'short'])).toBeNull()
    expect(path('fine', ['short'])).toBeNull()
    expect(path('sub', [])).toBeNull()
  })

  it('needs every link', () => {
    expect(path('leaf', [])).toBe('certificate-untrusted')
    expect(path('leaf', ['short'])).toBe('certificate-untrusted')
    expect(path('leaf', ['sub'], NOW, [])).toBe('certificate-untrusted')
  })

  it.each([
    ['a path length that is used up', 'tooDeep', ['below', 'short']],
    ['an issuer that is no CA', 'byNoCa', ['noCa']],
    ['an issuer that may not sign certificates', 'byNoSign', ['noSign']],
    ['an issuer for servers only', 'byServer', ['server']],
    ['name constraints, which are not evaluated yet', 'byNamed', ['named']],
    ['an unknown critical extension', 'odd', ['sub']],
    ['an unknown critical extension of a CA', 'byOddCa', ['oddCa']],
    ['an RSA key of 1024 bits in a CA', 'byWeakCa', ['weakCa']],
    ['a SHA-1 signature', 'sha1', ['sub']],
    ['an RSA key of 1024 bits', 'weak', ['sub']],
    ['an RSA exponent above 64 bits, which makes each check slow', 'slow', ['sub']],
    ['a self-signed stranger', 'alone', []],
    ['a stranger that brings itself along as an intermediate', 'alone', ['alone']],
  ])('refuses %s', (_, leaf, intermediates) => {
    expect(path(leaf, intermediates)).toBe('certificate-untrusted')
  })

  it('is looked for in steps, one for each issuer that may be asked', () => {
    const others = ['noCa', 'short', 'below', 'noSign', 'server', 'sub'].map(load)
    expect([...verifyingPath(load('leaf'), others, [load('root')], NOW)].length).toBeGreaterThanOrEqual(others.length)
  })

  it('holds only while every member is valid', () => {
    expect(path('leaf', ['sub'], NOW + 31 * DAY)).toBe('certificate-expired')
    expect(path('byBrief', ['brief'])).toBeNull()
    expect(path('byBrief', ['brief'], NOW + 5 * DAY)).toBe('certificate-untrusted')
    expect(path('byBrief', [], NOW + 5 * DAY, ['brief'])).toBe('certificate-untrusted')
    expect(path('leaf', ['sub'], NOW - DAY)).toBe('certificate-untrusted')
  })

  it('ends at once for a certificate that is itself an anchor', () => {
    expect(path('alone', [], NOW, ['alone'])).toBeNull()
    expect(path('alone', [], NOW + 31 * DAY, ['alone'])).toBe('certificate-expired')
    expect(path('leaf', [], NOW, ['leaf'])).toBeNull()
  })

  it('is not forged by an issuer of the same name', () => {
    const made = load('sub')
    make('sub', 'root', CA)
    expect(made.raw.equals(load('sub').raw)).toBe(false)
    expect(path('leaf', ['sub'])).toBe('certificate-untrusted')
    expect(verifyPath(load('leaf'), [load('sub'), made], [load('root')], NOW)).toBeNull()
  })
})

describe('use', () => {
  it('is refused by code', () => {
    expect(usableFor(load('leaf'), 'anna@example.org', NOW, 'encrypt')).toBeNull()
    expect(usableFor(load('leaf'), 'otto@example.org', NOW, 'encrypt')).toBe('certificate-address-mismatch')
    expect(usableFor(load('leaf'), 'anna@example.org', NOW + 31 * DAY, 'encrypt')).toBe('certificate-expired')
    expect(usableFor(load('leaf'), 'anna@example.org', NOW - DAY, 'encrypt')).toBe('certificate-unusable')
    expect(usableFor(load('weak'), 'anna@example.org', NOW, 'encrypt')).toBe('certificate-unusable')
    expect(usableFor(load('server'), null, NOW, 'sign')).toBe('certificate-unusable')
  })

  it('follows the key usage', () => {
    make('signer', 'sub', `${LEAF}keyUsage=critical,digitalSignature\n`)
    expect(usableFor(load('signer'), 'anna@example.org', NOW, 'sign')).toBeNull()
    expect(usableFor(load('signer'), 'anna@example.org', NOW, 'encrypt')).toBe('certificate-unusable')
    make('receiver', 'sub', `${LEAF}keyUsage=critical,keyAgreement\n`)
    expect(usableFor(load('receiver'), 'anna@example.org', NOW, 'sign')).toBe('certificate-unusable')
    expect(usableFor(load('receiver'), 'anna@example.org', NOW, 'encrypt')).toBeNull()
  })

  it('reads the subject’s emailAddress only where no alternative name has one', () => {
    writeFileSync(join(directory, 'both.cnf'), 'subjectAltName=email:anna@example.org\n')
    const subject = '/CN=both/emailAddress=otto@example.org'
    run('req', '-new', ...EC, '-keyout', 'both.key', '-out', 'both.csr', '-subj', subject)
    run('x509', '-req', '-in', 'both.csr', '-signkey', 'both.key', '-extfile', 'both.cnf', '-out', 'both.crt')
    run('x509', '-req', '-in', 'both.csr', '-signkey', 'both.key', '-out', 'only.crt')
    expect(usableFor(load('both'), 'otto@example.org', NOW, 'encrypt')).toBe('certificate-address-mismatch')
    expect(usableFor(load('both'), 'anna@example.org', NOW, 'encrypt')).toBeNull()
    expect(usableFor(load('only'), 'otto@example.org', NOW, 'encrypt')).toBeNull()
  })
})
