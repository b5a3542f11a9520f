import { beforeAll, describe, expect, it } from 'vitest'
import { type KeyRecord, type TenantId, tenantId } from '../../shared/domain/index.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import { type Authority, createAuthority, type IssuedCertificate, issueCertificate } from './authority.ts'
import { certificateOf, fingerprint } from './certificate.ts'
import { createKeyring } from './keyring.ts'
import {
  keyRecordOfAnchor,
  keyRecordOfIdentity,
  keyRecordOfPeer,
  keyRecordOfPgpIdentity,
  keyRecordOfPgpPeer,
} from './records.ts'

const NOW = Date.UTC(2026, 10, 23)
const DAY = 86_400_000
const KLINIK = tenantId('klinik')
const PRAXIS = tenantId('praxis')
const secrets: TenantSecrets = {
  keyEncryptionKey: (tenant) => Buffer.alloc(32, tenant),
  macKey: () => Buffer.alloc(32),
}

let authority: Authority
let stranger: Authority
beforeAll(async () => {
  authority = await createAuthority({ organisation: 'Klinik', now: NOW - 900 * DAY })
  stranger = await createAuthority({ organisation: 'Fremd', now: NOW - 900 * DAY })
})

const issue = (by: Authority, address: string, from = -10, to = 300): Promise<IssuedCertificate> =>
  issueCertificate(by, {
    address,
    name: address,
    keyType: 'p256',
    notBefore: NOW + from * DAY,
    notAfter: NOW + to * DAY,
  })

function keyringOver(records: Partial<Record<TenantId, readonly KeyRecord[]>>): Keyring {
  const source = (tenant: TenantId) => ({
    keys: async (query: { kind?: string; use?: string; address?: string }) =>
      (records[tenant] ?? []).filter(
        (record) =>
          (query.kind === undefined || record.kind === query.kind) &&
          (query.use === undefined || record.use === query.use) &&
          (query.address === undefined || record.address === query.address),
      ),
  })
  return createKeyring(source, secrets, { state: async (armored) => (armored.includes('old') ? 'expired' : 'valid') })
}

const anchor = () => keyRecordOfAnchor(authority.certificate.toString(), NOW)

describe('certificates of correspondents', () => {
  it('picks the valid one that lives longest', async () => {
    const [short, long, past] = await Promise.all([
      issue(authority, 'otto@praxis.example', -10, 30),
      issue(authority, 'otto@praxis.example', -10, 300),
      issue(authority, 'otto@praxis.example', -300, -1),
    ])
    const peers = [past, short, long].map(({ certificate }) => keyRecordOfPeer('otto@praxis.example', certificate, NOW))
    const found = await keyringOver({ [KLINIK]: [anchor(), ...peers] }).certificate(KLINIK, 'otto@praxis.example', NOW)
    expect(found.state).toBe('valid')
    expect(fingerprint(found.certificate!)).toBe(fingerprint(certificateOf(long.certificate)))
  })

  it('reports why there is none', async () => {
    const valid = keyRecordOfPeer('a@x.example', (await issue(authority, 'a@x.example')).certificate, NOW)
    const past = keyRecordOfPeer('a@x.example', (await issue(authority, 'a@x.example', -300, -1)).certificate, NOW)
    const foreign = keyRecordOfPeer('a@x.example', (await issue(stranger, 'a@x.example')).certificate, NOW)
    const state = async (...records: KeyRecord[]) =>
      keyringOver({ [KLINIK]: records }).certificate(KLINIK, 'a@x.example', NOW)
    expect(await state(anchor(), past)).toEqual({ state: 'expired', certificate: null })
    expect(await state(anchor(), foreign)).toEqual({ state: 'untrusted', certificate: null })
    expect(await state(valid)).toEqual({ state: 'untrusted', certificate: null })
    expect(await state(anchor(), { ...valid, revokedAt: NOW - 1 })).toEqual({ state: 'revoked', certificate: null })
    expect((await state(anchor(), { ...valid, revokedAt: NOW + 1 })).state).toBe('valid')
    expect(await state(anchor(), { ...valid, publicText: 'damaged' })).toEqual({
      state: 'untrusted',
      certificate: null,
    })
    expect((await state(anchor(), { ...valid, publicText: 'damaged' }, valid)).state).toBe('valid')
    expect(await state(anchor())).toEqual({ state: 'none', certificate: null })
    expect((await state(foreign, keyRecordOfAnchor(foreign.publicText, NOW))).state).toBe('valid')
    expect((await state({ ...anchor(), revokedAt: NOW }, valid)).state).toBe('untrusted')
  })

  it('never takes one for another address, or of another tenant', async () => {
    const mislabelled = keyRecordOfPeer('b@x.example', (await issue(authority, 'a@x.example')).certificate, NOW)
    const keyring = keyringOver({ [KLINIK]: [anchor(), mislabelled], [PRAXIS]: [mislabelled] })
    expect((await keyring.certificate(KLINIK, 'b@x.example', NOW)).state).toBe('untrusted')
    expect((await keyring.certificate(tenantId('other'), 'b@x.example', NOW)).state).toBe('none')
    expect(await keyring.anchors(PRAXIS)).toEqual([])
  })
})

describe('own keys', () => {
  const owner = (use: 'own' | 'gateway', address: string) => ({ tenant: KLINIK, address, use, now: NOW })

  it('the user’s own identity comes before the organisation’s; an expired one does not count', async () => {
    const own = keyRecordOfIdentity(
      secrets,
      owner('own', 'anna@klinik.example'),
      await issue(authority, 'anna@klinik.example'),
    )
    const old = keyRecordOfIdentity(
      secrets,
      owner('own', 'otto@klinik.example'),
      await issue(authority, 'otto@klinik.example', -300, -1),
    )
    const gateway = keyRecordOfIdentity(
      secrets,
      owner('gateway', 'post@klinik.example'),
      await issue(authority, 'post@klinik.example'),
    )
    const keyring = keyringOver({ [KLINIK]: [gateway, own, old] })
    const anna = await keyring.smimeIdentity(KLINIK, 'anna@klinik.example', NOW)
    expect(anna?.gateway).toBe(false)
    expect(anna?.certificate.checkPrivateKey(anna.privateKey)).toBe(true)
    expect((await keyring.smimeIdentity(KLINIK, 'otto@klinik.example', NOW))?.gateway).toBe(true)
    expect(await keyringOver({ [KLINIK]: [old] }).smimeIdentity(KLINIK, 'otto@klinik.example', NOW)).toBeNull()
    const keys = await keyring.decryptionKeys(KLINIK, ['otto@klinik.example', 'anna@klinik.example'])
    expect(keys.smime).toHaveLength(3)
    // An own certificate is good to encrypt to without an anchor; the same parsed object serves the next mail.
    const first = await keyring.certificate(KLINIK, 'anna@klinik.example', NOW)
    expect(first.certificate).toBe((await keyring.certificate(KLINIK, 'anna@klinik.example', NOW)).certificate)
  })

  it('a sealed key opens in no other tenant', async () => {
    const own = keyRecordOfIdentity(
      secrets,
      owner('own', 'anna@klinik.example'),
      await issue(authority, 'anna@klinik.example'),
    )
    const moved = keyringOver({ [PRAXIS]: [own] }).smimeIdentity(PRAXIS, 'anna@klinik.example', NOW)
    await expect(moved).rejects.toMatchObject({ code: 'key-unusable' })
    expect(Buffer.from(own.sealedPrivate!).includes('PRIVATE KEY')).toBe(false)
  })

  it('refuses a key that does not belong to the certificate', async () => {
    const [a, b] = await Promise.all([issue(authority, 'a@x.example'), issue(authority, 'a@x.example')])
    const mixed = { certificate: a.certificate, privateKey: b.privateKey }
    expect(() => keyRecordOfIdentity(secrets, owner('own', 'a@x.example'), mixed)).toThrow(/key-unusable/)
  })

  it('keeps OpenPGP keys the same way', async () => {
    const identity = keyRecordOfPgpIdentity(secrets, owner('own', 'anna@klinik.example'), {
      id: 'ab'.repeat(20),
      armoredPublic: 'public',
      armoredPrivate: 'private',
    })
    const peers = ['old key', 'new key'].map((text, i) => keyRecordOfPgpPeer(`${i}`, 'otto@x.example', text, NOW - i))
    const keyring = keyringOver({ [KLINIK]: [identity, ...peers] })
    expect(await keyring.pgpIdentity(KLINIK, 'anna@klinik.example', NOW)).toEqual({
      armoredPrivate: 'private',
      armoredPublic: 'public',
      gateway: false,
    })
    expect(await keyring.pgpKey(KLINIK, 'otto@x.example', NOW)).toEqual({ state: 'valid', armored: 'new key' })
    expect(await keyring.pgpKey(KLINIK, 'nobody@x.example', NOW)).toEqual({ state: 'none', armored: null })
    expect((await keyring.verificationKeys(KLINIK, 'otto@x.example')).pgp).toHaveLength(2)
  })
})
