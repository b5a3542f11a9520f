import { describe, expect, it } from 'vitest'
import { file, mail, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import type { Intent } from '../../domain/index.ts'
import { neededFacts, showStep } from '../index.ts'
import type { Policy } from '../policy.ts'
import { decide, draftsOf } from './decide.ts'

type Wishes = Intent['protection']
const one = (...lines: string[]) => policyOf(ruleSet(rules(...lines)))
const nothing = one('{id: a, then: [receipt]}')
const tls = one('{id: a, then: [{protect: {anyOf: [tls]}}]}')
const rich = recipient({ keys: { smime: 'valid', pgp: 'valid' }, phoneKnown: true, tls: 'verified' })

function wished(policy: Policy, protection: Wishes, more: Partial<Intent> = {}, parts = {}) {
  const [got] = decide(policy, mail({ recipients: [rich], ...parts, intent: { protection, ...more } })).recipients
  return {
    ...got!,
    shown: got!.steps.map(showStep),
    wishes: got!.reasons.filter(({ layer }) => layer === 'intent'),
    lacks: got!.missing.map(({ field }) => field),
  }
}

describe('a wish says in its reason what was made of it', () => {
  const told = (rule: string, de: string, en: string) => [{ rule, layer: 'intent', text: { de, en } }]
  it('encryption', () => {
    expect(wished(nothing, [{ token: 'encrypt' }]).wishes).toEqual(
      told('intent:encrypt', 'Der Absender verlangt Verschlüsselung', 'The sender asks for encryption'),
    )
  })
  it('a signature', () => {
    expect(wished(nothing, [{ token: 'sign' }]).wishes).toEqual(
      told('intent:sign', 'Der Absender verlangt eine Signatur', 'The sender asks for a signature'),
    )
  })
  it('links', () => {
    expect(wished(nothing, [{ token: 'filelink' }], {}, { attachments: [file('a.pdf')] }).wishes).toEqual(
      told(
        'intent:filelink',
        'Der Absender verlangt Links statt Anhängen',
        'The sender asks for links in place of attachments',
      ),
    )
  })
  it('less protection, with the words of the sender', () => {
    const soft = one('{id: a, overridable: true, then: [{sign: {with: smime}}]}')
    const got = wished(soft, [{ token: 'plain', reason: ' urgent ' }])
    expect(got).toMatchObject({ shown: [], missing: [] })
    expect(got.wishes).toEqual(
      told('intent:plain', 'Der Absender verzichtet auf Schutz: urgent', 'The sender waives protection: urgent'),
    )
  })
})

describe('a number for the password', () => {
  const pdf = one('{id: a, then: [{protect: {anyOf: [smime, pdf], password: {channel: sms}}}]}')
  const bare = { keys: { smime: 'none', pgp: 'none' } as const }
  const phones = (recipients: readonly object[], intent: Partial<Intent> = {}) =>
    decide(
      pdf,
      mail({ recipients: recipients.map((more) => recipient(more)), intent: { protection: [], ...intent } }),
    ).recipients.map(({ outcome, steps }) => {
      const protect = steps.find((step) => step.do === 'protect')
      return protect?.do === 'protect' ? (protect.password?.phone ?? protect.method) : outcome
    })

  it('is for the recipient it was given for, and only where he needs one', () => {
    expect(
      phones([
        { ...bare, address: 'a@x.example', phoneGiven: '+491' },
        { ...bare, address: 'b@x.example', phoneGiven: '+492' },
        { ...bare, address: 'c@x.example' },
        { keys: { smime: 'valid' }, address: 'd@x.example', phoneGiven: '+494' },
      ]),
    ).toEqual(['+491', '+492', 'reject', 'smime'])
  })

  it('comes before one for everybody', () => {
    const common = { protection: [{ token: 'pdf', sms: '+490' }] } as const
    expect(phones([{ ...bare, phoneGiven: '+491' }, bare], common)).toEqual(['+491', '+490'])
  })

  it('for everybody is not for whom the stamp does not name', () => {
    const partly = { protection: [{ token: 'pdf', sms: '+490' }], tightenOnly: ['b@x.example'] } as const
    expect(
      phones(
        [
          { ...bare, address: 'a@x.example' },
          { ...bare, address: 'b@x.example' },
        ],
        partly,
      ),
    ).toEqual(['+490', 'reject'])
    expect(phones([{ ...bare, address: 'b@x.example', phoneGiven: '+492' }], partly)).toEqual(['+492'])
  })

  it('that another gateway’s form of the address brings is kept beside the same wish for all', () => {
    const asked = [{ token: 'pdf', sms: '+491' }] as const
    expect(phones([{ ...bare, asked }], { protection: [{ token: 'pdf' }] })).toEqual(['+491'])
  })
})

describe('a wish for protection', () => {
  it('stands in the plan as the sender’s own, which a rule may always overrule', () => {
    const audited = one('{id: a, then: [{audit: {level: full}}]}')
    const [draft] = draftsOf(audited, mail({ intent: { protection: [{ token: 'encrypt' }, { token: 'receipt' }] } }))
    expect(draft?.plan.get('protect')?.by).toEqual([{ id: 'intent', overridable: true }])
    expect(draft?.plan.get('receipt')?.value).toBe(true)
  })
  it('takes each method a sender may name', () => {
    for (const token of ['smime', 'pgp', 'pdf', 'portal'] as const)
      expect(wished(nothing, [{ token }])).toMatchObject({ method: token, lacks: [] })
  })
  it('leaves a hop’s protection alone where a rule accepts nothing else and a method is named', () => {
    expect(wished(tls, [{ token: 'pgp' }])).toMatchObject({
      outcome: 'deliver',
      method: 'tls',
      lacks: ['pgp'],
      wishes: [],
    })
    expect(wished(one('{id: a, then: [{protect: {anyOf: [tls, portal]}}]}'), [{ token: 'pgp' }])).toMatchObject({
      method: 'portal',
      lacks: ['pgp'],
      wishes: [{ rule: 'intent:encrypt' }],
    })
  })
  it('rejects rather than holds where it cannot be had', () => {
    const hold = one('{id: a, then: [{protect: {anyOf: [tls], ifNone: hold}}]}')
    expect(wished(hold, [{ token: 'encrypt' }])).toMatchObject({ outcome: 'reject', method: null })
  })
  it('allows no reply that no rule allows', () => {
    expect(wished(nothing, [{ token: 'portal' }]).steps[0]).toMatchObject({
      do: 'protect',
      method: 'portal',
      reply: false,
    })
  })
  it('stands above a wish for less in one mail', () => {
    const soft = one('{id: a, overridable: true, then: [{protect: {anyOf: [portal]}}]}')
    const both = wished(soft, [{ token: 'plain', reason: 'urgent' }, { token: 'encrypt' }])
    expect(both).toMatchObject({ method: 'portal', wishes: [{ rule: 'intent:encrypt' }] })
  })
})

describe('a wish for links', () => {
  it('takes files in the order of the mail', () => {
    const attachments = [2, 0, 1].map((index) => file(`${index}.pdf`, 1, { index }))
    expect(wished(nothing, [{ token: 'filelink' }], {}, { attachments }).steps[0]).toMatchObject({
      attachments: [0, 1, 2],
    })
    const [draft] = draftsOf(nothing, mail({ attachments, intent: { protection: [{ token: 'filelink' }] } }))
    expect(draft?.plan.get('fileLink')?.value).toMatchObject({ attachments: [0, 1, 2] })
  })
  it('is none without files, and not made of another wish', () => {
    expect(wished(nothing, [{ token: 'filelink' }]).wishes).toEqual([])
    expect(wished(nothing, [{ token: 'sign' }], {}, { attachments: [file('a.pdf')] }).shown).toEqual([
      'sign smime',
      'receipt',
    ])
  })
})

describe('what the address of one recipient asks for', () => {
  const bare = recipient({ address: 'other@partner.example', keys: { smime: 'valid' } })
  const asking = (asked: Wishes, intent: Partial<Intent> = {}, policy = nothing) =>
    decide(
      policy,
      mail({ recipients: [{ ...rich, asked }, bare], intent: { protection: [], ...intent } }),
    ).recipients.map(({ method, reasons }) => [method, reasons.map(({ rule }) => rule).filter((id) => id !== 'a')])
  it('counts for him alone', () => {
    expect(asking([{ token: 'portal' }])).toEqual([
      ['portal', ['intent:encrypt']],
      [null, []],
    ])
  })
  it('comes on top of what the sender asks for everybody', () => {
    expect(asking([{ token: 'portal' }], { protection: [{ token: 'encrypt' }] }).map(([method]) => method)).toEqual([
      'portal',
      'smime',
    ])
  })
  it('never waives protection, and stands against the sender who waives it', () => {
    const soft = one('{id: a, overridable: true, then: [{protect: {anyOf: [smime]}}]}')
    const plain = [{ token: 'plain', reason: 'urgent' }] as const
    expect(asking(plain, {}, soft).map(([method]) => method)).toEqual(['smime', 'smime'])
    expect(asking([{ token: 'encrypt' }], { protection: plain }, soft).map(([method]) => method)).toEqual([
      'smime',
      null,
    ])
  })
  it('needs what is known of his keys', () => {
    const partial = mail({ recipients: [{ ...rich, keys: {}, asked: [{ token: 'encrypt' }] }, bare] })
    expect(neededFacts(nothing, partial).filter(({ lookup }) => lookup === 'keys')).toEqual([
      { recipient: 0, lookup: 'keys' },
    ])
  })
})

describe('a wish for less', () => {
  it('takes links back too where the rule may be overruled', () => {
    const link = one('{id: a, overridable: true, then: [{fileLink: {select: {}, access: link}}]}')
    const attachments = [file('a.pdf')]
    expect(wished(link, [{ token: 'plain' }], { reason: 'urgent' }, { attachments }).shown).toEqual([])
  })
  it('counts for nobody who may be protected more only, among several', () => {
    const soft = one('{id: a, overridable: true, then: [{sign: {with: smime}}]}')
    const tightenOnly = ['else@x.example', rich.address.toUpperCase()]
    expect(wished(soft, [{ token: 'plain', reason: 'urgent' }], { tightenOnly }).shown).toEqual(['sign smime'])
    expect(wished(soft, [{ token: 'plain', reason: 'urgent' }], { tightenOnly: ['else@x.example'] }).shown).toEqual([])
  })
  it('says what it could not waive', () => {
    const mixed = one(
      '{id: a, overridable: true, then: [{sign: {with: smime}}]}',
      '{id: b, then: [{protect: {anyOf: [portal]}}]}',
    )
    expect(wished(mixed, [{ token: 'plain', reason: 'urgent' }])).toMatchObject({ method: 'portal', lacks: ['plain'] })
  })
})
