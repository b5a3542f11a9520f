import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, type IssuedCertificate, issueCertificate, type KeyType, privateKeyOf } from './authority.ts'
import { certificateOf, readCertificates } from './certificate.ts'
import { exportPkcs12, importPkcs12 } from './pkcs12.ts'

const NOW = Date.now()
const directory = mkdtempSync(join(tmpdir(), 'secflow-pkcs12-'))
afterAll(() => rmSync(directory, { recursive: true }))

function openssl(...args: string[]) {
  const run = spawnSync('openssl', args, { cwd: directory, encoding: 'utf8' })
  return { ok: run.status === 0, text: run.stdout, error: run.stderr }
}

const made = new Map<KeyType, IssuedCertificate>()
beforeAll(async () => {
  const authority = await createAuthority({ organisation: 'Klinik', now: NOW })
  for (const keyType of ['rsa2048', 'p256'] as const) {
    const times = { notBefore: NOW - 1000, notAfter: NOW + 86_400_000 }
    const issued = await issueCertificate(authority, { address: 'a@x.example', name: 'Anna', keyType, ...times })
    made.set(keyType, { ...issued, certificate: issued.certificate + authority.certificate.toString() })
  }
})

describe.each(['rsa2048', 'p256'] as const)('PKCS#12 with %s', (keyType) => {
  it('openssl opens what we export', () => {
    const identity = made.get(keyType)!
    writeFileSync(join(directory, 'ours.p12'), exportPkcs12(identity, 'Anna', 'Geheimnis ä'))
    const opened = openssl('pkcs12', '-in', 'ours.p12', '-passin', 'pass:Geheimnis ä', '-nodes')
    expect(opened.error).toBe('')
    expect(privateKeyOf(opened.text).equals(privateKeyOf(identity.privateKey))).toBe(true)
    expect(readCertificates(opened.text)).toHaveLength(2)
    expect(opened.text).toContain('friendlyName: Anna')
    expect(openssl('pkcs12', '-in', 'ours.p12', '-passin', 'pass:wrong', '-nodes').ok).toBe(false)
  })

  it.each([['-macalg', 'SHA256'], ['-legacy'], ['-certpbe', 'NONE'], ['-macalg', 'SHA1', '-keypbe', 'AES-128-CBC']])(
    'opens what openssl exports with %j',
    (...options) => {
      const identity = made.get(keyType)!
      writeFileSync(join(directory, 'key.pem'), identity.privateKey)
      writeFileSync(join(directory, 'chain.pem'), identity.certificate)
      const from = ['-in', 'chain.pem', '-inkey', 'key.pem', '-out', 'theirs.p12', '-passout', 'pass:Geheimnis ä']
      const exported = openssl('pkcs12', '-export', ...from, ...options)
      expect(exported.error).toBe('')
      const read = importPkcs12(readFileSync(join(directory, 'theirs.p12')), 'Geheimnis ä')
      expect(privateKeyOf(read.privateKey).equals(privateKeyOf(identity.privateKey))).toBe(true)
      expect(readCertificates(read.certificate)).toHaveLength(2)
      expect(certificateOf(read.certificate).checkPrivateKey(privateKeyOf(read.privateKey))).toBe(true)
    },
  )

  it('one fault for a wrong password and for every damage', () => {
    const file = exportPkcs12(made.get(keyType)!, 'Anna', 'right')
    expect(() => importPkcs12(file, 'wrong')).toThrow('key-unusable: the PKCS#12 file does not open')
    for (let at = 0; at < file.length; at += 37) {
      const damaged = Buffer.from(file)
      damaged[at]! ^= 0x55
      expect(() => importPkcs12(damaged, 'right')).toThrow(/key-unusable/)
    }
    expect(() => importPkcs12(file.subarray(0, 100), 'right')).toThrow(/key-unusable/)
  }, 120_000)
})
