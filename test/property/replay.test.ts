/** Replay looks only at what a change can concern: it must find all that a full comparison finds. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, type Policy } from '../../shared/policy/index.ts'
import { replay } from '../../shared/policy/replay/replay.ts'
import { mail, meaning, policyOf, recipient, ruleSet } from '../support/policy.ts'

const THEN = 'then'
const leaf = fc.constantFrom<unknown>(
  { 'message.subject': { containsTag: '#a' } },
  { 'message.subject': { contains: 'x' } },
  { 'sender.department': 'sales' },
  { 'recipient.domain': ['*.one.example', 'two.example'] },
  { 'recipient.keys.smime': 'valid' },
  { 'recipient.country': 'DE' },
  { not: { 'recipient.groups': 'g' } },
  { 'attachments.totalSize': { gt: '1KB' } },
  { 'message.classification': { atLeast: 'confidential' } },
)
const when = fc.oneof(
  leaf,
  fc.tuple(leaf, leaf).map((all) => ({ all })),
  fc.tuple(leaf, leaf).map((any) => ({ any })),
)
const action = fc.constantFrom<unknown>(
  'receipt',
  { reject: { text: 'no' } },
  { hold: { approvers: ['h@tenant.example'] } },
  { protect: { anyOf: ['smime', 'portal'] } },
  { protect: { anyOf: ['tls'] } },
  { bcc: { to: ['copy@else.example'] } },
  { route: { via: 'r' } },
)
const ruleOf = (id: string) =>
  fc.record({ id: fc.constant(id), when, [THEN]: fc.tuple(action), else: fc.option(fc.tuple(action), { nil: [] }) })
const guarantee = fc.record({
  id: fc.constant('g'),
  title: fc.constant('g'),
  when,
  require: fc.constant({ protectedBy: ['smime', 'portal'] }),
  onViolation: fc.constantFrom('hold', 'reject'),
})
const rules = fc.tuple(...['r1', 'r2', 'r3', 'r4'].map(ruleOf))
const change = fc.record({
  replaced: fc.subarray([0, 1, 2, 3], { maxLength: 2 }),
  dropped: fc.subarray([0, 1, 2, 3], { maxLength: 1 }),
  guarantee: fc.option(guarantee, { nil: null }),
  preference: fc.constantFrom(['smime', 'portal'], ['smime', 'portal'], ['portal', 'smime']),
})
const person = fc.record({
  address: fc.constantFrom('p@two.example', 'q@b.one.example', 'r@three.example'),
  groups: fc.constantFrom(['g'], []),
  country: fc.constantFrom('DE', 'FR', undefined),
  keys: fc.constantFrom({ smime: 'valid' as const }, { smime: 'none' as const }, {}),
})
const input = fc
  .record({
    subject: fc.constantFrom('x', '#a', 'hello', 'x #a'),
    classification: fc.constantFrom('internal', 'secret'),
    department: fc.constantFrom('sales', null, undefined),
    people: fc.uniqueArray(person, { selector: ({ address }) => address, minLength: 1, maxLength: 3 }),
  })
  .map(({ subject, classification, department, people }) => {
    const parts = mail({
      message: { subject, classification },
      recipients: people.map(({ address, groups, country, keys }) =>
        recipient({ address, domain: address.slice(2), groups, keys, ...(country === undefined ? {} : { country }) }),
      ),
    })
    const { department: _, ...sender } = parts.sender
    return { ...parts, sender: department === undefined ? sender : { ...sender, department } }
  })

const load = (list: readonly unknown[], guarantees: readonly unknown[], preference: readonly string[]): Policy =>
  policyOf(
    ruleSet(
      `  preference: ${JSON.stringify(preference)}\n  rules: ${JSON.stringify(list)}\n  guarantees: ${JSON.stringify(guarantees)}\n`,
    ),
  )

describe('replay', () => {
  it('finds every message that a full comparison finds', () => {
    fc.assert(
      fc.property(rules, rules, change, fc.array(input, { minLength: 1, maxLength: 8 }), (old, other, how, mails) => {
        const before = load(old, [], ['smime', 'portal'])
        const list = old.map((rule, i) => (how.replaced.includes(i) ? other[i]! : rule))
        const left = list.filter((_, i) => !how.dropped.includes(i))
        const after = load(left.length > 0 ? left : list, how.guarantee ? [how.guarantee] : [], how.preference)
        const plans = (policy: Policy) =>
          mails.map((one) => {
            const { recipients, copies, once } = meaning(decide(policy, one))
            const bare = recipients.map(({ reasons: _, missing: __, simulated: ___, ...plan }) => plan)
            return JSON.stringify([bare, copies.length, once])
          })
        const [was, is] = [plans(before), plans(after)]
        const changed = was.filter((plan, i) => plan !== is[i]).length
        const report = replay(
          before,
          after,
          mails.map((one, i) => ({ id: String(i), input: one, redacted: false })),
        )
        expect(report.changed).toBe(changed)
        expect(report.evaluated).toBeGreaterThanOrEqual(changed)
        expect(report.byDepartment.reduce((sum, one) => sum + one.changed, 0)).toBe(changed)
      }),
      { numRuns: 500 },
    )
  })
})
