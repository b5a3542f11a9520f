import { describe, expect, it } from 'vitest'
import { file, mail, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import { decide } from './decide.ts'
import { gateOf } from './draft.ts'
import { SECOND_FACTOR } from './texts.ts'

it('asks approvers only where somebody can approve, and says nothing without words', () => {
  expect(gateOf('hold', '', ['x'])).toEqual({ outcome: 'hold', texts: [], approvers: ['x'] })
  expect(gateOf('quarantine', 'why', ['x'])).toEqual({ outcome: 'quarantine', texts: ['why'], approvers: ['x'] })
  expect(gateOf('reject', 'why', ['x'])).toEqual({ outcome: 'reject', texts: ['why'], approvers: [] })
  expect(gateOf('defer', 'why', ['x']).approvers).toEqual([])
  expect(gateOf('hold', 'why').approvers).toEqual([])
})

describe('a link with a second factor', () => {
  const link = '{id: a, then: [{fileLink: {select: {}, access: portal-2fa}}]}'
  const attachments = [file('a.pdf')]
  it('is held without a phone, in words, and waits in silence while that is unknown', () => {
    const policy = policyOf(ruleSet(rules(link)))
    const unknown = { ...recipient(), phoneKnown: undefined } as unknown as ReturnType<typeof recipient>
    const { recipients } = decide(policy, mail({ attachments, recipients: [recipient(), unknown] }))
    expect(recipients[0]).toMatchObject({ outcome: 'hold', text: SECOND_FACTOR })
    expect(recipients[1]).toMatchObject({ outcome: 'defer' })
    expect(recipients[1]).not.toHaveProperty('text')
  })
  it('takes a number that the sender gave, and never in the place of one that is known', () => {
    const policy = policyOf(ruleSet(rules(link)))
    const given = { phoneGiven: '+4915112345678' }
    const { recipients } = decide(
      policy,
      mail({ attachments, recipients: [recipient(given), recipient({ ...given, phoneKnown: true }), recipient()] }),
    )
    expect(recipients.map(({ outcome }) => outcome)).toEqual(['deliver', 'deliver', 'hold'])
    expect(recipients[0]?.steps).toMatchObject([{ do: 'fileLink', phone: '+4915112345678' }])
    expect(recipients[1]?.steps[0]).not.toHaveProperty('phone')
  })
  it('names what is missing once, however many ask for it', () => {
    const policy = policyOf(ruleSet(rules(link, '{id: b, then: [{protect: {anyOf: [pdf, portal]}}]}')))
    const [got] = decide(policy, mail({ attachments })).recipients
    expect(got?.missing.map(({ field }) => field)).toEqual(['phone'])
  })
})
