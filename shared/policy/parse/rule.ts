import type { Text } from '../diagnostic.ts'
import type { ActionUse, Branch, Condition, Exception, Guarantee, Mode, OnUnknown, Rule } from '../ir.ts'
import type { Layer } from '../layer.ts'
import { METHODS } from '../registry/actions/protect.ts'
import { actions } from '../registry/actions.ts'
import { readActions } from './actions.ts'
import { readCondition } from './condition.ts'
import type { Env } from './env.ts'
import { countNodes, entryOf, kindOf, member, type Node } from './node.ts'
import { checkKeys, choice, flag, listOf, moment, object, type Shape, text } from './shape.ts'

export const MODES: readonly Mode[] = ['enforce', 'simulate', 'disabled']
export const ON_UNKNOWN: readonly OnUnknown[] = ['skip', 'defer', 'hold', 'quarantine', 'reject']
const MAX_NODES = 500
const ALWAYS: Condition = { kind: 'always' }
const NONE: readonly ActionUse[] = []
const mode = choice(MODES)
const onUnknown = choice(ON_UNKNOWN)

export const name = text({ max: 63, pattern: /^[a-z0-9][a-z0-9-]*$/, expected: 'a name of a-z, 0-9 and -' })
const line = text({ max: 300, pattern: /^[^\r\n]+$/, expected: 'one line of text' })
const twoLines = object({ de: line, en: line }, {})

/** One text for both languages, or `{de, en}`. */
export const bilingual: Shape<Text> = {
  schema: { anyOf: [line.schema, twoLines.schema] },
  read(node, env) {
    if (node.kind === 'map') return twoLines.read(node, env)
    const both = line.read(node, env)
    return both === undefined ? undefined : { de: both, en: both }
  },
}

export const RULE_KEYS = [
  'id',
  'title',
  'mode',
  'final',
  'overridable',
  'onUnknown',
  'when',
  'then',
  'else',
  'choose',
] as const

interface Inherited {
  readonly layer: Layer
  readonly mode: Mode
  readonly onUnknown: OnUnknown
}

/** Reads one rule; undefined after a finding. */
export function readRule(node: Node, inherited: Inherited, env: Env): Rule | undefined {
  if (node.kind !== 'map') {
    env.findings.add('wrong-type', node.at, { expected: 'a rule', found: kindOf(node) })
    return undefined
  }
  const before = env.findings.list.length
  checkKeys(node.entries, RULE_KEYS, env.findings)
  const id = required(node, 'id', name, env)
  const title = optional(node, 'title', bilingual, env) ?? { de: id ?? '', en: id ?? '' }
  const own = optional(node, 'mode', mode, env) ?? 'enforce'
  const final = optional(node, 'final', flag, env) ?? false
  const overridable = optional(node, 'overridable', flag, env) ?? false
  const unknown = optional(node, 'onUnknown', onUnknown, env) ?? inherited.onUnknown
  const when = whenOf(node, env)
  const chosen = member(node, 'choose')
  const branches = chosen ? readBranches(chosen, inherited.layer, env) : thenOf(node, inherited.layer, env)
  const otherwise = entryOf(node, 'else')
  const elseActions = otherwise ? readActions(otherwise.value, inherited.layer, env) : NONE
  if (id !== undefined && countNodes(node) > MAX_NODES) env.findings.add('too-many-nodes', node.at, { name: id })
  if (final && overridable) env.findings.add('final-overridable', node.at)
  if (chosen && member(node, 'then')) env.findings.add('then-and-choose', node.at)
  if (!chosen && !member(node, 'then') && !otherwise)
    env.findings.add('rule-without-effect', node.at, { name: id ?? '?' })
  const { list } = env.findings
  const failed = list.length > before && list.slice(before).some((finding) => finding.severity === 'error')
  if (failed || id === undefined || !when || !branches || !elseActions) return undefined
  return {
    id,
    title,
    mode: stricterMode(inherited.mode, own),
    final,
    overridable,
    onUnknown: unknown,
    when,
    branches,
    else: elseActions,
    choose: chosen !== null,
    at: node.at,
  }
}

/** A disabled or simulated set disables or simulates every rule in it. */
function stricterMode(set: Mode, rule: Mode): Mode {
  return MODES.indexOf(rule) > MODES.indexOf(set) ? rule : set
}

function whenOf(node: Node, env: Env): Condition | undefined {
  const when = member(node, 'when')
  return when === null ? ALWAYS : readCondition(when, env)
}

function thenOf(node: Node, layer: Layer, env: Env): readonly Branch[] | undefined {
  const then = member(node, 'then')
  if (then === null) return []
  const uses = readActions(then, layer, env)
  return uses && [{ when: ALWAYS, actions: uses }]
}

function readBranches(node: Node, layer: Layer, env: Env): readonly Branch[] | undefined {
  if (node.kind !== 'list' || node.items.length === 0) {
    env.findings.add('wrong-type', node.at, { expected: 'a list of branches', found: kindOf(node) })
    return undefined
  }
  const branches: (Branch | undefined)[] = []
  for (const [index, item] of node.items.entries()) {
    if (item.kind === 'map') checkKeys(item.entries, ['when', 'otherwise', 'then'], env.findings)
    const otherwise = member(item, 'otherwise')
    if (otherwise && flag.read(otherwise, env) === false)
      env.findings.add('wrong-value', otherwise.at, { found: 'false', expected: 'true' })
    if (otherwise && index < node.items.length - 1) env.findings.add('otherwise-last', otherwise.at)
    const then = member(item, 'then')
    const when = member(item, 'when')
    if (!then) env.findings.add('missing-key', item.at, { name: 'then' })
    if (!when && !otherwise) env.findings.add('missing-key', item.at, { name: 'when' })
    const condition: Condition | undefined = otherwise || !when ? ALWAYS : readCondition(when, env)
    const uses: readonly ActionUse[] | undefined = then ? readActions(then, layer, env) : undefined
    branches.push(condition && uses && { when: condition, actions: uses })
  }
  if (!member(node.items.at(-1)!, 'otherwise')) env.findings.add('missing-otherwise', node.at)
  return branches.includes(undefined) ? undefined : (branches as Branch[])
}

const when: Shape<Condition> = { schema: { $ref: '#/$defs/condition' }, read: readCondition }

export const exceptionShape = object(
  { id: name, rule: name, reason: bilingual, owner: text({ max: 320 }), expires: moment },
  { when, actions: listOf(choice([...actions.keys()])) },
)

export function readException(node: Node, env: Env): Exception | undefined {
  const read = exceptionShape.read(node, env)
  return read && { when: ALWAYS, actions: [], ...read, at: node.at }
}

const OUTCOMES = ['defer', 'hold', 'quarantine', 'reject'] as const

export const guaranteeShape = object(
  {
    id: name,
    title: bilingual,
    require: object(
      {},
      {
        protectedBy: listOf(choice(METHODS)),
        signedBy: listOf(choice(['smime', 'pgp'])),
        orOutcome: listOf(choice(OUTCOMES)),
      },
    ),
  },
  { when, onViolation: choice(OUTCOMES) },
)

export function readGuarantee(node: Node, env: Env): Guarantee | undefined {
  const read = guaranteeShape.read(node, env)
  if (!read) return undefined
  const { protectedBy = [], signedBy = [], orOutcome = OUTCOMES } = read.require
  if (protectedBy.length === 0 && signedBy.length === 0 && !read.require.orOutcome) {
    env.findings.add('missing-key', node.at, { name: 'protectedBy' })
    return undefined
  }
  return {
    id: read.id,
    title: read.title,
    when: read.when ?? ALWAYS,
    protectedBy,
    signedBy,
    orOutcome,
    onViolation: read.onViolation ?? 'hold',
    at: node.at,
  }
}

function required<T>(node: Node, key: string, shape: Shape<T>, env: Env): T | undefined {
  const value = member(node, key)
  if (value) return shape.read(value, env)
  env.findings.add('missing-key', node.at, { name: key })
  return undefined
}

function optional<T>(node: Node, key: string, shape: Shape<T>, env: Env): T | undefined {
  const value = member(node, key)
  return value ? shape.read(value, env) : undefined
}
