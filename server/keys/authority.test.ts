import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createAuthority, issueCertificate, type KeyType, openAuthority } from './authority.ts'
import { certificateOf, fieldsOf, mailAddresses, readCertificates, usableFor } from './certificate.ts'
import { verifyPath } from './path.ts'

const NOW = Date.now()
const DAY = 86_400_000
const directory = mkdtempSync(join(tmpdir(), 'secflow-authority-'))
afterAll(() => rmSync(directory, { recursive: true }))

function openssl(...args: string[]): { ok: boolean; text: string } {
  const run = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' })
  return { ok: run.status === 0, text: run.stdout + run.stderr }
}

const request = (keyType: KeyType, address = 'anna@klinik.example') => ({
  address,
  name: 'Anna Ärztin',
  keyType,
  notBefore: NOW - DAY,
  notAfter: NOW + 365 * DAY,
})

describe('the tenant CA', () => {
  it.each(['p256', 'p384', 'rsa2048'] as const)('openssl accepts what a %s authority issues', async (caType) => {
    const authority = await createAuthority({ organisation: 'Klinik Süd', now: NOW, keyType: caType })
    writeFileSync(join(directory, 'ca.crt'), authority.certificate.toString())
    for (const keyType of ['p256', 'p384', 'rsa2048', 'rsa3072'] as const) {
      const issued = await issueCertificate(authority, request(keyType))
      writeFileSync(join(directory, 'leaf.crt'), issued.certificate)
      writeFileSync(join(directory, 'leaf.key'), issued.privateKey)
      const verified = openssl('verify', '-x509_strict', '-purpose', 'smimesign', '-CAfile', 'ca.crt', 'leaf.crt')
      expect(verified.text).toBe('leaf.crt: OK\n')
      // For this purpose openssl wants keyEncipherment, which RFC 5480 section 3 forbids for elliptic-curve keys.
      const encrypt = openssl('verify', '-x509_strict', '-purpose', 'smimeencrypt', '-CAfile', 'ca.crt', 'leaf.crt')
      expect(encrypt.ok).toBe(keyType.startsWith('rsa'))
      const [leaf] = readCertificates(issued.certificate)
      expect(verifyPath(leaf!, [], [authority.certificate], NOW)).toBeNull()
      expect(usableFor(leaf!, 'Anna@KLINIK.example', NOW, 'encrypt')).toBeNull()
      expect(usableFor(leaf!, 'anna@klinik.example', NOW, 'sign')).toBeNull()
      expect(mailAddresses(leaf!)).toEqual(['anna@klinik.example'])
    }
  })

  it('says in openssl’s words what it is', async () => {
    const authority = await createAuthority({ organisation: 'Klinik Süd', now: NOW })
    writeFileSync(join(directory, 'leaf.crt'), (await issueCertificate(authority, request('p256'))).certificate)
    const { text } = openssl('x509', '-in', 'leaf.crt', '-noout', '-text', '-nameopt', 'utf8')
    expect(text).toContain('email:anna@klinik.example')
    expect(text).toContain('E-mail Protection')
    expect(text).toContain('CA:FALSE')
    expect(text).toContain('Digital Signature, Key Agreement')
    expect(text).toContain('Klinik Süd Mail CA')
    expect(text).toMatch(/Authority Key Identifier/)
  })

  it('vouches for an internationalised address', async () => {
    const authority = await createAuthority({ organisation: 'Klinik', now: NOW })
    const issued = await issueCertificate(authority, request('p256', 'ärztin@klinik.example'))
    expect(mailAddresses(certificateOf(issued.certificate))).toEqual(['ärztin@klinik.example'])
    writeFileSync(join(directory, 'leaf.crt'), issued.certificate)
    expect(openssl('x509', '-in', 'leaf.crt', '-noout', '-ext', 'subjectAltName', '-nameopt', 'utf8').text).toContain(
      'SmtpUTF8Mailbox',
    )
  })

  it('opens again from its PEM texts, and not with another key', async () => {
    const authority = await createAuthority({ organisation: 'Klinik', now: NOW })
    const other = await createAuthority({ organisation: 'Klinik', now: NOW })
    const pem = authority.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const again = openAuthority(authority.certificate.toString(), pem)
    const issued = await issueCertificate(again, request('p256'))
    expect(verifyPath(certificateOf(issued.certificate), [], [authority.certificate], NOW)).toBeNull()
    // Same name, other key: a CA that only looks like ours.
    expect(verifyPath(certificateOf(issued.certificate), [], [other.certificate], NOW)).toBe('certificate-untrusted')
    expect(() => openAuthority(other.certificate.toString(), pem)).toThrow(/key-unusable/)
  })

  it('refuses an address no certificate can carry and a life longer than its own', async () => {
    const authority = await createAuthority({ organisation: 'Klinik', now: NOW, years: 1 })
    const bad = issueCertificate(authority, request('p256', 'a@b@c'))
    await expect(bad).rejects.toMatchObject({ code: 'certificate-unusable' })
    const long = issueCertificate(authority, { ...request('p256'), notAfter: NOW + 9999 * DAY })
    await expect(long).rejects.toMatchObject({ code: 'certificate-unusable' })
  })

  it('makes unpredictable positive serial numbers', async () => {
    const authority = await createAuthority({ organisation: 'Klinik', now: NOW })
    const serials = new Set<string>()
    for (let i = 0; i < 20; i++) {
      const { serial } = fieldsOf(certificateOf((await issueCertificate(authority, request('p256'))).certificate))
      expect(serial[1]).toBe(16)
      expect(serial[2]! & 0x80).toBe(0)
      serials.add(serial.toString('hex'))
    }
    expect(serials.size).toBe(20)
  })
})
