/** One test for each sentence of the language's "Meaning". */
import { describe, expect, it } from 'vitest'
import { errorsOf, file, mail, meaning, policyOf, recipient, ruleSet, rules } from '../../test/support/policy.ts'
import { decide, showOnce, showStep } from './index.ts'

const CONFIDENTIAL = { message: { classification: 'confidential' } } as const
const one = (...lines: string[]) => policyOf(ruleSet(rules(...lines)))
const first = (policy: ReturnType<typeof one>, input = mail()) => decide(policy, input).recipients[0]!
const steps = (...args: Parameters<typeof first>) => first(...args).steps.map(showStep)

describe('1 a pure function of revision and input', () => {
  it('gives equal decisions for equal inputs, and another id for another input', () => {
    const policy = one('{id: a, then: [receipt]}')
    expect(decide(policy, mail())).toEqual(decide(policy, mail()))
    expect(decide(policy, mail()).decisionId).not.toBe(decide(policy, mail({ message: { subject: 'x' } })).decisionId)
  })
  it('applies all rules that match, per recipient', () => {
    const policy = one(
      '{id: a, then: [receipt]}',
      '{id: b, when: {recipient.domain: x.example}, then: [{audit: {level: full}}]}',
    )
    const { recipients } = decide(
      policy,
      mail({ recipients: [recipient(), recipient({ domain: 'x.example', address: 'c@x.example' })] }),
    )
    expect(recipients.map((r) => r.steps.map(showStep))).toEqual([['receipt'], ['receipt', 'audit full']])
  })
  it('defers only the recipient whose fact is unknown', () => {
    const policy = one('{id: a, when: {recipient.keys.smime: valid}, then: [{hold: {approvers: [x@y.example]}}]}')
    const { recipients } = decide(
      policy,
      mail({ recipients: [recipient({ keys: {} }), recipient({ address: 'c@partner.example' })] }),
    )
    expect(recipients.map((r) => r.outcome)).toEqual(['defer', 'deliver'])
    expect(recipients[0]!.missing.map((m) => m.field)).toEqual(['recipient.keys.smime'])
  })
  it('does not defer when a known fact settles the rule', () => {
    const policy = one(
      '{id: a, when: {all: [{recipient.keys.smime: valid}, {message.subject: other}]}, then: [{reject: {text: no}}]}',
    )
    expect(first(policy, mail({ recipients: [recipient({ keys: {} })] })).outcome).toBe('deliver')
  })
})

describe('2 results merge as joins', () => {
  it('takes the strictest outcome', () => {
    const gates = [
      '{id: a, then: [{hold: {approvers: [x@y.example]}}]}',
      '{id: b, then: [{reject: {text: no}}]}',
      '{id: c, then: [quarantine]}',
    ]
    expect(first(one(...gates))).toMatchObject({ outcome: 'reject', text: 'no' })
    expect(first(one(...gates.toReversed())).outcome).toBe('reject')
    expect(first(one(gates[0]!, gates[2]!)).outcome).toBe('quarantine')
  })
  it('takes the strictest FileLink access, the earliest expiry, and unites files', () => {
    const policy = one(
      '{id: a, then: [{fileLink: {select: {type: pdf}, access: link, expires: 7d}}]}',
      '{id: b, then: [{fileLink: {select: {type: step}, access: portal, expires: 30d, receipt: true}}]}',
    )
    const attachments = [file('a.pdf', 1, { index: 0 }), file('b.txt', 1, { index: 1 }), file('c.stp', 1, { index: 2 })]
    expect(first(policy, mail({ attachments })).steps).toEqual([
      { do: 'fileLink', attachments: [0, 2], access: 'portal', expires: 7 * 86_400, receipt: true },
    ])
  })
  it('intersects methods and orders them by the one preference of the tenant', () => {
    const spec = `  preference: [pgp, smime]\n${rules('{id: a, then: [{protect: {anyOf: [smime, pgp, portal]}}]}', '{id: b, then: [{protect: {anyOf: [pdf, pgp, smime]}}]}')}`
    const both = recipient({ keys: { smime: 'valid', pgp: 'valid' } })
    expect(first(policyOf(ruleSet(spec)), mail({ recipients: [both] })).method).toBe('pgp')
  })
  it('never lowers the class of an answer', () => {
    const policy = one(
      '{id: a, when: {message.classification: {atLeast: confidential}}, then: [{reject: {text: "no"}}]}',
    )
    const answer = (classification: string, replyTo: { classification: string } | null) =>
      first(policy, mail({ message: { classification, replyTo } })).outcome
    expect(answer('public', { classification: 'confidential' })).toBe('reject')
    expect(answer('confidential', { classification: 'public' })).toBe('reject')
    expect(answer('public', { classification: 'strange' })).toBe('reject')
    expect(answer('internal', { classification: 'public' })).toBe('deliver')
    expect(answer('internal', null)).toBe('deliver')
  })
  it('joins incidents of one category', () => {
    const policy = one(
      '{id: a, then: [{incident: {webhook: soc, category: nis2, text: one, reportWithin: 24h}}]}',
      '{id: b, then: [{incident: {webhook: soc, category: nis2, severity: high, text: two, reportWithin: 72h}}]}',
    )
    expect(decide(policy, mail()).once).toEqual([
      {
        do: 'incident',
        webhook: 'soc',
        category: 'nis2',
        severity: 'high',
        text: 'one; two',
        reportWithin: 86_400,
        rules: ['a', 'b'],
      },
    ])
  })
  it('delivers to a role once, all its holders before the first', () => {
    const policy = one(
      '{id: a, then: [{deliverTo: {role: duty, holders: first}}]}',
      '{id: b, when: {recipient.domain: x.example}, then: [{deliverTo: {role: duty}}, {deliverTo: {role: lead, holders: first}}]}',
    )
    const both = mail({ recipients: [recipient(), recipient({ domain: 'x.example', address: 'c@x.example' })] })
    expect(decide(policy, both).once).toEqual([
      { do: 'deliverTo', role: 'duty', holders: 'all', rules: ['a', 'b'] },
      { do: 'deliverTo', role: 'lead', holders: 'first', rules: ['b'] },
    ])
    expect(decide(policy, mail()).once.map(showOnce)).toEqual(['deliverTo duty first'])
  })
  it('unites copies, notifications, archives and headers', () => {
    const policy = one(
      '{id: a, then: [{bcc: {to: [x@y.example]}}, {archive: {store: s1}}, {notify: {to: ["{sender}"], template: t}}, {setHeader: {name: X-A, value: "1"}}]}',
      '{id: b, then: [{bcc: {to: [w@y.example]}}, {archive: {store: s2}}, {notify: {to: [q@y.example], template: t}}, {setHeader: {name: X-B, value: "2"}}]}',
    )
    const decision = decide(policy, mail())
    expect(decision.once.map(showOnce)).toEqual([
      'archive s1 plain',
      'archive s2 plain',
      'bcc w@y.example,x@y.example as-sent',
      'notify t a@tenant.example,q@y.example',
    ])
    expect(decision.recipients[0]!.steps.map(showStep)).toEqual(['setHeader x-a', 'setHeader x-b'])
  })
  it('gives a single-valued slot to the higher layer', () => {
    const policy = policyOf(
      ruleSet(rules('{id: a, then: [{route: {via: high}}]}')),
      ruleSet(rules('{id: b, final: true, then: [{route: {via: low}}]}'), 'department'),
    )
    expect(steps(policy)).toEqual(['route high'])
  })
  it('reports a difference within a layer, and holds where it only shows at run time', () => {
    expect(
      errorsOf(ruleSet(rules('{id: a, then: [{route: {via: x}}]}', '{id: b, then: [{route: {via: y}}]}'))),
    ).toEqual(['conflicting-value'])
    const policy = one(
      '{id: a, when: {message.subject: hello}, then: [{route: {via: x}}]}',
      '{id: b, then: [{route: {via: y}}]}',
    )
    expect(first(policy)).toMatchObject({ outcome: 'hold', text: 'Rules a and b disagree on route' })
  })
  it('never sends clear text when the intersection is empty or the chain is exhausted', () => {
    const empty = one('{id: a, then: [{protect: {anyOf: [smime]}}]}', '{id: b, then: [{protect: {anyOf: [portal]}}]}')
    expect(first(empty)).toMatchObject({ outcome: 'reject', method: null, steps: [] })
    expect(first(one('{id: a, then: [{protect: {anyOf: [smime, pgp], ifNone: hold}}]}'))).toMatchObject({
      outcome: 'hold',
    })
  })
})

describe('3 layers', () => {
  const tenant = ruleSet(
    rules('{id: a, overridable: true, then: [{protect: {anyOf: [portal]}}]}', '{id: f, final: true, then: [receipt]}'),
  )
  const exception = (extra: string, rule = 'a') =>
    ruleSet(
      `  exceptions:\n    - {id: ex, rule: ${rule}, reason: agreed, owner: o@x.example, ${extra}}\n`,
      'department',
    )
  it('lets a lower layer tighten', () => {
    const policy = policyOf(
      ruleSet(rules('{id: a, then: [{protect: {anyOf: [smime, portal]}}]}')),
      ruleSet(rules('{id: b, then: [{protect: {anyOf: [smime]}}]}'), 'user'),
    )
    expect(first(policy).outcome).toBe('reject')
  })
  it('loosens by an exception until it expires', () => {
    expect(first(policyOf(tenant, exception('expires: 2026-12-31'))).method).toBeNull()
    expect(first(policyOf(tenant, exception('expires: 2026-12-31'))).reasons.map((r) => r.rule)).toContain('ex')
    expect(first(policyOf(tenant, exception('expires: 2026-03-02T10:00:00+01:00'))).method).toBe('portal')
  })
  it('wants an owner, an expiry and an overridable rule', () => {
    expect(errorsOf(tenant, exception('expires: 2026-12-31', 'f'))).toEqual(['exception-not-overridable'])
    expect(errorsOf(tenant, ruleSet('  exceptions: [{id: ex, rule: a, reason: r, owner: o}]\n', 'user'))).toEqual([
      'missing-key',
    ])
    expect(errorsOf(tenant, exception('expires: 2026-12-31', 'nothing'))).toEqual(['exception-target'])
  })
  it('leaves senders outside the selector alone, also in else; an unknown sender may be inside', () => {
    const sales = (rule: string) =>
      policyOf(ruleSet(`  appliesTo: {sender.department: sales}\n${rules(rule)}`, 'department'))
    const either = sales('{id: a, when: {message.subject: other}, then: [receipt], else: [{reject: {text: no}}]}')
    const by = (department: string | null | undefined) => mail({ sender: { department } as never })
    expect(['sales', 'it', null, undefined].map((one) => first(either, by(one)).outcome)).toEqual([
      'reject',
      'deliver',
      'deliver',
      'defer',
    ])
  })
  it('keeps route, api, bcc, archive and setHeader from the user layer', () => {
    for (const action of [
      '{route: {via: x}}',
      '{api: {endpoint: x}}',
      '{bcc: {to: [x@y.example]}}',
      '{archive: {store: x}}',
      '{setHeader: {name: X-A, value: b}}',
    ]) {
      expect(errorsOf(ruleSet(rules(`{id: a, then: [${action}]}`), 'user'))).toEqual(['action-not-in-layer'])
    }
  })
  it('keeps order, preference and labels to the tenant layer', () => {
    expect(errorsOf(ruleSet('  preference: [smime]\n', 'department'))).toEqual(['only-in-tenant-layer'])
  })
})

describe('4 order', () => {
  const order = (list: string) =>
    ruleSet(
      `  order: [${list}]\n${rules('{id: a, then: [{sign: {with: smime}}, {audit: {level: full}}, {stripHeader: {names: [x-a]}}]}')}`,
    )
  it('moves phases', () => {
    const policy = policyOf(order('gate, audit, rewrite, attach, archive, sign, protect, copy, route, notify'))
    expect(steps(policy)).toEqual(['audit full', 'stripHeader', 'sign smime'])
  })
  it('refuses what breaks the partial order or leaves out a phase', () => {
    expect(errorsOf(order('gate, sign, rewrite, attach, archive, protect, copy, route, notify, audit'))).toEqual([
      'order-violated',
      'order-violated',
    ])
    expect(errorsOf(order('gate, rewrite'))).toEqual(['order-incomplete'])
  })
})

describe('5 copies', () => {
  const people = (...names: string[]) =>
    names.map((name) => recipient({ address: `${name}@partner.example`, keys: { smime: 'valid', pgp: 'none' } }))
  const policy = one('{id: a, then: [{protect: {anyOf: [smime, portal]}}]}')
  it('shares one copy among equal plans', () => {
    expect(decide(policy, mail({ recipients: people('a', 'b', 'c') })).copies.map((c) => c.recipients)).toEqual([
      [0, 1, 2],
    ])
  })
  it('gives a blind recipient of S/MIME a copy of their own', () => {
    const [a, b, c] = people('a', 'b', 'c')
    const blind = [a!, { ...b!, bcc: true }, { ...c!, bcc: true }]
    expect(decide(policy, mail({ recipients: blind })).copies.map((x) => x.recipients)).toEqual([[0], [1], [2]])
    expect(decide(one('{id: a, then: [receipt]}'), mail({ recipients: blind })).copies).toHaveLength(1)
  })
})

describe('7 guarantees', () => {
  const guarantee = `  guarantees:\n    - {id: g, title: never clear, when: {all: [{message.classification: {atLeast: confidential}}, {recipient.external: true}]}, require: {protectedBy: [smime, portal]}}\n`
  it('replaces the outcome of a mail that no rule protected', () => {
    const policy = policyOf(ruleSet(guarantee))
    expect(first(policy, mail(CONFIDENTIAL))).toMatchObject({
      outcome: 'hold',
      text: 'never clear',
      reasons: [{ rule: 'g', layer: 'guarantee' }],
    })
    expect(first(policy).outcome).toBe('deliver')
  })
  it('stands above exceptions and the sender', () => {
    const spec = `${guarantee}  exceptions: [{id: ex, rule: a, reason: r, owner: o, expires: 2030-01-01}]\n${rules('{id: a, overridable: true, then: [{protect: {anyOf: [portal]}}]}')}`
    const plain = { protection: [{ token: 'plain', reason: 'hurry' }] } as const
    expect(first(policyOf(ruleSet(spec)), mail({ ...CONFIDENTIAL, intent: plain })).outcome).toBe('hold')
  })
  it('counts an unknown condition as true', () => {
    const spec = `  guarantees: [{id: g, title: t, when: {recipient.groups: vip}, require: {protectedBy: [smime]}, onViolation: reject}]\n`
    const { groups: _, ...unknown } = recipient()
    expect(first(policyOf(ruleSet(spec)), mail({ recipients: [unknown] })).outcome).toBe('reject')
  })
  it('treats destinations that actions add as recipients', () => {
    const to = (address: string, form: string) =>
      policyOf(
        ruleSet(
          `${guarantee}${rules(`{id: a, then: [{protect: {anyOf: [portal]}}, {bcc: {to: [${address}], form: ${form}}}]}`)}`,
        ),
      )
    expect(first(to('x@elsewhere.example', 'plain'), mail(CONFIDENTIAL)).outcome).toBe('hold')
    expect(first(to('x@elsewhere.example', 'as-sent'), mail(CONFIDENTIAL)).outcome).toBe('deliver')
    expect(first(to('x@tenant.example', 'plain'), mail(CONFIDENTIAL)).outcome).toBe('deliver')
    const api = policyOf(
      ruleSet(
        `  guarantees: [{id: g, title: t, when: {recipient.external: true}, require: {protectedBy: [smime]}}]\n${rules('{id: a, then: [{api: {endpoint: erp}}]}')}`,
      ),
    )
    const inside = recipient({ external: false, direction: 'internal' })
    expect(first(api, mail({ recipients: [inside] })).outcome).toBe('hold')
  })
})

describe('7 unknown in branches', () => {
  const rule = (then: string, otherwise: string) =>
    one(
      `{id: a, choose: [{when: {recipient.phoneKnown: true}, then: [${then}]}, {otherwise: true, then: [${otherwise}]}]}`,
    )
  const { phoneKnown: _, ...nobody } = recipient()
  const unknown = mail({ recipients: [nobody] })
  it('applies onUnknown when any branch in reach is restrictive', () => {
    expect(first(rule('receipt', '{protect: {anyOf: [portal]}}'), unknown).outcome).toBe('defer')
    expect(first(rule('{protect: {anyOf: [portal]}}', 'receipt'), unknown).outcome).toBe('defer')
  })
  it('skips what is not restrictive and says so', () => {
    expect(first(rule('receipt', '{audit: {level: full}}'), unknown)).toMatchObject({
      outcome: 'deliver',
      steps: [],
      missing: [{ field: 'recipient.phoneKnown' }],
    })
  })
  it('takes the strictest onUnknown across sets', () => {
    const set = (layer: string, onUnknown: string) =>
      ruleSet(
        `  onUnknown: ${onUnknown}\n${rules(`{id: ${layer}, when: {recipient.phoneKnown: true}, then: [{reject: {text: no}}]}`)}`,
        layer,
      )
    expect(first(policyOf(set('tenant', 'hold'), set('department', 'skip')), unknown).outcome).toBe('hold')
    expect(first(policyOf(set('tenant', 'defer'), set('user', 'quarantine')), unknown).outcome).toBe('quarantine')
  })
  it('concludes nothing from not having seen an attachment in a broken structure', () => {
    const policy = one('{id: a, when: {attachment: {any: {type: exe}}}, then: [quarantine]}')
    expect(first(policy, mail({ message: { defects: ['bad-boundary'] } })).outcome).toBe('defer')
    expect(first(policy, mail({ attachments: [file('a.exe')], message: { defects: ['bad-boundary'] } })).outcome).toBe(
      'quarantine',
    )
  })
})

describe('7 intent', () => {
  const chain = one('{id: a, then: [{protect: {anyOf: [smime, portal]}}]}')
  const wish = (...protection: Parameters<typeof mail>[0] extends infer _ ? { token: never }[] : never) => ({
    intent: { protection },
  })
  const asks = (token: string, more = {}) => wish({ token: token as never, ...more })
  const rich = [recipient({ keys: { smime: 'valid', pgp: 'valid' } })]
  it('reorders the accepted set and never empties it', () => {
    expect(first(chain, mail({ recipients: rich })).method).toBe('smime')
    expect(first(chain, mail({ recipients: rich, ...asks('portal') })).method).toBe('portal')
    expect(first(chain, mail({ recipients: rich, ...asks('pgp') }))).toMatchObject({
      method: 'smime',
      missing: [{ field: 'pgp' }],
    })
  })
  it('adds protection where no rule asks for it', () => {
    const nothing = one('{id: a, then: [receipt]}')
    expect(first(nothing, mail(asks('encrypt'))).method).toBe('portal')
    expect(steps(nothing, mail({ attachments: [file('a.pdf')], ...asks('filelink', { expires: 60 }) }))).toEqual([
      'fileLink link',
      'receipt',
    ])
    expect(steps(nothing, mail(asks('sign')))).toEqual(['sign smime', 'receipt'])
  })
  it('takes less only from overridable rules and with a reason', () => {
    const soft = one('{id: a, overridable: true, then: [{protect: {anyOf: [portal]}}]}')
    const mixed = one(
      '{id: a, overridable: true, then: [{protect: {anyOf: [portal]}}]}',
      '{id: b, then: [{protect: {anyOf: [portal]}}]}',
    )
    expect(first(soft, mail(asks('plain', { reason: 'agreed by phone' })))).toMatchObject({
      method: null,
      reasons: [{ rule: 'a' }, { rule: 'intent:plain' }],
    })
    expect(first(soft, mail(asks('plain')))).toMatchObject({ method: 'portal', missing: [{ field: 'reason' }] })
    expect(first(mixed, mail(asks('plain', { reason: 'x' })))).toMatchObject({
      method: 'portal',
      missing: [{ field: 'plain' }],
    })
  })
  it('only tightens for recipients that the stamp does not cover', () => {
    const soft = one('{id: a, overridable: true, then: [{protect: {anyOf: [smime, portal]}}]}')
    const only = (token: string) => ({
      recipients: rich,
      intent: { protection: [{ token: token as never, reason: 'x' }], tightenOnly: ['B@Partner.example'] },
    })
    expect(first(soft, mail(only('plain'))).method).toBe('smime')
    expect(first(soft, mail(only('portal'))).method).toBe('smime')
  })
})

describe('7 direction', () => {
  it('skips internal recipients in rules for outbound mail', () => {
    const policy = one('{id: a, when: {message.direction: outbound}, then: [receipt]}')
    const inside = recipient({ address: 'x@tenant.example', external: false, direction: 'internal' })
    expect(decide(policy, mail({ recipients: [inside, recipient()] })).recipients.map((r) => r.steps.length)).toEqual([
      0, 1,
    ])
  })
})

describe('7 once per message', () => {
  const policy = one(
    '{id: a, then: [{incident: {webhook: soc, category: c}}, {archive: {store: s}}, {bcc: {to: [x@tenant.example]}}, {api: {endpoint: e}}]}',
    '{id: b, when: {recipient.domain: bad.example}, then: [{reject: {text: no}}]}',
  )
  const bad = recipient({ address: 'b@bad.example', domain: 'bad.example' })
  it('fires incident and archive also on reject, blind copies only with a delivery', () => {
    expect(decide(policy, mail({ recipients: [bad] })).once.map((step) => step.do)).toEqual(['archive', 'incident'])
    const both = decide(policy, mail({ recipients: [bad, recipient(), recipient({ address: 'c@partner.example' })] }))
    expect(both.once.map((step) => step.do)).toEqual(['archive', 'bcc', 'incident'])
    expect(both.recipients.map((r) => r.steps.map(showStep))).toEqual([[], ['api e'], ['api e']])
  })
  it('satisfies only the released gate when a hold is lifted', () => {
    const held = one(
      '{id: a, then: [{hold: {approvers: [x@y.example]}}]}',
      '{id: b, when: {message.subject: bad}, then: [quarantine]}',
    )
    const release = [{ address: 'b@partner.example', rules: ['a'] }]
    expect(decide(held, mail(), release).recipients[0]!.outcome).toBe('deliver')
    expect(decide(held, mail({ message: { subject: 'bad' } }), release).recipients[0]!.outcome).toBe('quarantine')
  })
})

describe('reasons', () => {
  it('name first what decided the outcome, then what protects, then the rest', () => {
    const policy = one(
      '{id: a, then: [receipt]}',
      '{id: b, then: [{sign: {with: smime}}]}',
      '{id: c, when: {message.subject: bad}, then: [{reject: {text: no}}]}',
    )
    const named = (subject: string) => first(policy, mail({ message: { subject } })).reasons.map((r) => r.rule)
    expect(named('bad')).toEqual(['c', 'b', 'a'])
    expect(named('good')).toEqual(['b', 'a'])
  })
})

describe('conditions and branches', () => {
  it('takes else where the condition does not hold, and the first branch that does', () => {
    const rule = one('{id: a, when: {message.subject: x}, then: [receipt], else: [{audit: {level: full}}]}')
    expect(steps(rule)).toEqual(['audit full'])
    expect(steps(rule, mail({ message: { subject: 'X' } }))).toEqual(['receipt'])
    const chosen = one(
      '{id: a, choose: [{when: {message.subject: x}, then: [{route: {via: r1}}]}, {when: {message.subject: {startsWith: x}}, then: [{route: {via: r2}}]}, {otherwise: true, then: [{route: {via: r3}}]}]}',
    )
    expect(['x', 'xy', 'y'].map((subject) => steps(chosen, mail({ message: { subject } }))[0])).toEqual([
      'route r1',
      'route r2',
      'route r3',
    ])
  })
  it('sends a notification to nobody when the sender is the null sender', () => {
    const policy = one('{id: a, then: [{notify: {to: ["{sender}"], template: t}}]}')
    expect(decide(policy, mail({ sender: { address: '' } })).once).toEqual([])
  })
})

describe('second factor and modes', () => {
  const link = one('{id: a, then: [{fileLink: {select: {}, access: portal-2fa}}]}')
  it('holds a link with a second factor for somebody without a phone', () => {
    const attachments = [file('a.step')]
    expect(first(link, mail({ attachments }))).toMatchObject({ outcome: 'hold', missing: [{ field: 'phone' }] })
    expect(first(link, mail({ attachments, recipients: [recipient({ phoneKnown: true })] })).outcome).toBe('deliver')
    expect(first(link).outcome).toBe('deliver')
  })
  it('reports simulated rules and leaves disabled ones out', () => {
    const policy = one(
      '{id: a, mode: simulate, then: [{reject: {text: no}}]}',
      '{id: b, mode: disabled, then: [{reject: {text: no}}]}',
    )
    expect(first(policy)).toMatchObject({ outcome: 'deliver', simulated: ['a'], reasons: [] })
  })
  it('has one revision for one meaning', () => {
    const a = '{id: a, then: [receipt]}'
    const b = '{id: b, then: [{audit: {level: full}}] }  # comment'
    expect(one(a, b).revision).toBe(one(b, a).revision)
    expect(meaning(decide(one(a, b), mail()))).toEqual(meaning(decide(one(b, a), mail())))
    expect(one(a).revision).not.toBe(one(b).revision)
  })
})
