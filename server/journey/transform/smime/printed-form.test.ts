import { generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, issueCertificate, privateKeyOf } from '../../../keys/authority.ts'
import { certificateOf } from '../../../keys/certificate.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import { detachedSignature } from './printed-form.ts'
import { schemeOf } from './signature-scheme.ts'
import { attributesOf, detachedSignedData, filled } from './signed-data.ts'

const NOW = Date.UTC(2026, 10, 23)
const identities: Partial<Record<'p256' | 'rsa2048', SmimeIdentity>> = {}

beforeAll(async () => {
  const authority = await createAuthority({ organisation: 'Test', now: NOW })
  for (const keyType of ['p256', 'rsa2048'] as const) {
    const request = { address: 'a@x.example', name: 'A', notBefore: NOW - 1000, notAfter: NOW + 86_400_000, keyType }
    const issued = await issueCertificate(authority, request)
    const chain = [authority.certificate]
    const certificate = certificateOf(issued.certificate)
    identities[keyType] = { certificate, chain, privateKey: privateKeyOf(issued.privateKey), gateway: false }
  }
})

describe('a signature put into a form that was encoded before', () => {
  it.each([
    ['p256', 'pkcs1'],
    ['rsa2048', 'pkcs1'],
    ['rsa2048', 'pss'],
  ] as const)(
    'is what the encoder makes of it (%s, %s), whatever the length, second after second',
    async (key, rsa) => {
      const identity = identities[key]!
      const scheme = schemeOf(identity.privateKey, rsa)
      const lengths = new Set<number>()
      for (let turn = 0; turn < 60; turn += 1) {
        const time = NOW + Math.floor(turn / 7) * 1000 + turn
        const digest = randomBytes(32)
        const lines = (await detachedSignature(identity, digest, { scheme, time })).toString('latin1')
        expect(lines).toMatch(/^([A-Za-z0-9+/]{76}\r\n)*[A-Za-z0-9+/]{1,76}={0,2}\r\n$/)
        const made = Buffer.from(lines, 'base64')
        const attributes = filled(attributesOf(identity, { scheme, time }), digest)
        const signature = signatureAtTheEnd(made, key)
        lengths.add(signature.length)
        expect(made).toEqual(detachedSignedData(identity, scheme, attributes, signature))
        const options = rsa === 'pss' ? { padding: 6, saltLength: 32 } : {}
        expect(verify('sha256', attributes, { key: identity.certificate.publicKey, ...options }, signature)).toBe(true)
      }
      if (key === 'p256') expect(lengths.size).toBeGreaterThan(1)
    },
  )

  it('is another one for another key of the same person at the same time', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const stranger = { ...identities.p256!, privateKey }
    const signing = { scheme: schemeOf(privateKey), time: NOW }
    // Its certificate does not belong to it: the counter check stops it.
    expect(() => detachedSignature(stranger, randomBytes(32), signing)).toThrow(
      expect.objectContaining({ code: 'key-unusable' }),
    )
  })
})

/** The signature is the last value of a SignedData without unsigned attributes: an OCTET STRING. */
function signatureAtTheEnd(made: Buffer, key: 'p256' | 'rsa2048'): Buffer {
  if (key === 'rsa2048') return made.subarray(-256)
  const length = [68, 69, 70, 71, 72].find(
    (size) => made.at(-size - 2) === 4 && made.at(-size - 1) === size && made.at(-size) === 0x30,
  )
  return made.subarray(-length!)
}
