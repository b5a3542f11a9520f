import type { ActionUse } from '../ir.ts'
import type { Layer } from '../layer.ts'
import { actions } from '../registry/actions.ts'
import { nearest } from '../text/nearest.ts'
import { type Env, once } from './env.ts'
import { kindOf, type Node } from './node.ts'

/** Reads a list of actions, each `{name: parameters}` or a bare `name`. Undefined after a finding. */
export function readActions(node: Node, layer: Layer, env: Env): readonly ActionUse[] | undefined {
  if (node.kind !== 'list') {
    env.findings.add('wrong-type', node.at, { expected: 'a list of actions', found: kindOf(node) })
    return undefined
  }
  const read = (one: Node) => readAction(one, layer, env)
  const uses = node.items.map((item) => once(item, env, env.known?.actions, read))
  return uses.includes(undefined) ? undefined : (uses as ActionUse[])
}

function readAction(node: Node, layer: Layer, env: Env): ActionUse | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'string') {
    return readUse(node.value, { kind: 'map', entries: [], at: node.at }, node, layer, env)
  }
  if (node.kind !== 'map') {
    env.findings.add('wrong-type', node.at, { expected: 'an action', found: kindOf(node) })
    return undefined
  }
  if (node.entries.length !== 1) {
    env.findings.add('one-key', node.at)
    return undefined
  }
  const { key, value } = node.entries[0]!
  const empty: Node = { kind: 'map', entries: [], at: value.at }
  return readUse(key, value.kind === 'scalar' && value.value === null ? empty : value, node, layer, env)
}

function readUse(name: string, params: Node, node: Node, layer: Layer, env: Env): ActionUse | undefined {
  const definition = actions.get(name)
  if (!definition) {
    env.findings.add('unknown-action', node.at, { name }, nearest(name, actions.keys()))
    return undefined
  }
  if (definition.notIn?.includes(layer)) {
    env.findings.add('action-not-in-layer', node.at, { name, layer })
    return undefined
  }
  const read = definition.params.read(params, env)
  return read === undefined ? undefined : { definition, params: read, at: node.at }
}
