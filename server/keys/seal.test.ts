import { describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { openPrivateKey, openText, sealPrivateKey, sealText } from './seal.ts'

const key = Buffer.alloc(32, 7)
const owner = { tenant: tenantId('klinik'), fingerprint: 'ab12' }

describe('a sealed private key', () => {
  it('opens for its owner', () => {
    expect(openPrivateKey(key, owner, sealPrivateKey(key, owner, 'Schlüssel'))).toBe('Schlüssel')
    expect(sealPrivateKey(key, owner, 'x').equals(sealPrivateKey(key, owner, 'x'))).toBe(false)
  })

  it('opens with no other key, for no other owner, and with no byte altered', () => {
    const sealed = sealPrivateKey(key, owner, 'secret')
    const refused = (...args: Parameters<typeof openPrivateKey>) =>
      expect(() => openPrivateKey(...args)).toThrow(/key-unusable/)
    refused(Buffer.alloc(32, 8), owner, sealed)
    refused(key, { ...owner, tenant: tenantId('praxis') }, sealed)
    refused(key, { ...owner, fingerprint: 'ab13' }, sealed)
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed)
      altered[at]! ^= 1
      refused(key, owner, altered)
    }
    for (let length = 0; length < sealed.length; length++) refused(key, owner, sealed.subarray(0, length))
  })

  it('serves one purpose', () => {
    const sealed = sealText(key, { purpose: 'a v1', boundTo: 'x' }, 'text')
    expect(openText(key, { purpose: 'a v1', boundTo: 'x' }, sealed)).toBe('text')
    expect(() => openText(key, { purpose: 'b v1', boundTo: 'x' }, sealed)).toThrow(/key-unusable/)
    expect(() => openText(key, { purpose: 'a v1', boundTo: 'y' }, sealed)).toThrow(/key-unusable/)
  })
})
