import { createHash, X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { selfSigned, testAuthority } from '../../../test/support/certificate.ts'
import { daneFailure, usableTlsa } from './certificate.ts'

const authority = testAuthority()
const other = testAuthority()
afterAll(() => {
  authority[Symbol.dispose]()
  other[Symbol.dispose]()
})
const root = new X509Certificate(authority.cert)
const leaf = new X509Certificate(authority.issue(['mx.example']).cert)
const alone = new X509Certificate(selfSigned('whoever.test').cert)
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
const sha512 = (bytes: Buffer) => createHash('sha512').update(bytes).digest()
const spki = (one: X509Certificate) => one.publicKey.export({ format: 'der', type: 'spki' })
const record = (usage: number, selector: number, matchingType: number, data: Buffer) => ({
  usage,
  selector,
  matchingType,
  data,
})
// Some are issued while the test runs.
const now = Date.now() + 3_600_000
const years = 3 * 365 * 86_400_000

describe('DANE-EE (RFC 7672 3.1.1)', () => {
  it.each([
    ['key, SHA-256', record(3, 1, 1, sha256(spki(alone)))],
    ['key, SHA-512', record(3, 1, 2, sha512(spki(alone)))],
    ['whole key', record(3, 1, 0, spki(alone))],
    ['certificate, SHA-256', record(3, 0, 1, sha256(alone.raw))],
    ['whole certificate', record(3, 0, 0, alone.raw)],
  ])('%s', (_what, one) => {
    expect(daneFailure([alone], [one], ['mx.example'], now)).toBeNull()
    expect(daneFailure([leaf, root], [one], ['mx.example'], now)).toBe('certificate-not-trusted')
  })

  it('cares neither for names nor for dates', () => {
    expect(daneFailure([alone], [record(3, 1, 1, sha256(spki(alone)))], [], now + years)).toBeNull()
  })
})

describe('DANE-TA (RFC 7672 3.1.2)', () => {
  const anchor = record(2, 1, 1, sha256(spki(root)))
  it('takes the chain up to the anchor, in its time, for its names', () => {
    expect(daneFailure([leaf, root], [anchor], ['mx.example'], now)).toBeNull()
    expect(daneFailure([leaf, root], [anchor], ['other.example'], now)).toBe('certificate-host-mismatch')
    expect(daneFailure([leaf, root], [anchor], ['mx.example'], now + years)).toBe('certificate-expired')
    expect(daneFailure([leaf, root], [anchor], ['mx.example'], now - years)).toBe('certificate-expired')
  })

  it('takes an anchor that stands whole in the record, sent or not', () => {
    expect(daneFailure([leaf], [record(2, 0, 0, root.raw)], ['mx.example'], now)).toBeNull()
    expect(daneFailure([leaf], [record(2, 1, 0, spki(root))], ['mx.example'], now)).toBeNull()
    expect(daneFailure([leaf], [record(2, 0, 0, new X509Certificate(other.cert).raw)], ['mx.example'], now)).toBe(
      'certificate-not-trusted',
    )
    expect(daneFailure([leaf], [record(2, 1, 0, Buffer.from('no key'))], ['mx.example'], now)).toBe(
      'certificate-not-trusted',
    )
  })

  it('takes no anchor that was only sent along, without having signed', () => {
    expect(daneFailure([alone, root], [anchor], ['whoever.test'], now)).toBe('certificate-not-trusted')
    const strange = new X509Certificate(other.issue(['mx.example']).cert)
    expect(daneFailure([strange, root], [anchor], ['mx.example'], now)).toBe('certificate-not-trusted')
  })
})

it('knows which records can be used', () => {
  const data = Buffer.alloc(32)
  const all = [
    record(0, 0, 1, data),
    record(1, 0, 1, data),
    record(3, 2, 1, data),
    record(3, 1, 3, data),
    record(3, 1, 2, data),
    record(3, 1, 1, data),
  ]
  expect(usableTlsa(all)).toEqual([record(3, 1, 1, data)])
})
