/**
 * S/MIME beyond what Debian's openssl knows. Ed25519 (RFC 8419) and ML-DSA (RFC 9882): against the CMS of OpenSSL 3.5, which
 * is linked into Node. X25519 (RFC 8418) and ML-KEM (RFC 9936): no oracle, round trips; RFC 9936's published example
 * (test/support/cms/rfc9936).
 */
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  decodeBase64,
  decryptEnveloped,
  describeEncryption,
  encryptEntity,
  signEntity,
  verifySigned,
} from '../../server/journey/transform/smime/index.ts'
import { type Authority, createAuthority, issueCertificate, privateKeyOf } from '../../server/keys/authority.ts'
import { certificateOf } from '../../server/keys/certificate.ts'
import type { SmimeIdentity } from '../../server/ports/keyring.ts'
import { type CmsOracle, cmsOracle } from '../support/cms-oracle.ts'
import { entityBytes, entityOf } from '../support/entity-bytes.ts'
import { issueFor, type ModernKey } from '../support/issue-for.ts'

const NOW = Date.now()
const DAY = 86_400_000
const TIMES = { address: 'anna@example.org', notBefore: NOW - DAY, notAfter: NOW + 30 * DAY }
const SMALL = 'Content-Type: text/plain\r\n\r\nHello\r\n'
const TEN_KB = `Content-Type: text/plain\r\n\r\n${`${'x'.repeat(74)}\r\n`.repeat(135)}`

let folder = ''
let authority: Authority
let oracle: CmsOracle
const identities = new Map<string, SmimeIdentity>()
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-oracle-'))
  oracle = cmsOracle(folder)
  authority = await createAuthority({ organisation: 'Test', now: NOW })
  for (const kind of ['ed25519', 'x25519', 'ml-kem-768', 'ml-kem-1024', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)
    identities.set(kind, await issueFor(authority, kind, TIMES))
  for (const keyType of ['rsa2048', 'p256'] as const) {
    const issued = await issueCertificate(authority, { ...TIMES, name: keyType, keyType })
    const certificate = certificateOf(issued.certificate)
    identities.set(keyType, { certificate, chain: [], privateKey: privateKeyOf(issued.privateKey), gateway: false })
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const identity = (kind: string) => identities.get(kind)!
const pem = ({ certificate, privateKey }: SmimeIdentity) => ({
  certificate: Buffer.from(certificate.toString()),
  key: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
})
const anchor = () => Buffer.from(authority.certificate.toString())
const options = () => ({ anchors: [authority.certificate], at: NOW })

async function derOf(entity: Parameters<typeof entityBytes>[0]): Promise<Buffer> {
  const wire = await entityBytes(entity)
  const body = wire.subarray(wire.indexOf('\r\n\r\n') + 4)
  return decodeBase64(once(body), 200_000_000)
}

async function* once(data: Uint8Array) {
  yield data
}

const SIGNERS: readonly ModernKey[] = ['ed25519', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87']

describe('signing, held against OpenSSL 3.5', () => {
  it.each(SIGNERS)('OpenSSL verifies what we sign with %s', async (kind) => {
    for (const text of [SMALL, TEN_KB]) {
      const signed = await derOf(signEntity(entityOf(text), identity(kind), { time: NOW, mode: 'opaque' }))
      expect(oracle.verify(signed, anchor()).toString()).toBe(text)
      const at = signed.lastIndexOf('Hello') >= 0 ? signed.lastIndexOf('Hello') : signed.indexOf('xxxx')
      signed[at]! ^= 1
      expect(() => oracle.verify(signed, anchor())).toThrow(/verif|digest/i)
    }
  })

  it.each(SIGNERS)('we verify what OpenSSL signs with %s', async (kind) => {
    const { certificate, key } = pem(identity(kind))
    const signed = oracle.sign(certificate, key, Buffer.from(TEN_KB))
    const verified = await verifySigned(signed, null, options())
    expect(verified.content?.toString()).toBe(TEN_KB)
    expect(verified.signers).toMatchObject([{ trust: null, algorithm: `${kind} sha512` }])
    signed[signed.length - 10]! ^= 1
    await expect(verifySigned(signed, null, options())).rejects.toMatchObject({ code: 'signature-invalid' })
  })
})

const RECEIVERS = ['x25519', 'ml-kem-768', 'ml-kem-1024'] as const
const open = async (container: Buffer, who: SmimeIdentity) =>
  (await decryptEnveloped(once(container), [who])).content.toString()

describe('encrypting, no oracle: round trips', () => {
  it.each(RECEIVERS.flatMap((kind) => (['cbc', 'gcm'] as const).map((content) => ({ kind, content }))))(
    '$kind opens its own $content and nobody else does',
    async ({ kind, content }) => {
      const container = await derOf(encryptEntity(entityOf(TEN_KB), [identity(kind).certificate], { content }))
      expect(await open(container, identity(kind))).toBe(TEN_KB)
      const stranger = { ...identity(kind), privateKey: (await issueFor(authority, kind, TIMES)).privateKey }
      await expect(open(container, stranger)).rejects.toMatchObject({ message: 'decryption-failed' })
    },
  )

  it('ML-KEM stands beside a classical recipient in one message, which OpenSSL opens with the classical key', async () => {
    const [rsa, p256, kem] = [identity('rsa2048'), identity('p256'), identity('ml-kem-768')]
    const certificates = [rsa, kem, p256].map(({ certificate }) => certificate)
    const container = await derOf(encryptEntity(entityOf(TEN_KB), certificates, { content: 'gcm' }))
    for (const one of [rsa, kem, p256]) expect(await open(container, one)).toBe(TEN_KB)
    for (const one of [rsa, p256]) {
      const { certificate, key } = pem(one)
      expect(oracle.decrypt(container, certificate, key).toString()).toBe(TEN_KB)
    }
    expect(describeEncryption(certificates, { content: 'gcm' })).toContain('ML-KEM-768 HKDF-SHA-256 AES-256-wrap')
  })

  it('an altered ciphertext of the encapsulated key opens nothing, with the one text for all failures', async () => {
    const container = await derOf(encryptEntity(entityOf(SMALL), [identity('ml-kem-768').certificate]))
    const at = container.indexOf(Buffer.from([0x04, 0x82, 0x04, 0x40]))
    expect(at).toBeGreaterThan(0)
    container[at + 100]! ^= 1
    await expect(open(container, identity('ml-kem-768'))).rejects.toMatchObject({ message: 'decryption-failed' })
  })
})

const published = (name: string) => readFileSync(join(import.meta.dirname, '../support/cms', name), 'utf8')
const pemBody = (text: string) => Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64')

describe('published examples', () => {
  it('RFC 9936 appendix C opens with the published key', async () => {
    const container = pemBody(published('rfc9936/ML-KEM-512.cms'))
    const who = {
      certificate: certificateOf(published('rfc9936/ML-KEM-512.pem')),
      chain: [],
      privateKey: createPrivateKey(published('rfc9936/ML-KEM-512-seed.priv')),
      gateway: false,
    }
    const opened = await decryptEnveloped(once(container), [who])
    expect(opened.content.toString()).toBe(published('rfc9936/plaintext.txt'))
    expect(opened.authenticated).toBe(true)
  })

  it.each(['44', '65', '87'])(
    'RFC 9882 appendix B, ML-DSA-%s, verifies with the published certificate',
    async (level) => {
      const certificate = certificateOf(published(`rfc9882/ML-DSA-${level}.crt`))
      const at = Date.parse(certificate.validFrom) + DAY
      const signed = pemBody(published(`rfc9882/mldsa${level}-signed-attrs.pem`))
      const verified = await verifySigned(signed, null, { anchors: [], at, certificates: [certificate] })
      expect(verified.content?.toString()).toMatch(/^ML-DSA-\d\d signed-data example/)
      expect(verified.signers[0]?.algorithm).toBe(`ml-dsa-${level} sha512`)
    },
  )
})
