/** Random rule sets and mails on which index, closures and the plain interpreter must agree. */
import type { PolicyInput } from '../../shared/domain/index.ts'
import type { Selection } from '../../shared/policy/compiled-rule.ts'
import { decide } from '../../shared/policy/evaluate/decide.ts'
import { selectByIndex } from '../../shared/policy/evaluate/merge.ts'
import { Facts, messageCache } from '../../shared/policy/facts.ts'
import { loadPolicy, type Policy } from '../../shared/policy/index.ts'
import {
  decideByClosures,
  decidePlainly,
  selectByClosures,
  selectPlainly,
} from '../../shared/policy/reference/interpreter.ts'
import { canonicalJson } from '../../shared/policy/text/canonical.ts'
import { mail, policyOf, recipient } from './policy.ts'
import { type Random, randomFrom } from './random.ts'

const MAILS_A_SET = 250
/** One pair in so many is decided as a whole too, in all three ways. */
const WHOLE = 25
const THEN = 'then'

/**
 * Compares the three ways on `pairs` pairs of a rule set and a mail. Throws on the first difference, with the seed of its
 * rule set; gives how many pairs it saw and how many of the selections had an effect, which must not be few.
 */
export function compareWays(pairs: number, seed: number): { readonly pairs: number; readonly effects: number } {
  let seen = 0
  let effects = 0
  for (let round = seed; seen < pairs; round++) {
    const random = randomFrom(round)
    const policy = randomPolicy(random)
    if (!policy) continue
    for (let i = 0; i < MAILS_A_SET && seen < pairs; i++, seen++) {
      const input = randomMail(random)
      effects += compareSelections(policy, input, round)
      if (i % WHOLE === 0) compareDecisions(policy, input, round)
    }
  }
  return { pairs: seen, effects }
}

function compareSelections(policy: Policy, input: PolicyInput, seed: number): number {
  const caches = [messageCache(), messageCache(), messageCache()]
  let effects = 0
  for (const one of input.recipients) {
    const [indexed, closures, plain] = caches.map((cache) => new Facts(input, one, policy.tenantLabels, cache))
    const expected = shown(selectPlainly(policy, plain!))
    const found = shown(
      selectByIndex(policy, indexed!).filter(({ branch, open }) => branch !== null || open.length > 0),
    )
    const asked = shown(selectByClosures(policy, closures!))
    if (found !== expected || asked !== expected) fail(seed, policy, { input, one, found, asked, expected })
    effects += expected === '' ? 0 : 1
  }
  return effects
}

function compareDecisions(policy: Policy, input: PolicyInput, seed: number): void {
  const expected = canonicalJson(decidePlainly(policy, input))
  const found = canonicalJson(decide(policy, input))
  const asked = canonicalJson(decideByClosures(policy, input))
  if (found !== expected || asked !== expected) fail(seed, policy, { input, found, asked, expected })
}

function fail(seed: number, policy: Policy, details: object): never {
  const rules = policy.rules.map(({ id, source }) => ({ id, when: source.when }))
  throw new Error(`seed ${seed}: ${JSON.stringify({ ...details, rules }, null, 1)}`)
}

function shown(selections: readonly Selection[]): string {
  const names = (uses: Selection['actions']) => uses.map((use) => use.definition.name).join()
  return selections
    .map(({ rule, truth, branch, actions, open }) => [rule.id, truth, branch, names(actions), names(open)].join(' '))
    .join('\n')
}

const DOMAINS = ['x.example', 'cad.x.example', 'y.test', 'partner.example', 'a.b.partner.example', 'bücher.example']
const WORDS = ['offer', 'angebot', '#nis2', '#nis25', 'secret', 're', 'ＯＦＦＥＲ', 'of', 'off']
const DEPARTMENTS = ['sales', 'legal', 'board', 'it']
const TYPES = ['pdf', 'step', 'stp', 'dcm', 'zip', 'docm']
const GROUPS = ['consumers', 'vip', 'doctors']
const LABELS = ['public', 'internal', 'confidential', 'secret']
const KEYS = ['valid', 'expired', 'none'] as const
const SIZES = ['100', '1KB', '1MB', '10MB']

/** One of each kind of leaf: a field and an operator of its type. */
const LEAVES: readonly ((random: Random) => object)[] = [
  (r) => ({ 'message.direction': r.pick(['outbound', 'inbound', 'internal']) }),
  (r) => ({ 'message.subject': { [r.pick(['contains', 'containsTag', 'startsWith', 'endsWith'])]: r.pick(WORDS) } }),
  (r) => ({ 'message.subject': { contains: r.some(WORDS, 2) } }),
  (r) => ({ 'message.subject': { matches: r.pick(['offer|angebot', '\\b(off|re)\\b', 'o.?f', '^re']) } }),
  (r) => ({ 'message.body': { contains: r.some(WORDS, 1 + r.below(3)) } }),
  (r) => ({ 'message.classification': { [r.pick(['is', 'not', 'atLeast', 'atMost'])]: r.pick(LABELS) } }),
  (r) => ({ 'message.classification': r.some(LABELS, 2) }),
  (r) => ({ 'message.protection': r.pick(['encrypt', 'portal', 'sign']) }),
  (r) => ({ 'message.header.x-case': r.pick([{ exists: r.chance(0.5) }, 'a', ['a', 'b'], { not: 'a' }]) }),
  (r) => ({ 'message.header.x-case': { contains: r.pick(['a', 'ab', 'c']) } }),
  (r) => ({ 'message.content': r.pick(['plain', 'calendar', { not: 'plain' }]) }),
  (r) => ({ 'message.size': { [r.pick(['gt', 'lte'])]: r.pick(SIZES) } }),
  (r) => ({ 'attachments.totalSize': { [r.pick(['gt', 'lt', 'is'])]: r.pick(SIZES) } }),
  (r) => ({ 'attachments.count': { [r.pick(['gte', 'is', 'not'])]: r.below(3) } }),
  (r) => ({ 'sender.department': r.pick([r.pick(DEPARTMENTS), r.some(DEPARTMENTS, 2), { not: r.pick(DEPARTMENTS) }]) }),
  (r) => ({ 'sender.department': { notIn: r.some(DEPARTMENTS, 2) } }),
  (r) => ({ 'sender.groups': { inList: r.pick(['people', 'nobody']) } }),
  (r) => ({ 'recipient.domain': r.pick([r.pick(DOMAINS), `*.${r.pick(DOMAINS)}`, r.some(DOMAINS, 2)]) }),
  (r) => ({ 'recipient.domain': { [r.pick(['under', 'under', 'not', 'confusableWith'])]: r.pick(DOMAINS) } }),
  (r) => ({ 'recipient.domain': { [r.pick(['inList', 'notInList'])]: 'partners' } }),
  (r) => ({ 'recipient.address': { [r.pick(['is', 'endsWith', 'contains'])]: `a@${r.pick(DOMAINS)}` } }),
  (r) => ({ 'recipient.external': r.chance(0.5) }),
  (r) => ({ [r.pick(['recipient.keys.smime', 'recipient.keys.pgp'])]: r.pick([r.pick(KEYS), { not: r.pick(KEYS) }]) }),
  (r) => ({ 'recipient.groups': r.pick([r.pick(GROUPS), { exists: r.chance(0.5) }, { contains: r.some(GROUPS, 2) }]) }),
  (r) => ({ 'recipient.phoneKnown': r.chance(0.5) }),
  (r) => ({ 'recipient.lastContact': { [r.pick(['olderThan', 'within'])]: '30d' } }),
  (r) => ({ attachment: { [r.pick(['any', 'any', 'all', 'none'])]: randomSelector(r) } }),
]

function randomSelector(r: Random): object {
  return {
    ...(r.chance(0.7) ? { type: r.pick([r.pick(TYPES), r.some(TYPES, 2), { inList: 'cad' }]) } : {}),
    ...(r.chance(0.3) ? { size: { gte: r.pick(SIZES) } } : {}),
    ...(r.chance(0.3) ? { macro: r.chance(0.5) } : {}),
    ...(r.chance(0.2) ? { name: { contains: r.pick(['plan', 'a', '.']) } } : {}),
  }
}

function randomCondition(r: Random, depth = 0): object {
  if (depth > 3 || r.chance(0.4 + depth * 0.15)) return r.pick(LEAVES)(r)
  const parts = () => Array.from({ length: 1 + r.below(3) }, () => randomCondition(r, depth + 1))
  if (r.chance(0.6)) return { all: parts() }
  return r.chance(0.6) ? { any: parts() } : { not: randomCondition(r, depth + 1) }
}

const ACTIONS = [
  'receipt',
  { hold: { approvers: ['x@tenant.example'] } },
  { reject: { text: 'no' } },
  { sign: { with: 'smime' } },
  { protect: { anyOf: ['smime', 'pgp', 'pdf', 'portal'] } },
  { protect: { anyOf: ['smime', 'portal'], ifNone: 'hold' } },
  { fileLink: { select: { size: { gte: '1KB' } }, access: 'link-code', expires: '9d' } },
  { notify: { to: ['{recipient}'], template: 't' } },
  { archive: { store: 's' } },
  { audit: { level: 'full' } },
]

function randomRule(r: Random, id: string): object {
  const actions = () => r.some(ACTIONS, 1 + r.below(2))
  const options = { id, mode: r.chance(0.1) ? 'simulate' : 'enforce', overridable: r.chance(0.3) }
  const when = r.chance(0.92) ? { when: randomCondition(r) } : {}
  if (r.chance(0.25)) {
    const branch = () => ({ when: randomCondition(r), [THEN]: actions() })
    const last = r.chance(0.5) ? [{ otherwise: true, [THEN]: actions() }] : []
    return { ...options, ...when, choose: [branch(), ...(r.chance(0.5) ? [branch()] : []), ...last] }
  }
  return { ...options, ...when, [THEN]: actions(), ...(r.chance(0.2) ? { else: actions() } : {}) }
}

const LISTS = {
  partners: { type: 'domain', values: ['*.partner.example', 'x.example'] },
  people: { type: 'group', values: ['consumers', 'vip'] },
  nobody: { type: 'group', values: ['none'] },
  cad: { type: 'fileType', values: ['step', 'stp', 'iges'] },
}

/** A policy of one to three sets; null when chance made one that `check` refuses. */
export function randomPolicy(r: Random): Policy | null {
  const layers = ['tenant', ...r.some(['location', 'department', 'user'], r.below(3))]
  const files = layers.map((layer) => {
    const appliesTo = r.chance(0.4) ? { appliesTo: { 'sender.department': r.some(DEPARTMENTS, 2) } } : {}
    const rules = Array.from({ length: 2 + r.below(8) }, (_, i) => randomRule(r, `${layer}-${i}`))
    const exceptions = rules.flatMap((rule, i) =>
      'overridable' in rule && rule.overridable && r.chance(0.3)
        ? [
            {
              id: `e-${layer}-${i}`,
              rule: `${layer}-${i}`,
              reason: 'r',
              owner: 'o',
              expires: '2027-01-01',
              when: randomCondition(r),
            },
          ]
        : [],
    )
    const usable = rules.filter((rule) => layer !== 'user' || !JSON.stringify(rule).includes('"archive"'))
    const known = exceptions.filter(({ rule }) => usable.some((one) => 'id' in one && one.id === rule))
    const guarantees = r.chance(0.3)
      ? [
          {
            id: `g-${layer}`,
            title: 'g',
            when: randomCondition(r),
            require: { protectedBy: ['smime', 'portal'] },
            onViolation: r.pick(['hold', 'reject']),
          },
        ]
      : []
    const spec = { ...appliesTo, lists: LISTS, rules: usable, exceptions: known, guarantees }
    const set = { apiVersion: 'secflow/v1', kind: 'RuleSet', metadata: { name: layer, layer, owner: 'o' }, spec }
    return { name: `${layer}.json`, text: JSON.stringify(set) }
  })
  return loadPolicy(files).policy === null ? null : policyOf(...files)
}

export function randomMail(r: Random): PolicyInput {
  const perhaps = <K extends string, T>(key: K, value: T) => (r.chance(0.15) ? {} : { [key]: value })
  const recipients = Array.from({ length: 1 + r.below(3) }, () => {
    const domain = r.pick(DOMAINS)
    return {
      ...recipient(),
      address: `${r.pick(['a', 'b', 'A'])}@${domain}`,
      domain,
      external: r.chance(0.7),
      keys: { ...perhaps('smime', r.pick(KEYS)), ...perhaps('pgp', r.pick(KEYS)) },
      groups: r.chance(0.15) ? undefined : r.some(GROUPS, r.below(3)),
      phoneKnown: r.chance(0.15) ? undefined : r.chance(0.5),
      lastContact: r.pick([null, undefined, '2026-01-01T00:00:00Z', '2026-02-28T00:00:00Z', 'nonsense']),
    }
  })
  const attachments = Array.from({ length: r.below(4) }, (_, index) => ({
    index,
    name: `${r.pick(['plan', 'bill', ''])}.${r.pick(TYPES)}`,
    extension: r.pick(TYPES),
    type: r.pick([...TYPES, null]),
    declaredType: 'application/octet-stream',
    mismatch: false,
    size: r.pick([10, 1024, 2_000_000]),
    ...perhaps('macro', r.chance(0.5)),
  }))
  const words = Array.from({ length: r.below(4) }, () => r.pick([...WORDS, 'x', '']))
  return mail({
    recipients: recipients as never,
    message: {
      direction: r.pick(['outbound', 'outbound', 'inbound', 'internal']),
      subject: words.join(r.pick([' ', '-', ''])),
      classification: r.pick([...LABELS, 'strange']),
      size: r.pick([50, 2000, 5_000_000]),
      header: r.pick([{}, { 'x-case': ['a'] }, { 'x-case': ['c', 'AB'] }, { 'x-case': [] }]),
      content: r.pick(['plain', 'calendar', 'report']),
      defects: r.chance(0.1) ? ['d'] : [],
      ...perhaps('bodyText', words.join(' and ')),
    },
    sender: { ...perhaps('department', r.pick([...DEPARTMENTS, null])), groups: r.some(GROUPS, r.below(3)) },
    intent: { protection: r.chance(0.3) ? [{ token: r.pick(['encrypt', 'portal', 'sign']) }] : [] },
    attachments,
    ...(r.chance(0.1) ? { attachments: undefined as never } : {}),
  })
}
