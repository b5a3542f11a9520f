import { expect, it } from 'vitest'
import { file, mail, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import type { PolicyInput } from '../../domain/index.ts'
import { explain, explainText } from '../index.ts'

const policy = policyOf(
  ruleSet(
    rules(
      '{id: secret, when: {all: [{message.classification: {atLeast: confidential}}, {recipient.external: true}]}, then: [{protect: {anyOf: [smime], ifNone: reject}}]}',
      '{id: large, when: {attachments.totalSize: {gte: 25MB}}, then: [{hold: {approvers: [a@x.example]}}]}',
      '{id: vip, when: {recipient.groups: vip}, then: [{quarantine: {}}]}',
      '{id: macro, when: {attachment: {any: {macro: true}}}, then: [{reject: {text: no}}]}',
    ),
  ),
)
const flip = (input: PolicyInput) => explain(policy, input).recipients[0]?.flip

it('names the one fact that would stop the mail', () => {
  expect(flip(mail())).toEqual({
    field: 'message.classification',
    from: 'internal',
    to: 'confidential',
    outcome: 'reject',
    method: null,
  })
})
it('names the one fact that would let it go', () => {
  const confidential = mail({ message: { classification: 'confidential' } })
  expect(flip(confidential)).toMatchObject({ field: 'message.classification', to: 'public', outcome: 'deliver' })
  expect(
    flip(mail({ recipients: [recipient({ groups: ['vip', 'other'] })], message: { classification: 'public' } })),
  ).toBeDefined()
  expect(flip(mail({ attachments: [file('a.docm', 10, { macro: true })] }))).toMatchObject({
    outcome: 'deliver',
    field: 'attachments',
  })
})
it('is told in words, and is nothing where one fact is not enough', () => {
  expect(explainText(explain(policy, mail()), 'en')).toContain(
    'Smallest change: message.classification confidential instead of internal',
  )
  expect(explainText(explain(policy, mail()), 'de')).toContain(
    'Kleinste Änderung: message.classification confidential statt internal',
  )
  const twice = policyOf(ruleSet(rules('{id: a, then: [{reject: {text: no}}]}')))
  expect(explain(twice, mail()).recipients[0]?.flip).toBeNull()
})
it('names the one fact that would change how it is protected, where none changes whether it leaves', () => {
  const portal = policyOf(
    ruleSet(
      rules(
        '{id: secret, when: {message.classification: {atLeast: confidential}}, then: [{protect: {anyOf: [portal]}}]}',
      ),
    ),
  )
  const explanation = explain(portal, mail({ message: { classification: 'confidential' } }))
  expect(explanation.recipients[0]?.flip).toMatchObject({ outcome: 'deliver', method: null, to: 'public' })
  expect(explainText(explanation, 'en')).toContain('public instead of confidential: is delivered (unencrypted)')
  expect(explainText(explanation, 'de')).toContain('public statt confidential: wird zugestellt (unverschlüsselt)')
  expect(explainText(explain(portal, mail()), 'en')).toContain('is delivered (by portal)')
})
