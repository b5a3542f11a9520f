import { describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { VerdictClaims } from '../ports/verdicts.ts'
import { signStamp, stampKey } from './stamp.ts'
import { signVerdict, verdictKey, verifyVerdict } from './verdict-token.ts'

const secrets: TenantSecrets = {
  keyEncryptionKey: () => Buffer.alloc(32, 1),
  macKey: (tenant) => Buffer.alloc(32, tenant.length),
}
const tenant = tenantId('acme')
const key = verdictKey(secrets, tenant)
const mail = { from: 'Bob@Peer.example', messageId: 'one@peer.example', copy: '01a20000-0000-7000-9000-000000000001' }
const good: VerdictClaims = {
  state: 'good',
  damage: null,
  signer: { address: 'bob@peer.example', name: 'Bob', issuer: 'Test CA' },
  layers: [{ kind: 'smime-signed', state: 'good', key: 'ab'.repeat(32) }],
  classification: 'confidential',
}
const AT = Date.UTC(2026, 10, 23)
const shown = { from: 'bob@PEER.example', messageId: '<one@peer.example>' }

describe('the signed verdict', () => {
  it('says to the client what was found, about this mail, years later', async () => {
    const token = await signVerdict(key, { ...mail, ...good }, AT)
    expect(await verifyVerdict(key, token, shown)).toEqual({ ...good, copy: mail.copy, time: AT })
    expect(await verifyVerdict(key, `${token.slice(0, 70)}\r\n ${token.slice(70)}`, shown)).toMatchObject(good)
    expect(await verifyVerdict(key, token, { ...shown, messageId: null })).toMatchObject(good)
  })

  it('is none for another sender or another mail', async () => {
    const token = await signVerdict(key, { ...mail, ...good }, AT)
    expect(await verifyVerdict(key, token, { ...shown, from: 'eve@evil.example' })).toEqual({ refused: 'from' })
    expect(await verifyVerdict(key, token, { ...shown, messageId: 'two@peer.example' })).toEqual({
      refused: 'message-id',
    })
  })

  it('is by the tenant alone: not by another one, not without a signature, not a stamp', async () => {
    const token = await signVerdict(key, { ...mail, ...good }, AT)
    const other = await signVerdict(verdictKey(secrets, tenantId('other')), { ...mail, ...good }, AT)
    const [, payload] = token.split('.')
    const none = `${Buffer.from('{"alg":"none","typ":"secflow-verdict+jwt"}').toString('base64url')}.${payload}.`
    const stamp = await signStamp(
      stampKey(secrets, tenant),
      { sender: mail.from, visible: [], subject: '' },
      { classification: null, protection: '' },
      AT,
    )
    for (const text of [other, none, stamp, 'x', '', `${token}x`, token.slice(0, -4)]) {
      expect(await verifyVerdict(key, text, shown)).toHaveProperty('refused')
    }
  })

  it('fits into a line of a header, however long the names are', async () => {
    const address = `${'b'.repeat(60)}@${'peer.'.repeat(30)}example`
    const long = { address, name: 'ü'.repeat(200), issuer: 'ö'.repeat(200) }
    const layers = Array.from({ length: 6 }, () => good.layers[0]!)
    const token = await signVerdict(key, { ...mail, ...good, signer: long, layers }, AT)
    expect(`X-Secflow-Verdict: ${token}`.length).toBeLessThan(998)
    expect(await verifyVerdict(key, token, shown)).toMatchObject({ state: 'good' })
  })
})
