/** From the node tree of one file to a rule set of the typed form. */
import type { Method, Phase } from '../../domain/index.ts'
import type { Position } from '../diagnostic.ts'
import type { RuleSet } from '../ir.ts'
import type { Label } from '../labels.ts'
import { LAYERS, type Layer } from '../layer.ts'
import { METHODS } from '../registry/actions/protect.ts'
import { PHASE_ORDER, PHASES } from '../registry/actions.ts'
import type { Steps } from '../steps.ts'
import { hourRange, isTimezone, type Schedule } from '../text/schedule.ts'
import { readSenderCondition } from './condition.ts'
import { type Env, EXTENSIONS } from './env.ts'
import { readLists } from './lists.ts'
import { entryOf, kindOf, member, type Node } from './node.ts'
import { bilingual, MODES, name, ON_UNKNOWN, readException, readGuarantee, readRule } from './rule.ts'
import { checkKeys, choice, listOf, mapOf, object, refine, type Shape, text } from './shape.ts'

export const SPEC_KEYS = [
  'mode',
  'appliesTo',
  'order',
  'preference',
  'onUnknown',
  'allow',
  'labels',
  'defaultLabel',
  'lists',
  'schedules',
  'rules',
  'exceptions',
  'guarantees',
] as const
const TENANT_ONLY = ['order', 'preference', 'labels', 'defaultLabel'] as const

export const metadataShape = object(
  { name, layer: choice(LAYERS), owner: text({ max: 320 }) },
  { description: text({ max: 2000 }) },
)
export const labelsShape: Shape<readonly Label[]> = listOf(
  object(
    { id: refine(name, (id) => id), title: bilingual },
    {
      description: bilingual,
      color: text({ pattern: /^#[0-9a-f]{6}$/i, expected: 'a colour such as #107c10' }),
    },
  ) as Shape<Label>,
  1,
  50,
)
export const allowShape = listOf(choice(EXTENSIONS))
const hours = refine(text({ max: 60 }), (value, node, env) => {
  const range = hourRange(value)
  if (range === null) env.findings.add('wrong-unit', node.at, { found: value, expected: 'Mon-Fri 08:00-18:00' })
  return range ?? undefined
})
const timezone = refine(text({ max: 60 }), (value, node, env) => {
  if (isTimezone(value)) return value
  env.findings.add('wrong-timezone', node.at, { found: value })
  return undefined
})
const date = text({ pattern: /^\d{4}-\d{2}-\d{2}$/, expected: 'a date such as 2026-12-25' })
export const scheduleShape = refine(
  object({ timezone, hours: listOf(hours) }, { holidays: listOf(date) }),
  (value): Schedule => ({ timezone: value.timezone, ranges: value.hours, holidays: value.holidays ?? [] }),
)

/** Rules that are read between stops. */
const STEP = 64

/** Settings only the tenant layer has. */
export interface TenantSettings {
  readonly order?: readonly Phase[] | undefined
  readonly preference?: readonly Method[] | undefined
  readonly at: Position
}

export interface ReadSet {
  readonly set: RuleSet
  readonly settings: TenantSettings
}

/** Reads `spec.labels` and `spec.defaultLabel` before anything else, because rules of every file refer to them. */
export function readLabels(
  root: Node,
  env: Env,
): { labels: readonly Label[]; standard: string | undefined; at: Position } | undefined {
  const spec = member(root, 'spec')
  const entry = entryOf(spec, 'labels')
  if (!entry) return undefined
  const labels = labelsShape.read(entry.value, env)
  if (!labels) return undefined
  const ids = new Set(labels.map((label) => label.id))
  if (ids.size < labels.length) env.findings.add('duplicate-key', entry.at, { name: 'labels' })
  const standard = member(spec, 'defaultLabel')
  const id = standard ? choice([...ids]).read(standard, env) : undefined
  return { labels, standard: id, at: entry.at }
}

/** Reads a file's rule set, stopping now and then; undefined after a finding. */
export function* readingRuleSet(root: Node, file: string, env: Env): Steps<ReadSet | undefined> {
  if (root.kind !== 'map') return undefined
  const before = env.findings.list.length
  checkKeys(root.entries, ['apiVersion', 'kind', 'metadata', 'spec'], env.findings)
  const metadataNode = member(root, 'metadata')
  const spec = member(root, 'spec')
  if (!metadataNode) env.findings.add('missing-key', root.at, { name: 'metadata' })
  if (spec?.kind !== 'map') {
    if (spec) env.findings.add('wrong-type', spec.at, { expected: 'a map', found: kindOf(spec) })
    else env.findings.add('missing-key', root.at, { name: 'spec' })
    return undefined
  }
  checkKeys(spec.entries, SPEC_KEYS, env.findings)
  const metadata = metadataNode ? metadataShape.read(metadataNode, env) : undefined
  if (!metadata) return undefined
  const read = yield* readSpec(spec, metadata, file, scoped(spec, metadata.name, env))
  const failed = env.findings.list.slice(before).some((finding) => finding.severity === 'error')
  return failed ? undefined : read
}

/** The surroundings with the set's own lists and schedules. */
function scoped(spec: Node, name: string, env: Env): Env {
  const schedules = member(spec, 'schedules')
  const usedLists = new Set<string>()
  const allow = optional(spec, 'allow', allowShape, env)
  return {
    ...env,
    lists: readLists(member(spec, 'lists'), name, { ...env, usedLists }),
    schedules: (schedules && mapOf(scheduleShape).read(schedules, env)) ?? new Map(),
    usedLists,
    allowed: new Set(allow),
  }
}

function* readSpec(
  spec: Node,
  metadata: { name: string; layer: Layer; owner: string },
  file: string,
  env: Env,
): Steps<ReadSet | undefined> {
  const { layer } = metadata
  for (const key of TENANT_ONLY) {
    const entry = entryOf(spec, key)
    if (entry && layer !== 'tenant') env.findings.add('only-in-tenant-layer', entry.at, { name: key })
  }
  const mode = optional(spec, 'mode', choice(MODES), env) ?? 'enforce'
  const onUnknown = optional(spec, 'onUnknown', choice(ON_UNKNOWN), env) ?? 'defer'
  const appliesTo = member(spec, 'appliesTo')
  const applies = appliesTo ? readSenderCondition(appliesTo, env) : ({ kind: 'always' } as const)
  const rules = yield* each(spec, 'rules', env, (node) => readRule(node, { layer, mode, onUnknown }, env))
  const exceptions = yield* each(spec, 'exceptions', env, (node) => readException(node, env))
  const guarantees = yield* each(spec, 'guarantees', env, (node) => readGuarantee(node, env))
  const settings = readSettings(spec, env)
  reportUnusedLists(spec, env)
  if (!applies || !rules || !exceptions || !guarantees) return undefined
  return {
    set: {
      file,
      name: metadata.name,
      owner: metadata.owner,
      layer,
      mode,
      appliesTo: applies,
      lists: env.lists,
      rules,
      exceptions,
      guarantees,
    },
    settings,
  }
}

function readSettings(spec: Node, env: Env): TenantSettings {
  const order = optional(spec, 'order', listOf(choice(PHASES)), env)
  const preference = optional(spec, 'preference', listOf(choice(METHODS)), env)
  const orderNode = member(spec, 'order')
  if (order && orderNode) checkOrder(order, orderNode.at, env)
  return { at: spec.at, ...(order ? { order } : {}), ...(preference ? { preference: [...new Set(preference)] } : {}) }
}

function checkOrder(order: readonly Phase[], at: Position, env: Env): void {
  const missing = PHASES.filter((phase) => !order.includes(phase))
  if (missing.length > 0 || order.length !== PHASES.length) {
    env.findings.add('order-incomplete', at, { name: missing.join(', ') || '-' })
    return
  }
  for (const [first, second] of PHASE_ORDER) {
    if (order.indexOf(first) > order.indexOf(second))
      env.findings.add('order-violated', at, { name: first, detail: second })
  }
}

function reportUnusedLists(spec: Node, env: Env): void {
  const lists = member(spec, 'lists')
  if (lists?.kind !== 'map') return
  for (const { key, at } of lists.entries)
    if (!env.usedLists.has(key)) env.findings.add('unused-list', at, { name: key })
}

function* each<T>(
  spec: Node,
  key: string,
  env: Env,
  read: (node: Node) => T | undefined,
): Steps<readonly T[] | undefined> {
  const node = member(spec, key)
  if (node === null) return []
  if (node.kind !== 'list') {
    env.findings.add('wrong-type', node.at, { expected: 'a list', found: kindOf(node) })
    return undefined
  }
  const values = new Array<T | undefined>(node.items.length)
  for (let i = 0; i < values.length; i++) {
    values[i] = read(node.items[i]!)
    if (i % STEP === 0) yield
  }
  return values.includes(undefined) ? undefined : (values as T[])
}

function optional<T>(spec: Node, key: string, shape: Shape<T>, env: Env): T | undefined {
  const value = member(spec, key)
  return value ? shape.read(value, env) : undefined
}
