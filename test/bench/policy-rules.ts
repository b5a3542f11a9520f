/**
 * Rules and mails for the policy benchmark, the same in every run. A rule has five conditions: most join them all, one in
 * ten has an `any` of two, one in ten a `not`. One in a hundred is planted to match the mail that is measured for at least
 * one of its recipients; every other one is drawn again while it matches.
 */
import type { PolicyInput } from '../../shared/domain/index.ts'
import { file, mail, recipient } from '../support/policy.ts'
import { type Random, randomFrom } from '../support/random.ts'

export type BenchLeaf =
  | { readonly field: string; readonly op: 'is'; readonly value: string | boolean }
  | { readonly field: string; readonly op: 'in' | 'extensionIn'; readonly value: readonly string[] }
  | { readonly field: string; readonly op: 'under' | 'contains'; readonly value: string }
  | { readonly field: string; readonly op: 'above' | 'sizeAbove'; readonly value: number }
export type BenchCondition =
  | BenchLeaf
  | { readonly all: readonly BenchCondition[] }
  | { readonly any: readonly BenchCondition[] }
  | { readonly not: BenchCondition }

export interface BenchRule {
  readonly id: string
  readonly when: { readonly all: readonly BenchCondition[] }
}

/** What the conditions look at, in one flat object, as the peers get it. */
export interface BenchScene {
  readonly subject: string
  readonly size: number
  readonly classification: string
  readonly action: string
  readonly department: string
  readonly location: string
  readonly role: string
  readonly attachments: readonly { readonly extension: string; readonly size: number }[]
  readonly domain: string
  readonly smime: boolean
  readonly external: boolean
  readonly direction: string
}

const numbered = (prefix: string, count: number, known: readonly string[] = []) =>
  Array.from({ length: count }, (_, i) => known[i] ?? `${prefix}${String(i).padStart(4, '0')}`)
const MB = 1_048_576
const DOMAINS = numbered('d', 5000).map((name, i) => `${name}.${['example', 'test', 'invalid'][i % 3]}`)
const EXTENSIONS = numbered('x', 120, ['pdf', 'docx', 'xlsx', 'step', 'stp', 'dcm', 'zip', 'dwg', 'png', 'jpg'])
const KEYWORDS = numbered('kw', 400, ['#nis2', 'offer', 'invoice', 'contract', 'salary', 'patent'])
export const LABELS = [
  'public',
  'internal',
  'personal',
  'finance',
  'legal',
  'medical',
  'export',
  'hr',
  'gdpr',
  'nda',
  'confidential',
  'secret',
]
const DEPARTMENTS = numbered('dep', 40)
const LOCATIONS = numbered('loc', 30)
const ROLES = numbered('role', 12)
const ACTIONS = ['none', 'encrypt', 'sign', 'filelink', 'portal', 'send-anyway']
const DIRECTIONS = ['outbound', 'inbound', 'internal']

const MAIL: Omit<BenchScene, 'domain' | 'smime' | 'external'> = {
  subject: 're: offer for gearbox housing rev. c - contract annex #nis2',
  size: 158 * MB,
  classification: 'confidential',
  direction: 'outbound',
  action: 'none',
  department: DEPARTMENTS[7]!,
  location: LOCATIONS[3]!,
  role: ROLES[2]!,
  attachments: [
    { extension: 'step', size: 35 * MB },
    { extension: 'dcm', size: 120 * MB },
    { extension: 'pdf', size: 2 * MB },
  ],
}

/** The mail that is measured: five recipients, two of them alike, and three attachments. */
export const SCENES: readonly BenchScene[] = [
  { ...MAIL, domain: DOMAINS[17]!, smime: true, external: true },
  { ...MAIL, domain: `mail.${DOMAINS[42]!}`, smime: false, external: true },
  { ...MAIL, domain: DOMAINS[1234]!, smime: false, external: true },
  { ...MAIL, domain: DOMAINS[1234]!, smime: false, external: true },
  { ...MAIL, domain: DOMAINS[4990]!, smime: true, external: false },
]

/** 500 recipients at as many domains. */
export const MANY: readonly BenchScene[] = Array.from({ length: 500 }, (_, i) => ({
  ...MAIL,
  domain: DOMAINS[i * 9]!,
  smime: i % 2 === 0,
  external: true,
}))

export function holds(condition: BenchCondition, scene: BenchScene): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, scene))
  if ('any' in condition) return condition.any.some((part) => holds(part, scene))
  if ('not' in condition) return !holds(condition.not, scene)
  const value = scene[condition.field as keyof BenchScene]
  switch (condition.op) {
    case 'is':
      return value === condition.value
    case 'in':
      return condition.value.includes(String(value))
    case 'under':
      return value === condition.value || String(value).endsWith(`.${condition.value}`)
    case 'contains':
      return String(value).includes(condition.value)
    case 'above':
      return Number(value) > condition.value
    case 'extensionIn':
      return scene.attachments.some(({ extension }) => condition.value.includes(extension))
    case 'sizeAbove':
      return scene.attachments.some(({ size }) => size > condition.value)
  }
}

type Kind = (random: Random, scene: BenchScene | null) => BenchLeaf
const KINDS: Readonly<Record<string, Kind>> = {
  domain(r, scene) {
    const value = scene?.domain ?? r.pick(DOMAINS)
    const draw = r.below(100)
    if (draw < 45) return { field: 'domain', op: 'is', value }
    if (draw < 75) return { field: 'domain', op: 'in', value: [...new Set([value, ...r.some(DOMAINS, 2)])] }
    return {
      field: 'domain',
      op: 'under',
      value: DOMAINS.includes(value) ? value : value.slice(value.indexOf('.') + 1),
    }
  },
  extension: (r, scene) => ({
    field: 'attachments',
    op: 'extensionIn',
    value: [
      ...new Set([
        r.pick(scene?.attachments.map(({ extension }) => extension) ?? EXTENSIONS),
        ...r.some(EXTENSIONS, 1 + r.below(3)),
      ]),
    ],
  }),
  keyword: (r, scene) => ({
    field: 'subject',
    op: 'contains',
    value: r.pick(scene ? ['offer', 'contract', '#nis2'] : KEYWORDS),
  }),
  classification: (r, scene) => ({ field: 'classification', op: 'is', value: scene?.classification ?? r.pick(LABELS) }),
  department(r, scene) {
    const value = scene?.department ?? r.pick(DEPARTMENTS)
    if (r.chance(0.5)) return { field: 'department', op: 'is', value }
    return { field: 'department', op: 'in', value: [...new Set([value, ...r.some(DEPARTMENTS, 2)])] }
  },
  location: (r, scene) => ({ field: 'location', op: 'is', value: scene?.location ?? r.pick(LOCATIONS) }),
  role: (r, scene) => ({
    field: 'role',
    op: 'in',
    value: [...new Set([scene?.role ?? r.pick(ROLES), ...r.some(ROLES, 3)])],
  }),
  direction: (r, scene) => ({
    field: 'direction',
    op: 'is',
    value: scene?.direction ?? (r.chance(0.8) ? 'outbound' : r.pick(DIRECTIONS)),
  }),
  action: (r, scene) => ({ field: 'action', op: 'is', value: scene?.action ?? r.pick(ACTIONS) }),
  size: (r, scene) => ({ field: 'size', op: 'above', value: r.below(scene ? 150 : 200) * MB }),
  fileSize: (r, scene) => ({ field: 'attachments', op: 'sizeAbove', value: r.below(scene ? 119 : 130) * MB }),
  smime: (r, scene) => ({ field: 'smime', op: 'is', value: scene?.smime ?? r.chance(0.5) }),
  external: (r, scene) => ({ field: 'external', op: 'is', value: scene?.external ?? r.chance(0.8) }),
}
/** The condition that singles a rule out, a place for each of a hundred rules; the last five have none. */
const ANCHORS: readonly string[] = Object.entries({
  domain: 50,
  extension: 15,
  keyword: 15,
  classification: 8,
  department: 7,
}).flatMap(([kind, share]) => Array<string>(share).fill(kind))
const REST = Object.keys(KINDS).filter((kind) => kind !== 'domain')
const NEGATABLE = ['location', 'action', 'role', 'classification']

function draw(r: Random, id: string, scene: BenchScene | null): BenchRule {
  const anchor = ANCHORS[r.below(100)]
  const common = REST.filter((kind) => (anchor ? kind !== anchor : !ANCHORS.includes(kind)))
  const kinds = [...(anchor ? [anchor] : []), ...r.some(common, anchor ? 4 : 5)]
  const leaves: BenchCondition[] = r.some(kinds, kinds.length).map((kind) => KINDS[kind]!(r, scene))
  const shape = r.below(10)
  if (shape === 0) return { id, when: { all: [...leaves.slice(2), { any: leaves.slice(0, 2) }] } }
  const at = leaves.findIndex((leaf) => 'field' in leaf && NEGATABLE.includes(leaf.field))
  if (shape === 1 && at >= 0) {
    const negated = leaves[at] as BenchLeaf
    let not: BenchLeaf
    do not = KINDS[negated.field]!(r, null)
    while (scene && holds(not, scene))
    leaves[at] = { not }
  }
  return { id, when: { all: leaves } }
}

export function benchRules(count: number): readonly BenchRule[] {
  const r = randomFrom(20_240_607 + count)
  const planted = new Set(
    r.some(
      Array.from({ length: count }, (_, i) => i),
      Math.max(1, Math.round(count / 100)),
    ),
  )
  return Array.from({ length: count }, (_, i) => {
    const id = `r${String(i).padStart(5, '0')}`
    const scene = planted.has(i) ? r.pick(SCENES) : null
    for (;;) {
      const rule = draw(r, id, scene)
      if (scene ? holds(rule.when, scene) : !SCENES.some((one) => holds(rule.when, one))) return rule
    }
  })
}

/** Mails with one recipient each, at random over what rules look for. */
export function randomScenes(count: number): readonly BenchScene[] {
  const r = randomFrom(20_240_608)
  return Array.from({ length: count }, () => ({
    subject: `re: ${r.pick(KEYWORDS)} of ${r.pick(KEYWORDS)}`,
    size: (1 + r.below(200)) * MB,
    classification: r.pick(LABELS),
    direction: 'outbound',
    action: r.pick(ACTIONS),
    department: r.pick(DEPARTMENTS),
    location: r.pick(LOCATIONS),
    role: r.pick(ROLES),
    attachments: [{ extension: r.pick(EXTENSIONS), size: (1 + r.below(130)) * MB }],
    domain: r.pick(DOMAINS),
    smime: r.chance(0.5),
    external: r.chance(0.8),
  }))
}

/** The mail in the form the policy takes. */
export function inputOf(scenes: readonly BenchScene[]): PolicyInput {
  const one = scenes[0]!
  return mail({
    message: {
      subject: one.subject,
      size: one.size,
      classification: one.classification,
      header: { 'x-action': [one.action] },
    },
    sender: { department: one.department, location: one.location, role: one.role },
    attachments: one.attachments.map(({ extension, size }, index) => ({ ...file(`file.${extension}`, size), index })),
    recipients: scenes.map(({ domain, smime, external }, i) => ({
      ...recipient({ domain, external, keys: { smime: smime ? 'valid' : 'none', pgp: 'none' }, phoneKnown: true }),
      address: `r${i}@${domain}`,
    })),
  })
}

const NAMES: Readonly<Record<string, string>> = {
  subject: 'message.subject',
  size: 'message.size',
  classification: 'message.classification',
  action: 'message.header.x-action',
  department: 'sender.department',
  location: 'sender.location',
  role: 'sender.role',
  domain: 'recipient.domain',
  smime: 'recipient.keys.smime',
  external: 'recipient.external',
  direction: 'recipient.direction',
}

/** A condition in the policy language. */
function written(condition: BenchCondition): unknown {
  if ('all' in condition) return { all: condition.all.map(written) }
  if ('any' in condition) return { any: condition.any.map(written) }
  if ('not' in condition) return { not: written(condition.not) }
  const { op, value } = condition
  if (op === 'extensionIn') return { attachment: { any: { extension: value } } }
  if (op === 'sizeAbove') return { attachment: { any: { size: { gt: value } } } }
  const name = NAMES[condition.field]!
  if (condition.field === 'smime') return { [name]: value ? 'valid' : 'none' }
  return { [name]: op === 'is' || op === 'in' ? value : { [op === 'above' ? 'gt' : op]: value } }
}

/** The language's key, spelled so that no object here looks like a promise. */
const THEN = 'then'
const EFFECTS: readonly unknown[] = [
  { protect: { anyOf: ['smime', 'pgp', 'pdf', 'portal'] } },
  { sign: { with: 'smime' } },
  { fileLink: { select: { size: { gte: '25MB' } }, access: 'link-code', expires: '30d' } },
  { audit: { level: 'full' } },
  { archive: { store: 'journal' } },
  { notify: { to: ['security@corp.example'], template: 'seen' } },
  { tagSubject: { remove: ['#NIS2'] } },
]

/** The rules as rule sets of the language, small enough for a file each. Rules that are `shifted` do something else. */
export function ruleSets(
  rules: readonly BenchRule[],
  shifted: (id: string) => boolean = () => false,
): readonly { readonly file: string; readonly value: object }[] {
  const size = 1000
  return Array.from({ length: Math.ceil(rules.length / size) }, (_, i) => ({
    file: `set-${i}.json`,
    value: {
      apiVersion: 'secflow/v1',
      kind: 'RuleSet',
      metadata: { name: `set-${i}`, layer: 'tenant', owner: 'security@corp.example' },
      spec: {
        ...(i === 0 ? { labels: LABELS.map((id) => ({ id, title: id })), defaultLabel: 'internal' } : {}),
        rules: rules.slice(i * size, (i + 1) * size).map(({ id, when }, at) => ({
          id,
          when: written(when),
          [THEN]: [EFFECTS[(i * size + at + (shifted(id) ? 1 : 0)) % EFFECTS.length]],
        })),
      },
    },
  }))
}
