/** Guarantees before roll-out: what is proved, and the mail that shows what is not. */
import { describe, expect, it } from 'vitest'
import { policyOf, ruleSet, rules } from '../../../test/support/policy.ts'
import { decide, type PolicyFile, proveGuarantees } from '../index.ts'

const SECRET = '{all: [{message.classification: {atLeast: confidential}}, {recipient.external: true}]}'
const GUARANTEE = `  guarantees: [{id: g, title: t, when: ${SECRET}, require: {protectedBy: [smime, pgp, pdf, portal]}}]\n`
const guarded = (...lines: readonly string[]) => ruleSet(`${rules(...lines)}${GUARANTEE}`)
const prove = (...files: readonly PolicyFile[]) => proveGuarantees(policyOf(...files))[0]!
const protect = (more = '', methods = '[smime, pgp, portal]', when = SECRET) =>
  `{id: a, ${more}when: ${when}, then: [{protect: {anyOf: ${methods}}}]}`

describe('proved', () => {
  const cases: readonly [string, readonly PolicyFile[]][] = [
    ['a rule that asks for it', [guarded(protect())]],
    ['a rule for more mail', [guarded(protect('', '[smime]', '{recipient.external: true}'))]],
    [
      'two rules that have only accepted methods in common',
      [guarded(protect('', '[smime, tls]'), '{id: b, then: [{protect: {anyOf: [smime, pdf]}}]}')],
    ],
    [
      'transport as the last resort, behind a portal that anybody can open',
      [guarded(protect('', '[smime, portal, tls]'))],
    ],
    [
      'the same, with a rule that leaves no transport',
      [guarded(protect('', '[smime, portal, tls]'), '{id: b, then: [{protect: {anyOf: [smime]}}]}')],
    ],
    [
      'two rules that divide the mail between them',
      [
        guarded(
          protect('', '[smime]', '{message.classification: secret}'),
          '{id: b, when: {message.classification: {atMost: confidential}}, then: [{protect: {anyOf: [portal]}}]}',
        ),
      ],
    ],
    ['what is refused does not leave', [guarded(`{id: a, when: ${SECRET}, then: [{reject: {text: no}}]}`)]],
    [
      'what is in doubt is deferred',
      [
        guarded(
          '{id: a, when: {recipient.groups: vip}, then: [{protect: {anyOf: [smime]}}]}',
          '{id: b, when: {not: {recipient.groups: vip}}, then: [{protect: {anyOf: [portal]}}]}',
        ),
      ],
    ],
    [
      'every branch',
      [
        guarded(
          `{id: a, when: ${SECRET}, choose: [{when: {recipient.keys.smime: valid}, then: [{protect: {anyOf: [smime]}}]}, {otherwise: true, then: [{hold: {approvers: [x]}}]}]}`,
        ),
      ],
    ],
    [
      'an exception for something else',
      [
        ruleSet(
          `${rules(protect('overridable: true, '), protect().replace('id: a', 'id: b'))}${GUARANTEE}  exceptions: [{id: e, rule: a, reason: r, owner: o, expires: 2030-01-01}]\n`,
        ),
      ],
    ],
  ]
  for (const [name, files] of cases) it(name, () => expect(prove(...files)).toMatchObject({ status: 'proved' }))
})

describe('transport behind the portal is not safe', () => {
  const last = protect('', '[portal, tls]')
  const cases: readonly [string, PolicyFile][] = [
    ['where it comes first for the tenant', ruleSet(`  preference: [tls]\n${rules(last)}${GUARANTEE}`)],
    ['where another rule takes the portal away', guarded(last, '{id: b, then: [{protect: {anyOf: [smime, tls]}}]}')],
    ['where it needs a phone', guarded(last.replace('}}]', ', access: portal-2fa}}]'))],
    [
      'where another rule makes it need a phone',
      guarded(last, '{id: b, then: [{protect: {anyOf: [portal, tls], access: portal-2fa}}]}'),
    ],
  ]
  for (const [name, file] of cases)
    it(name, () => {
      const proof = prove(file)
      expect(proof.status).toBe('counterexample')
      const [got] = decide(policyOf({ ...file, text: file.text.replace(GUARANTEE, '') }), proof.mail!).recipients
      expect(got).toMatchObject({ outcome: 'deliver', method: 'tls' })
    })
})

describe('a mail that breaks it', () => {
  const cases: readonly [string, readonly PolicyFile[], object][] = [
    ['no rule that protects', [guarded('{id: z, then: [receipt]}')], { message: { classification: 'secret' } }],
    ['a method too many', [guarded(protect('', '[smime, tls]'))], { recipients: [{ tls: 'verified' }] }],
    [
      'a direction forgotten',
      [guarded(protect('', '[smime]', '{message.direction: outbound}'))],
      { sender: { ours: false } },
    ],
    ['a rule that is only simulated', [guarded(protect('mode: simulate, '))], {}],
    [
      'a sender who may waive it',
      [guarded(protect('overridable: true, '))],
      { intent: { protection: [{ token: 'plain' }] } },
    ],
    [
      'doubt that is skipped',
      [
        guarded(
          protect('onUnknown: skip, ', '[smime]', '{any: [{recipient.groups: vip}, {not: {recipient.groups: vip}}]}'),
        ),
      ],
      {},
    ],
    [
      'an exception in force',
      [
        ruleSet(
          `${rules(protect('overridable: true, '))}${GUARANTEE}  exceptions: [{id: e, rule: a, reason: r, owner: o, expires: 2020-01-01, when: {sender.department: sales}}]\n`,
        ),
      ],
      {},
    ],
    [
      'a readable copy to strangers',
      [guarded(protect(), '{id: b, then: [{bcc: {to: [x@elsewhere.example], form: plain}}]}')],
      {},
    ],
    [
      'a branch forgotten',
      [
        guarded(
          `{id: a, when: ${SECRET}, choose: [{when: {attachment: {any: {type: step}}}, then: [receipt]}, {otherwise: true, then: [{protect: {anyOf: [smime]}}]}]}`,
        ),
      ],
      { attachments: [{ extension: 'step' }] },
    ],
  ]
  for (const [name, files, facts] of cases) {
    it(name, () => {
      const proof = prove(...files)
      expect(proof).toMatchObject({ status: 'counterexample', mail: facts })
      // What the guarantee enforces at run time is exactly that mail.
      const decided = decide(policyOf(...files), proof.mail!).recipients[0]!
      expect(decided.reasons.map((reason) => reason.rule)).toContain('g')
      expect(decided.outcome).toBe('hold')
    })
  }
})

it('does not decide beyond its budget, and says so', () => {
  // A proof has to tell every combination of these apart.
  const many = Array.from({ length: 16 }, (_, i) => {
    const [a, b] = [`{message.header.x-${i}: a}`, `{message.header.y-${i}: b}`]
    return `{id: r${i}, onUnknown: skip, when: {all: [{any: [${a}, ${b}]}, {any: [{not: ${a}}, {message.header.z-${i}: c}]}]}, then: [{protect: {anyOf: [smime, ${i % 2 ? 'tls' : 'pgp'}]}}]}`
  })
  const proof = prove(guarded(...many, protect('', '[tls, smime]')))
  expect(['counterexample', 'not-decided']).toContain(proof.status)
  expect(proof.cases).toBeLessThanOrEqual(20_001)
})

it('locking only files proves nothing, until a rule wants the whole mail', () => {
  const zip = `{id: a, when: ${SECRET}, then: [{protect: {anyOf: [pdf], password: {channel: sender}, container: zip}}]}`
  const whole = `{id: b, when: ${SECRET}, then: [{protect: {anyOf: [pdf], password: {channel: sender}}}]}`
  expect(prove(guarded(zip)).status).not.toBe('proved')
  expect(prove(guarded(zip, whole)).status).toBe('proved')
})
