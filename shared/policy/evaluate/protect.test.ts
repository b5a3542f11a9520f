import { describe, expect, it } from 'vitest'
import { recipient } from '../../../test/support/policy.ts'
import { DEFAULT_EXPIRY } from '../registry/actions/attach.ts'
import { joinProtects, type Protect } from '../registry/actions/protect.ts'
import { chooseMethod } from './protect.ts'
import { NO_COMMON_METHOD, NO_METHOD, NO_PHONE } from './texts.ts'

const asked = (more: Partial<Protect> = {}): Protect => ({ anyOf: [], ifNone: 'reject', reply: false, ...more })
const NUMBER = '+49 170 0000000'
const known = recipient({ phoneKnown: true, keys: { smime: 'valid', pgp: 'valid' }, tls: 'verified' })
const bare = recipient()

describe('the step of a method', () => {
  const step = (method: 'smime' | 'pdf' | 'portal', more: Partial<Protect> = {}, sms?: string, to = known) =>
    chooseMethod(asked(more), [method], to, sms).step
  it('is nothing but the method where there is nothing to say', () => {
    expect(step('smime')).toStrictEqual({ do: 'protect', method: 'smime' })
  })
  it('tells how the password goes, and the number only where the sender gave one for it', () => {
    const pdf = (password: object) => ({ do: 'protect', method: 'pdf', password })
    expect(step('pdf')).toStrictEqual(pdf({ channel: 'sms' }))
    expect(step('pdf', {}, NUMBER, bare)).toStrictEqual(pdf({ channel: 'sms', phone: NUMBER }))
    expect(step('pdf', { channel: 'sender' }, NUMBER)).toStrictEqual(pdf({ channel: 'sender' }))
  })
  it('says what the password is, what it opens, and where the portal comes in', () => {
    expect(step('pdf', { channel: 'sms', groups: 6, standing: 90 * 86_400, container: 'zip' })).toStrictEqual({
      do: 'protect',
      method: 'pdf',
      password: { channel: 'sms', groups: 6, standing: 90 * 86_400 },
      container: 'zip',
    })
    expect(step('pdf', { channel: 'portal', reply: true }, undefined, bare)).toStrictEqual({
      do: 'protect',
      method: 'pdf',
      password: { channel: 'portal' },
      reply: true,
      access: 'link-code',
      expires: DEFAULT_EXPIRY,
    })
    expect(step('pdf', { channel: 'portal', access: 'portal-2fa' }, undefined, bare)).toBeNull()
  })
  it('gives the portal the sender’s number for its second factor, where none is known', () => {
    const factor = { access: 'portal-2fa' } as const
    expect(step('portal', factor, NUMBER, bare)).toMatchObject({ access: 'portal-2fa', phone: NUMBER })
    expect(step('portal', factor, NUMBER, known)).not.toHaveProperty('phone')
    expect(step('portal', {}, NUMBER, bare)).not.toHaveProperty('phone')
    expect(step('pdf', { channel: 'portal', ...factor }, NUMBER, bare)).toMatchObject({ phone: NUMBER })
    expect(step('portal', factor, undefined, bare)).toBeNull()
  })
  it('protects the whole mail as soon as one rule wants that', () => {
    const zip = asked({ anyOf: ['pdf'], container: 'zip', groups: 4, standing: 100 })
    const pdfs = asked({ anyOf: ['pdf'], container: 'pdfs', groups: 8, standing: 50 })
    expect(joinProtects(zip, pdfs)).toMatchObject({ container: 'pdfs', groups: 8, standing: 50 })
    expect(joinProtects(zip, asked({ anyOf: ['pdf'] })).container).toBeUndefined()
  })
  it('asks for a code by mail, for 30 days, where no rule says otherwise', () => {
    expect(step('portal')).toStrictEqual({
      do: 'protect',
      method: 'portal',
      reply: false,
      access: 'link-code',
      expires: DEFAULT_EXPIRY,
    })
  })
})

describe('no method', () => {
  const gate = (protect: Partial<Protect>, order: Parameters<typeof chooseMethod>[1], to = bare) => {
    const choice = chooseMethod(asked(protect), order, to, undefined)
    expect([choice.method, choice.step]).toEqual([null, null])
    return [choice.gate, choice.missing.map(({ field }) => field)]
  }
  it('in common is said apart from none that can be read', () => {
    expect(gate({ ifNone: 'hold' }, [])).toEqual([{ outcome: 'hold', text: NO_COMMON_METHOD }, []])
    expect(gate({}, ['smime', 'pgp', 'tls'])).toEqual([
      { outcome: 'reject', text: NO_METHOD },
      ['certificate', 'pgp-key', 'tls'],
    ])
  })
  it('is chosen while a fact is unknown, without words for the sender', () => {
    const nobody = { ...recipient({ keys: {} }), phoneKnown: undefined, tls: undefined } as unknown as typeof bare
    const waits = { outcome: 'defer', text: '' }
    expect(gate({}, ['smime', 'portal'], nobody)).toEqual([waits, ['recipient.keys.smime']])
    expect(gate({}, ['pgp', 'portal'], nobody)).toEqual([waits, ['recipient.keys.pgp']])
    expect(gate({}, ['pdf', 'portal'], nobody)).toEqual([waits, ['recipient.phoneKnown']])
    expect(gate({}, ['tls', 'portal'], nobody)).toEqual([waits, ['recipient.tls']])
  })
  it('takes the place of a password by text message where the rule says so', () => {
    expect(gate({ ifNoPhone: 'hold' }, ['pdf', 'portal'])).toEqual([{ outcome: 'hold', text: NO_PHONE }, ['phone']])
  })
})

describe('the next method', () => {
  it('is tried for a portal with a second factor, whatever stands for passwords', () => {
    const choice = chooseMethod(
      asked({ access: 'portal-2fa', ifNoPhone: 'reject' }),
      ['portal', 'smime'],
      {
        ...bare,
        keys: { smime: 'valid' },
      },
      undefined,
    )
    expect(choice).toMatchObject({ method: 'smime', gate: null, missing: [{ field: 'phone' }] })
  })
  it('is not needed where the sender gave a number', () => {
    expect(chooseMethod(asked({ access: 'portal-2fa' }), ['portal'], bare, NUMBER).method).toBe('portal')
    expect(chooseMethod(asked({ access: 'portal-2fa' }), ['portal'], known, undefined).method).toBe('portal')
  })
})
