/** Domains: A-labels on both sides, borders are label borders. */
import type { Env } from '../../parse/env.ts'
import type { Node } from '../../parse/node.ts'
import { oneOrMore, refine, text } from '../../parse/shape.ts'
import { aLabel, domainMatcher, skeleton } from '../../text/domain.ts'
import { nearest } from '../../text/nearest.ts'
import { type OperatorDefinition, operator } from '../operator.ts'

const name = refine(text({ max: 300 }), (value, node, env) => {
  const label = aLabel(value)
  if (label === null) env.findings.add('wrong-domain', node.at, { found: value })
  return label ?? undefined
})

const under = operator<readonly string[]>({
  name: 'under',
  types: ['domain'],
  doc: { de: 'ist diese Domain oder eine Subdomain davon', en: 'is this domain or a subdomain of it' },
  operand: () => oneOrMore(name),
  test(operand) {
    const matches = domainMatcher(operand.flatMap((domain) => [domain, `*.${domain}`]))
    return (value) => matches(String(value))
  },
  keys: (operand) => [
    { kind: 'value', values: operand },
    { kind: 'below', values: operand },
  ],
})

const confusableWith: OperatorDefinition<readonly string[]> = {
  name: 'confusableWith',
  types: ['domain'],
  costly: true,
  doc: {
    de: 'sieht einer Domain (oder einer der Liste) zum Verwechseln ähnlich, ohne sie zu sein',
    en: 'looks like a domain (or one of a named list) without being it',
  },
  schema: () => ({ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] }),
  read(node, _field, env) {
    return node.kind === 'scalar' && !String(node.value).includes('.')
      ? ofList(node, env)
      : oneOrMore(name).read(node, env)
  },
  test(operand) {
    const itself = domainMatcher(operand)
    const looks = new Set(operand.map((domain) => skeleton(domain.replace(/^\*\./, ''))))
    return (value) => !itself(String(value)) && looks.has(skeleton(String(value)))
  },
}

function ofList(node: Node, env: Env): readonly string[] | undefined {
  const listName = node.kind === 'scalar' ? String(node.value) : ''
  const list = env.lists.get(listName)
  if (list?.type === 'domain') {
    env.usedLists.add(listName)
    if (list.live.length === 0) return list.values
    env.findings.add('list-live', node.at, { name: listName })
    return undefined
  }
  if (list) env.findings.add('list-type', node.at, { name: listName, found: list.type, expected: 'domain' })
  else env.findings.add('unknown-list', node.at, { name: listName }, nearest(listName, env.lists.keys()))
  return undefined
}

export const domains = [under, confusableWith]
