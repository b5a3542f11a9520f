import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { bindsNumbers, covers, ed25519FromSeed, signStamp, stampKey, verifyStamp } from './stamp.ts'

const secrets = {
  keyEncryptionKey: () => Buffer.alloc(32, 1),
  macKey: (tenant: string) => Buffer.alloc(32, tenant.length),
}
const key = stampKey(secrets, tenantId('demo'))
const now = Date.parse('2026-11-23T10:00:00Z')
const mail = { sender: 'Anna@Example.com', visible: ['b@x.example', 'Ä@müller.example'], subject: 'Offer  4711' }
const choice = { classification: 'confidential', protection: 'pdf;sms="+4915112345678"' }

describe('stamp', () => {
  it('says what the sender chose, and whom it covers', async () => {
    const text = await signStamp(key, mail, choice, now)
    const result = await verifyStamp(key, text, mail, now + 60_000)
    expect(result).toMatchObject({ stamp: { ...choice, time: now } })
    if (!('stamp' in result)) throw new Error('refused')
    expect(covers(result.stamp, 'B@X.EXAMPLE')).toBe(true)
    expect(covers(result.stamp, 'ä@xn--mller-kva.example')).toBe(true)
    expect(covers(result.stamp, 'list-member@x.example')).toBe(false)
  })

  it('binds the phone numbers of the header without repeating them, folded or not', async () => {
    const header = 'encrypt, "b@x.example";sms="+4915112345678"'
    const text = await signStamp(key, mail, { classification: null, protection: 'encrypt', withNumbers: header }, now)
    const result = await verifyStamp(key, text, mail, now)
    if (!('stamp' in result)) throw new Error('refused')
    expect(Buffer.from(text.split('.')[1]!, 'base64url').toString()).not.toContain('4915112345678')
    expect(bindsNumbers(result.stamp, header.replaceAll(' ', '\r\n\t'))).toBe(true)
    expect(bindsNumbers(result.stamp, header.replace('678', '679'))).toBe(false)
    expect(bindsNumbers(result.stamp, header.replace('b@', 'c@'))).toBe(false)
    const without = await verifyStamp(key, await signStamp(key, mail, choice, now), mail, now)
    expect('stamp' in without && bindsNumbers(without.stamp, '')).toBe(false)
  })

  it('survives folding, order and letter case', async () => {
    const text = await signStamp(key, mail, choice, now)
    const folded = text.replace(/(.{60})/g, '$1\r\n ')
    const same = {
      sender: 'anna@example.COM',
      visible: ['ä@xn--mller-kva.example', 'B@x.example', 'b@x.example'],
      subject: ' Offer 4711',
    }
    expect(await verifyStamp(key, folded, same, now)).toHaveProperty('stamp')
  })

  it.each([
    ['sender', { ...mail, sender: 'mallory@example.com' }],
    ['subject', { ...mail, subject: 'Offer 4712' }],
    ['recipients', { ...mail, visible: ['b@x.example'] }],
    ['recipients', { ...mail, visible: [...mail.visible, 'c@x.example'] }],
  ] as const)('is refused on a mail with another %s', async (refused, other) => {
    expect(await verifyStamp(key, await signStamp(key, mail, choice, now), other, now)).toEqual({ refused })
  })

  it('is refused when old or from the future', async () => {
    const text = await signStamp(key, mail, choice, now)
    expect(await verifyStamp(key, text, mail, now + 15 * 86_400_000)).toEqual({ refused: 'age' })
    expect(await verifyStamp(key, text, mail, now - 3_600_000)).toEqual({ refused: 'age' })
    expect(await verifyStamp(key, text, mail, now + 3_600_000, 60_000)).toEqual({ refused: 'age' })
  })

  it('is refused under the key of another tenant, even when the key material leaked there', async () => {
    const text = await signStamp(key, mail, choice, now)
    expect(await verifyStamp(stampKey(secrets, tenantId('other')), text, mail, now)).toEqual({ refused: 'signature' })
    expect(await verifyStamp({ ...key, tenant: tenantId('other') }, text, mail, now)).toEqual({ refused: 'signature' })
  })

  it('takes one algorithm and one type only', async () => {
    const claims = Buffer.from((await signStamp(key, mail, choice, now)).split('.')[1]!, 'base64url')
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const none = `${part({ alg: 'none', typ: 'secflow-stamp+jwt' })}.${claims.toString('base64url')}.`
    expect(await verifyStamp(key, none, mail, now)).toHaveProperty('refused')
    const input = `${part({ alg: 'HS256', typ: 'secflow-stamp+jwt' })}.${claims.toString('base64url')}`
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' })
    const confused = `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`
    expect(await verifyStamp(key, confused, mail, now)).toEqual({ refused: 'signature' })
    const accessToken = await new SignJWT(JSON.parse(claims.toString()))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt' })
      .sign(key.privateKey)
    expect(await verifyStamp(key, accessToken, mail, now)).toEqual({ refused: 'signature' })
  })

  it('is refused after any change of a byte', async () => {
    const text = await signStamp(key, mail, choice, now)
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.constantFrom(...'Ab0-_.'), async (at, character) => {
        // the last character of a base64url part carries unused bits: two spellings of the same bytes are no forgery
        fc.pre(text[at] !== character && at !== text.length - 1)
        const result = await verifyStamp(key, text.slice(0, at) + character + text.slice(at + 1), mail, now)
        return 'refused' in result
      }),
      { numRuns: 300 },
    )
  })

  it('never throws, whatever stands in the header', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 300 }),
        async (text) => 'refused' in (await verifyStamp(key, text, mail, now)),
      ),
    )
    expect(await verifyStamp(key, 'a'.repeat(20_000), mail, now)).toEqual({ refused: 'malformed' })
  })

  it('derives the RFC 8032 7.1 public key from its seed', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    expect(ed25519FromSeed(seed).publicKey.export({ format: 'jwk' }).x).toBe(
      Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex').toString('base64url'),
    )
  })
})
