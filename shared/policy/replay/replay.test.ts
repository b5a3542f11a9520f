import { describe, expect, it } from 'vitest'
import { mail as anyMail, file, policyOf, recipient, ruleSet, rules } from '../../../test/support/policy.ts'
import type { PolicyInput } from '../../domain/index.ts'
import { decide } from '../evaluate/decide.ts'
import type { Policy } from '../policy.ts'
import { changesBetween } from './changed.ts'
import { type RecordedInput, redactInput, rulesOf } from './record.ts'
import { replay } from './replay.ts'

/** A mail whose body is known and empty. */
const mail: typeof anyMail = (parts = {}) => anyMail({ ...parts, message: { bodyText: '', ...parts.message } })
const policy = (...lines: readonly string[]) => policyOf(ruleSet(rules(...lines)))
const BASE = [
  '{id: bulk, when: {message.header.x-bulk: {exists: true}}, then: [{reject: {text: no bulk}}]}',
  '{id: secret, when: {message.classification: {atLeast: secret}}, then: [{protect: {anyOf: [smime, portal]}}]}',
  '{id: words, when: {message.body: {contains: codeword}}, then: [{hold: {approvers: [x@tenant.example]}}]}',
  '{id: idle, when: {message.subject: {containsTag: "#never"}}, then: [receipt]}',
]
const before = policy(...BASE)
const record = (of: Policy, id: string, input: PolicyInput): RecordedInput => ({
  id,
  ...redactInput(input),
  rules: rulesOf(decide(of, input)),
})
const inputs = [
  record(before, 'bulk', mail({ message: { header: { 'x-bulk': ['1'] } }, sender: { department: 'sales' } })),
  record(
    before,
    'secret',
    mail({
      message: { classification: 'secret' },
      recipients: [
        recipient({ address: 'c@x.example' }),
        recipient({ address: 'd@x.example', keys: { smime: 'valid' } }),
      ],
    }),
  ),
  record(before, 'plain', mail()),
  record(before, 'words', mail({ message: { bodyText: 'the codeword' } })),
]

describe('replay', () => {
  it('of an equal policy decides nothing', () => {
    const report = replay(before, policy(...BASE.toReversed()), inputs)
    expect(report).toMatchObject({ total: 4, evaluated: 0, changed: 0, matrix: [], examples: [], copiesDelta: 0 })
    expect(report.changes).toEqual({
      added: [],
      removed: [],
      changed: [],
      guarantees: [],
      exceptions: [],
      settings: [],
    })
    expect(report.neverHit).toEqual(['idle'])
    expect(report.hitsKnown).toBe(true)
  })
  it('shows what opens: reject to deliver, encrypted to clear', () => {
    const report = replay(before, policy(BASE[2]!, BASE[3]!), inputs)
    expect(report.changes.removed).toEqual(['bulk', 'secret'])
    expect(report).toMatchObject({ total: 4, evaluated: 2, changed: 2, recipients: { total: 5, changed: 3 } })
    expect(report.gates).toEqual({
      rejectToDeliver: { recipients: 1, examples: ['bulk'] },
      encryptedToClear: { recipients: 2, examples: ['secret'] },
    })
    expect(report.matrix).toContainEqual({
      before: { outcome: 'deliver', method: 'smime' },
      after: { outcome: 'deliver', method: null },
      recipients: 1,
    })
    expect(report.byDepartment).toEqual([
      { department: null, total: 3, changed: 1 },
      { department: 'sales', total: 1, changed: 1 },
    ])
    expect(report.copiesDelta).toBe(0)
  })
  it('counts copies, new waits and rules that meet nothing', () => {
    const report = replay(
      before,
      policy(
        ...BASE,
        '{id: unknown, when: {recipient.country: DE}, then: [{protect: {anyOf: [portal]}}]}',
        '{id: unheard, when: {message.subject: unheard}, then: [receipt]}',
      ),
      inputs,
    )
    expect(report.changes.added).toEqual(['unheard', 'unknown'])
    expect(report.newDefers).toBe(4)
    expect(report.neverHit).toEqual(['idle', 'unheard'])
    expect(report.copiesDelta).toBe(-4)
  })
  it('says what cannot be replayed without its words', () => {
    const opened = replay(before, policy(...BASE.filter((_, i) => i !== 2)), inputs)
    expect(opened).toMatchObject({ changed: 0, notReplayable: { inputs: 1, rules: ['words'] } })
    expect(replay(before, before, inputs).notReplayable).toEqual({ inputs: 1, rules: ['words'] })
    expect(replay(before, before, inputs.slice(0, 3)).notReplayable).toEqual({ inputs: 0, rules: [] })
  })
  it('without the rules of the time says nothing of rules that stayed', () => {
    const bare = inputs.map(({ rules: _, ...one }) => one)
    const report = replay(before, policy(...BASE, '{id: fresh, when: {message.subject: x}, then: [receipt]}'), bare)
    expect(report).toMatchObject({ hitsKnown: false, neverHit: ['fresh'] })
  })
})

describe('changes', () => {
  const changed = (a: string, b: string) => changesBetween(policy(a), policy(b)).changed
  it('are told by meaning, not by text', () => {
    const a = '{id: a, title: x, when: {attachments.totalSize: {gte: 1MB}}, then: [receipt]}'
    expect(changed(a, '{id: a, title: y, when: {attachments.totalSize: {gte: 1000KB}}, then: [receipt]}')).toEqual(
      changed(a, a.replace('1MB', String(1_000_000))),
    )
    expect(changed(a, a.replace('title: x', 'title: z'))).toEqual([])
    for (const other of [
      a.replace('1MB', '2MB'),
      a.replace('gte', 'gt'),
      a.replace('receipt', 'quarantine'),
      a.replace('{id: a,', '{id: a, final: true,'),
      a.replace('{id: a,', '{id: a, mode: simulate,'),
      a.replace('{id: a,', '{id: a, onUnknown: hold,'),
    ])
      expect(changed(a, other)).toEqual(['a'])
  })
  it('see into lists, selectors and settings', () => {
    const listed = (values: string, preference = '[smime, pgp]', owner = 'x') =>
      policyOf({
        name: 'a.yaml',
        text: `apiVersion: secflow/v1
kind: RuleSet
metadata: {name: a, layer: tenant, owner: ${owner}@tenant.example}
spec:
  preference: ${preference}
  lists: {l: {type: fileType, values: ${values}}}
  rules:
    - {id: a, when: {attachment: {any: {type: {inList: l}}}}, then: [{fileLink: {select: {type: {inList: l}}, access: link, expires: 1d}}]}
`,
      })
    const base = listed('[dcm]')
    expect(changesBetween(base, listed('[dcm]'))).toEqual(changesBetween(base, base))
    expect(changesBetween(base, listed('[dcm, pdf]')).changed).toEqual(['a'])
    expect(changesBetween(base, listed('[dcm]', '[pgp, smime]')).settings).toEqual(['preference'])
    expect(changesBetween(base, listed('[dcm]', '[smime, pgp]', 'y')).settings).toEqual(['owner'])
    const one = { id: 'm', redacted: false, input: mail({ attachments: [file('a.pdf')] }) }
    expect(replay(base, listed('[dcm, pdf]'), [one])).toMatchObject({ evaluated: 1, changed: 1 })
    expect(replay(base, listed('[dcm, step]'), [one])).toMatchObject({ evaluated: 0, changed: 0 })
  })
  it('of guarantees and exceptions count where they hold', () => {
    const set = (more: string) =>
      policyOf(
        ruleSet(
          `${rules('{id: a, overridable: true, when: {message.subject: a}, then: [{protect: {anyOf: [portal]}}]}')}${more}`,
        ),
      )
    const guarded = set(
      '  guarantees: [{id: g, title: g, when: {recipient.external: true}, require: {protectedBy: [portal]}, onViolation: hold}]\n',
    )
    const excepted = set(
      '  exceptions: [{id: e, rule: a, owner: o@tenant.example, reason: x, expires: 2027-01-01, when: {recipient.domain: partner.example}}]\n',
    )
    const all = ['a', 'b'].map((subject) => ({ id: subject, redacted: false, input: mail({ message: { subject } }) }))
    expect(replay(set(''), guarded, all)).toMatchObject({ evaluated: 2, changed: 1, examples: ['b'] })
    expect(replay(set(''), excepted, all)).toMatchObject({ evaluated: 2, changed: 1, examples: ['a'] })
  })
})

describe('a recorded input', () => {
  it('holds no words, and says so', () => {
    const full = anyMail({
      message: { bodyText: 'words' },
      attachments: [file('a.pdf', 1, { text: 'more' }), file('b.pdf', 1)],
    })
    const { input, redacted } = redactInput(full)
    expect(redacted).toBe(true)
    expect(JSON.stringify(input)).not.toMatch(/words|more/)
    expect(input.message.bodyText).toBe('')
    expect(input.attachments?.map((one) => one.text)).toEqual(['', undefined])
    const bare = anyMail()
    expect(redactInput(bare)).toEqual({ input: bare, redacted: false })
    expect(redactInput(bare).input.message).not.toHaveProperty('bodyText')
  })
})
