import { expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { openStandingPassword, standingPasswordRecord } from './standing-password.ts'

const secrets = { keyEncryptionKey: () => Buffer.alloc(32, 7), macKey: () => Buffer.alloc(32, 8) }
const acme = tenantId('acme')
const record = standingPasswordRecord(secrets, { tenant: acme, address: 'a@b.example', now: 1 }, 'lusab-babad')

it('a standing password opens for its recipient and its tenant, and for nobody else', () => {
  expect(openStandingPassword(secrets, acme, record)).toBe('lusab-babad')
  expect(() => openStandingPassword(secrets, acme, { ...record, address: 'c@b.example' })).toThrow('key-unusable')
  expect(() => openStandingPassword(secrets, tenantId('other'), record)).toThrow('key-unusable')
})

it('a standing password is not readable where it is stored, and has one place for an address', () => {
  expect(Buffer.from(record.sealedPrivate!).toString('latin1')).not.toContain('lusab')
  const next = standingPasswordRecord(secrets, { tenant: acme, address: 'a@b.example', now: 2 }, 'gutih-tugad')
  expect(next.id).toBe(record.id)
})
