/** What must hold for every policy and every mail. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PolicyInput } from '../../shared/domain/index.ts'
import { compileCondition, Slots } from '../../shared/policy/compile.ts'
import { draftsOf } from '../../shared/policy/evaluate/decide.ts'
import { joinPlans, type Plan, type PlanSlot, slotKey } from '../../shared/policy/evaluate/plan.ts'
import { trace } from '../../shared/policy/explain/trace.ts'
import { Facts, messageCache } from '../../shared/policy/facts.ts'
import { decide, explain, explainText, loadPolicy, type Policy } from '../../shared/policy/index.ts'
import { OUTCOMES } from '../../shared/policy/registry/actions/gate.ts'
import { END_TO_END, type Protect } from '../../shared/policy/registry/actions/protect.ts'
import { actions } from '../../shared/policy/registry/actions.ts'
import { canonicalJson } from '../../shared/policy/text/canonical.ts'
import { mail, policyOf, recipient, ruleSet } from '../support/policy.ts'

const RUNS = 300
/** The language's key, spelled so that no object here looks like a promise. */
const THEN = 'then'

const leaf = fc.constantFrom<unknown>(
  { 'message.direction': 'outbound' },
  { 'message.subject': { containsTag: '#NIS2' } },
  { 'message.subject': { matches: 'offer|angebot' } },
  { 'message.classification': { atLeast: 'confidential' } },
  { 'attachments.totalSize': { gt: '1KB' } },
  { attachment: { any: { type: ['pdf', 'step'], size: { gte: 500 } } } },
  { attachment: { all: { macro: false } } },
  { attachment: { none: { encrypted: true } } },
  { 'recipient.keys.smime': 'valid' },
  { 'recipient.keys.pgp': { not: 'valid' } },
  { 'recipient.groups': 'consumers' },
  { 'recipient.phoneKnown': true },
  { 'recipient.domain': ['*.partner.example', 'x.example'] },
  { 'sender.department': 'sales' },
  { 'message.header.x-case': { exists: true } },
  { 'recipient.lastContact': { olderThan: '30d' } },
)
const condition = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
    fc.array(tie('node'), { minLength: 1, maxLength: 3 }).map((any) => ({ any })),
    tie('node').map((not) => ({ not })),
  ),
})).node

const methods = fc.subarray(['smime', 'pgp', 'pdf', 'portal', 'tls'], { minLength: 1 })
const action = fc.oneof(
  fc.constantFrom<unknown>(
    'quarantine',
    'receipt',
    { hold: { approvers: ['x@tenant.example'] } },
    { hold: { approvers: ['y@tenant.example'], text: 'wait' } },
    { reject: { text: 'no' } },
    { defer: {} },
    { sign: { with: 'smime' } },
    { sign: { with: 'pgp' } },
    { route: { via: 'r1' } },
    { route: { via: 'r2' } },
    { bcc: { to: ['x@elsewhere.example'], form: 'plain' } },
    { deliverTo: { role: 'duty' } },
    { deliverTo: { role: 'duty', holders: 'first' } },
    { archive: { store: 's' } },
    { archive: { store: 's', form: 'as-sent' } },
    { notify: { to: ['{recipient}', 'q@tenant.example'], template: 't' } },
    { incident: { webhook: 'soc', category: 'c', severity: 'low' } },
    { incident: { webhook: 'soc', category: 'c', severity: 'high' } },
    { audit: { level: 'full' } },
    { stripHeader: { names: ['x-*-a', 'x-internal-*'].slice(1) } },
    { tagSubject: { prefix: '[x]', remove: ['#NIS2'] } },
    { open: { deliver: 'opened' } },
    { open: { deliver: 'original' } },
    { disclaimer: { text: 'hello', position: 'top' } },
    { api: { endpoint: 'erp' } },
    { setHeader: { name: 'X-A', value: '1' } },
    { setHeader: { name: 'X-A', value: '2' } },
  ),
  methods.map((anyOf) => ({ protect: { anyOf, reply: true } })),
  methods.map((anyOf) => ({
    protect: { anyOf, ifNone: 'hold', password: { channel: 'sms', ifNoPhone: 'hold' }, expires: '7d' },
  })),
  fc
    .tuple(fc.constantFrom('zip', 'pdfs', 'mail'), fc.integer({ min: 4, max: 12 }), fc.constantFrom('1d', '90d'))
    .map(([container, groups, standing]) => ({
      protect: { anyOf: ['pdf', 'portal'], container, password: { channel: 'portal', groups, standing } },
    })),
  fc
    .constantFrom('link', 'link-code', 'portal-2fa')
    .map((access) => ({ fileLink: { select: { size: { gte: 500 } }, access, expires: '9d' } })),
)
const someActions = fc.array(action, { minLength: 1, maxLength: 3 })
const rule = fc.oneof(
  fc.record({ when: condition, [THEN]: someActions, else: fc.oneof(fc.constant([]), someActions) }),
  fc.record({
    when: condition,
    choose: fc.array(fc.record({ when: condition, [THEN]: someActions }), { minLength: 1, maxLength: 2 }),
  }),
)
const options = fc.record({ overridable: fc.boolean(), mode: fc.constantFrom('enforce', 'enforce', 'simulate') })
const ruleList = fc
  .array(fc.tuple(rule, options), { minLength: 1, maxLength: 6 })
  .map((list) => list.map(([body, more], i) => ({ id: `r${i}`, ...body, ...more })))

const perhaps = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })
const key = fc.constantFrom('valid', 'expired', 'none', undefined) as fc.Arbitrary<'valid' | 'none' | undefined>
const person = fc
  .record({
    address: fc.constantFrom('a@x.example', 'b@cad.partner.example', 'c@tenant.example', 'd@bücher.example'),
    domain: fc.constantFrom('x.example', 'cad.partner.example', 'tenant.example'),
    external: fc.boolean(),
    keys: fc.record({ smime: key, pgp: key }),
    groups: perhaps(fc.subarray(['consumers', 'vip'])),
    phoneKnown: perhaps(fc.boolean()),
    lastContact: fc.constantFrom(null, undefined, '2026-01-01T00:00:00Z', 'nonsense'),
    tls: fc.constantFrom(undefined, 'none', 'verified'),
    bcc: fc.boolean(),
  })
  .map((facts) => recipient(facts as never))
const attachment = fc.record({
  index: fc.nat(3),
  name: fc.string(),
  extension: fc.constantFrom('pdf', 'stp', ''),
  type: fc.constantFrom('pdf', 'step', null),
  declaredType: fc.constant('application/pdf'),
  mismatch: fc.boolean(),
  size: fc.nat(2000),
  encrypted: perhaps(fc.boolean()),
  macro: perhaps(fc.boolean()),
})
const token = fc.record({
  token: fc.constantFrom('sign', 'encrypt', 'smime', 'pgp', 'pdf', 'portal', 'filelink', 'plain', 'receipt', 'none'),
  reason: perhaps(fc.string()),
})
const input: fc.Arbitrary<PolicyInput> = fc
  .record({
    recipients: fc.array(person, { maxLength: 4 }),
    attachments: perhaps(fc.array(attachment, { maxLength: 3 })),
    message: fc.record({
      subject: fc.constantFrom('Hello', 'Re: #NIS2', 'Ihr Angebot', '#NIS25'),
      classification: fc.constantFrom('public', 'internal', 'secret', 'strange'),
      direction: fc.constantFrom('outbound', 'inbound', 'internal'),
      header: fc.constantFrom({}, { 'x-case': ['1'], 'x-internal-a': ['b'] }),
      defects: fc.constantFrom([], [], ['d']),
    }),
    sender: fc.record({ department: fc.constantFrom('sales', null, undefined) }),
    intent: fc.record({
      protection: fc.array(token, { maxLength: 3 }),
      tightenOnly: fc.constantFrom(['a@x.example'], []),
    }),
  })
  .map((parts) => mail(parts as never))

const policyFrom = (list: readonly unknown[], more: object = {}, layer = 'tenant'): Policy =>
  policyOf({
    name: 'p.json',
    text: JSON.stringify({
      apiVersion: 'secflow/v1',
      kind: 'RuleSet',
      metadata: { name: 'p', layer, owner: 'o' },
      spec: { rules: list, ...more },
    }),
  })

/** Policies that `check` refuses (two rules with one condition and different values) are no cases. */
const loads = (list: readonly unknown[]) =>
  loadPolicy([
    {
      name: 'p.json',
      text: JSON.stringify({
        apiVersion: 'secflow/v1',
        kind: 'RuleSet',
        metadata: { name: 'p', layer: 'tenant', owner: 'o' },
        spec: { rules: list },
      }),
    },
  ]).policy !== null

describe('decide', () => {
  it('never depends on the order of rules', () => {
    const shuffled = ruleList
      .filter(loads)
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })))
    fc.assert(
      fc.property(shuffled, input, ([list, other], one) => {
        expect(decide(policyFrom(other), one)).toEqual(decide(policyFrom(list), one))
      }),
      { numRuns: RUNS },
    )
  })

  it('never throws on well-typed input, nor does explain', () => {
    fc.assert(
      fc.property(ruleList.filter(loads), input, fc.string(), (list, one, time) => {
        const policy = policyFrom(list)
        expect(decide(policy, { ...one, time }).recipients).toHaveLength(one.recipients.length)
        expect(explainText(explain(policy, one), 'de')).toContain('\n')
      }),
      { numRuns: RUNS },
    )
  })

  it('is never loosened by a guarantee', () => {
    const guarantee = fc.record({ when: condition, methods, onViolation: fc.constantFrom('hold', 'reject', 'defer') })
    fc.assert(
      fc.property(
        ruleList.filter(loads),
        guarantee,
        input,
        (list, { when, methods: protectedBy, onViolation }, one) => {
          const guarantees = [{ id: 'g', title: 't', when, require: { protectedBy }, onViolation }]
          const before = decide(policyFrom(list), one)
          const after = decide(policyFrom(list, { guarantees }), one)
          for (const [i, { outcome, steps }] of after.recipients.entries()) {
            expect(OUTCOMES.indexOf(outcome)).toBeGreaterThanOrEqual(OUTCOMES.indexOf(before.recipients[i]!.outcome))
            if (outcome === 'deliver') expect(steps).toEqual(before.recipients[i]!.steps)
          }
        },
      ),
      { numRuns: RUNS },
    )
  })

  it('delivers nothing that a guarantee forbids', () => {
    const spec = `  guarantees: [{id: g, title: t, when: {recipient.external: true}, require: {protectedBy: [smime, portal]}}]\n`
    fc.assert(
      fc.property(ruleList.filter(loads), input, (list, one) => {
        const guarded = { name: 'g.yaml', text: ruleSet(spec, 'tenant', 'g').text }
        const rules = {
          name: 'p.json',
          text: JSON.stringify({
            apiVersion: 'secflow/v1',
            kind: 'RuleSet',
            metadata: { name: 'p', layer: 'tenant', owner: 'o' },
            spec: { rules: list },
          }),
        }
        for (const [i, decided] of decide(policyOf(guarded, rules), one).recipients.entries()) {
          if (decided.outcome === 'deliver' && one.recipients[i]!.external)
            expect(['smime', 'portal']).toContain(decided.method)
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('is never loosened by a rule of a lower layer', () => {
    fc.assert(
      fc.property(ruleList.filter(loads), ruleList.filter(loads), input, (upper, lower, wishing) => {
        const one = { ...wishing, intent: { ...wishing.intent, protection: [] } }
        const set = (name: string, layer: string, list: readonly { id: string }[]) => ({
          name: `${name}.json`,
          text: JSON.stringify({
            apiVersion: 'secflow/v1',
            kind: 'RuleSet',
            metadata: { name, layer, owner: 'o' },
            spec: { rules: list.map((r) => ({ ...r, id: `${name}-${r.id}`, overridable: false })) },
          }),
        })
        const above = policyOf(set('up', 'tenant', upper))
        const drafts = draftsOf(above, one)
        const alone = decide(above, one)
        const both = decide(policyOf(set('up', 'tenant', upper), set('low', 'department', lower)), one)
        for (const [i, { outcome, steps, method }] of both.recipients.entries()) {
          const before = alone.recipients[i]!
          const accepted = (drafts[i]!.plan.get('protect')?.value as Protect | undefined)?.anyOf
          // A narrower set may pass over a method whose facts are unknown, so there the method counts and not the outcome.
          if (accepted) expect(outcome === 'deliver' ? accepted : [null]).toContain(method)
          else expect(OUTCOMES.indexOf(outcome)).toBeGreaterThanOrEqual(OUTCOMES.indexOf(before.outcome))
          if (outcome !== 'deliver') continue
          for (const step of before.steps) if (step.do !== 'protect') expect(steps.map((s) => s.do)).toContain(step.do)
        }
      }),
      { numRuns: RUNS },
    )
  })
})

describe('the sender', () => {
  it('never gets less than without a wish, unless every rule is overridable', () => {
    const strict = ruleList.map((list) => list.map((one) => ({ ...one, overridable: false }))).filter(loads)
    fc.assert(
      fc.property(strict, input, (list, one) => {
        const policy = policyFrom(list)
        const without = draftsOf(policy, { ...one, intent: { ...one.intent, protection: [] } })
        for (const [i, { method, gate, steps }] of draftsOf(policy, one).entries()) {
          if (gate.outcome !== 'deliver') continue
          const accepted = (without[i]!.plan.get('protect')?.value as Protect | undefined)?.anyOf
          if (accepted) expect(accepted).toContain(method)
          else expect([null, ...END_TO_END]).toContain(method)
          for (const step of without[i]!.steps)
            if (step.do !== 'protect') expect(steps.map((s) => s.do)).toContain(step.do)
        }
      }),
      { numRuns: RUNS },
    )
  })
})

describe('closures and the plain walk', () => {
  it('agree on every condition', () => {
    fc.assert(
      fc.property(condition, input, (when, one) => {
        fc.pre(one.recipients.length > 0)
        const policy = policyFrom([{ id: 'a', when, [THEN]: ['receipt'] }])
        const source = policy.rules[0]!.source.when
        const facts = () => new Facts(one, one.recipients[0]!, policy.tenantLabels, messageCache())
        expect(compileCondition(source, new Slots())(facts())).toBe(trace(policy, source, facts()).truth)
      }),
      { numRuns: 2 * RUNS },
    )
  })
})

describe('joining plans', () => {
  const policy = policyFrom([{ id: 'a', [THEN]: ['receipt'] }])
  /** Plans as rules really make them: the contributions of parsed actions, at several layers. */
  const slot = fc.tuple(action, fc.nat(3), fc.constantFrom('r1', 'r2', 'r3')).map(([use, rank, id]): PlanSlot[] => {
    const parsed = policyFrom([{ id: 'a', [THEN]: [use] }]).rules[0]!.branches[0]!.actions[0]!
    const scene = {
      ...new Facts(mail(), recipient(), policy.tenantLabels, messageCache()).scene(),
      rank,
      select: () => [rank],
    }
    const made = parsed.definition.contribute(parsed.params, scene) ?? []
    return made.map(({ slot: name, value }) => ({
      action: parsed.definition,
      slot: name,
      value,
      by: [{ id, overridable: rank > 1 }],
    }))
  })
  const plan = fc.array(slot, { maxLength: 5 }).map((lists): Plan => {
    let result: Plan = new Map()
    for (const one of lists.flat()) result = joinPlans(result, new Map([[slotKey(one.action, one.slot), one]]))
    return result
  })
  const plain = (p: Plan) =>
    canonicalJson(
      [...p].map(([name, { value, by }]) => [name, value, by]).sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
    )

  it('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(plan, plan, plan, (a, b, c) => {
        expect(plain(joinPlans(a, b))).toBe(plain(joinPlans(b, a)))
        expect(plain(joinPlans(joinPlans(a, b), c))).toBe(plain(joinPlans(a, joinPlans(b, c))))
        expect(plain(joinPlans(a, a))).toBe(plain(a))
      }),
      { numRuns: 2 * RUNS },
    )
  })

  it('knows every action of the registry', () => {
    const names = fc
      .sample(slot, { numRuns: 2000, seed: 1 })
      .flat()
      .map((one) => one.action.name)
    expect([...new Set(names)].sort()).toEqual([...actions.keys()].sort())
  })
})
