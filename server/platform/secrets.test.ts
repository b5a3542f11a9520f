import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { deriveKey, tenantSecrets } from './secrets.ts'

const [A, B] = [tenantId('alpha'), tenantId('beta')]

test('keys differ by master, tenant and purpose, and are the same again', () => {
  const master = randomBytes(32)
  const one = tenantSecrets(master)
  const keys = [one, tenantSecrets(randomBytes(32))].flatMap((s) =>
    [A, B].flatMap((t) => [s.keyEncryptionKey(t), s.macKey(t)].map((k) => k.toString('hex'))),
  )
  expect(new Set(keys).size).toBe(8)
  expect(keys[0]).toHaveLength(64)
  expect(tenantSecrets(master).keyEncryptionKey(A)).toEqual(one.keyEncryptionKey(A))
})

test('who wipes a key does not wipe it for others', () => {
  const secrets = tenantSecrets(randomBytes(32))
  const before = secrets.macKey(A).toString('hex')
  secrets.macKey(A).fill(0)
  expect(secrets.macKey(A).toString('hex')).toBe(before)
})

test('a short master secret is refused', () => {
  expect(() => deriveKey(randomBytes(16), 'x')).toThrow('config-invalid')
})
