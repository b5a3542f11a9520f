import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { beforeAll, expect, it } from 'vitest'
import { type KeyRecord, tenantId } from '../../shared/domain/index.ts'
import { readElement } from './asn1/ber-read.ts'
import * as der from './asn1/der.ts'
import { OID } from './asn1/oids.ts'
import { type Authority, createAuthority, issueCertificate } from './authority.ts'
import { certificateOf, fingerprint } from './certificate.ts'
import { harvestedPeer } from './harvest.ts'
import { createKeyring } from './keyring.ts'
import { keyRecordOfAnchor, keyRecordOfPeer } from './records.ts'

const NOW = Date.UTC(2026, 10, 23)
const DAY = 86_400_000
const TENANT = tenantId('klinik')
const OTTO = 'otto@praxis.example'
const GCM = [OID.aes256Gcm, OID.aes256Cbc]

let authority: Authority
let pem = ''
beforeAll(async () => {
  authority = await createAuthority({ organisation: 'Test', now: NOW })
  pem = (await issue('rsa2048')).certificate
})

const issue = (keyType: 'rsa2048' | 'p256') =>
  issueCertificate(authority, { address: OTTO, name: 'Otto', keyType, notBefore: NOW - DAY, notAfter: NOW + DAY })

/** The certificate of another kind of key: that of RSA with the other key in it, signed again. */
function withKey(original: string, key: KeyObject): string {
  const [body, algorithm] = readElement(certificateOf(original).raw, { encoding: 'der' }).children
  const spki = key.export({ type: 'spki', format: 'der' })
  const isKey = (children: readonly { tag: number }[]) =>
    children.length === 2 && children[1]!.tag === der.TAG.bitString
  const made = der.sequence(...body!.children.map(({ children, bytes }) => (isKey(children) ? spki : bytes)))
  const signature = sign('sha384', made, authority.privateKey)
  return certificateOf(der.sequence(made, algorithm!.bytes, der.bitString(signature))).toString()
}

const secrets = { keyEncryptionKey: () => Buffer.alloc(32), macKey: () => Buffer.alloc(32) }
const keyring = (records: readonly KeyRecord[], postQuantum = false) =>
  createKeyring(
    () => ({ keys: async ({ kind }) => records.filter((record) => (kind ?? record.kind) === record.kind) }),
    secrets,
    { state: async () => 'valid' },
    { postQuantum: () => postQuantum },
  )
const anchor = () => keyRecordOfAnchor(authority.certificate.toString(), NOW)

it('what a peer says it reads is kept with its certificate, and asked for when a mail is encrypted', async () => {
  const found = { certificates: [certificateOf(pem)], capabilities: GCM }
  const record = harvestedPeer([], found, OTTO, NOW)!
  expect(record).toMatchObject({ kind: 'smime', use: 'peer', address: OTTO, capabilities: GCM })
  expect(await keyring([anchor(), record]).certificate(TENANT, OTTO, NOW)).toMatchObject({
    state: 'valid',
    readsGcm: true,
  })
})

it('nobody reads AES-GCM who was never heard of to do so, or says it does not any more', async () => {
  const record = keyRecordOfPeer(OTTO, pem, NOW)
  expect(await keyring([anchor(), record]).certificate(TENANT, OTTO, NOW)).not.toHaveProperty('readsGcm')
  const learned = { ...record, capabilities: GCM }
  const found = { certificates: [certificateOf(pem)], capabilities: [OID.aes256Cbc] }
  const changed = harvestedPeer([learned], found, OTTO, NOW)!
  expect(changed.capabilities).toEqual([OID.aes256Cbc])
  expect(await keyring([anchor(), changed]).certificate(TENANT, OTTO, NOW)).not.toHaveProperty('readsGcm')
})

it('nothing is written that is known, and no record of our own or a revoked one is touched', () => {
  const record = keyRecordOfPeer(OTTO, pem, NOW, GCM)
  const found = { certificates: [certificateOf(pem)], capabilities: GCM }
  expect(harvestedPeer([record], found, OTTO, NOW)).toBeNull()
  const other = { ...found, capabilities: [OID.aes256Cbc] }
  expect(harvestedPeer([{ ...record, use: 'own' }], other, OTTO, NOW)).toBeNull()
  expect(harvestedPeer([{ ...record, revokedAt: NOW }], other, OTTO, NOW)).toBeNull()
  expect(harvestedPeer([record], { ...found, capabilities: [] }, OTTO, NOW)).toBeNull()
})

it('an ML-KEM certificate stands beside the classical one where the tenant wants it, and nowhere else', async () => {
  const kem = keyRecordOfPeer(OTTO, withKey(pem, generateKeyPairSync('ml-kem-768').publicKey), NOW)
  const classical = keyRecordOfPeer(OTTO, pem, NOW)
  const both = [anchor(), kem, classical]
  const off = await keyring(both).certificate(TENANT, OTTO, NOW)
  expect(off.kem).toBeUndefined()
  expect(fingerprint(off.certificate!)).toBe(classical.id)
  const on = await keyring(both, true).certificate(TENANT, OTTO, NOW)
  expect([on.certificate!, on.kem!].map(fingerprint)).toEqual([classical.id, kem.id])
  expect(await keyring([anchor(), kem]).certificate(TENANT, OTTO, NOW)).toMatchObject({
    state: 'none',
    certificate: null,
  })
  const alone = await keyring([anchor(), kem], true).certificate(TENANT, OTTO, NOW)
  expect(alone).toMatchObject({ state: 'valid', readsGcm: true })
  expect(fingerprint(alone.certificate!)).toBe(kem.id)
})
