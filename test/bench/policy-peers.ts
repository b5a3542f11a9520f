/** Other engines on the same rules, installed beside the benchmark. Each gives the ids of the rules that match, per recipient. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { BenchCondition, BenchLeaf, BenchRule, BenchScene } from './policy-rules.ts'

export interface Peer {
  readonly name: string
  build(rules: readonly BenchRule[]): Promise<Matcher>
}
export type Matcher = (scenes: readonly BenchScene[]) => string[][] | Promise<string[][]>

const require = createRequire(import.meta.url)

/** Installs the peers into this folder if they are missing. */
export function installPeers(): void {
  if (existsSync(new URL('node_modules/json-logic-js', import.meta.url))) return
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: import.meta.dirname, stdio: 'ignore' })
}

interface JsonLogic {
  add_operation(name: string, operation: (a: string, b: string) => boolean): void
  apply(rule: unknown, data: unknown): unknown
}

const jsonLogic: Peer = {
  name: 'json-logic-js',
  async build(rules) {
    const engine = require('json-logic-js') as JsonLogic
    engine.add_operation('under', (domain, above) => domain === above || domain.endsWith(`.${above}`))
    const compiled = rules.map(({ id, when }) => ({ id, logic: logicOf(when) }))
    return (scenes) =>
      scenes.map((scene) => compiled.filter(({ logic }) => engine.apply(logic, scene) === true).map(({ id }) => id))
  },
}

function logicOf(condition: BenchCondition): unknown {
  if ('all' in condition) return { and: condition.all.map(logicOf) }
  if ('any' in condition) return { or: condition.any.map(logicOf) }
  if ('not' in condition) return { '!': logicOf(condition.not) }
  const fact = { var: condition.field }
  switch (condition.op) {
    case 'is':
      return { '===': [fact, condition.value] }
    case 'in':
      return { in: [fact, condition.value] }
    case 'under':
      return { under: [fact, condition.value] }
    case 'contains':
      return { in: [condition.value, fact] }
    case 'above':
      return { '>': [fact, condition.value] }
    case 'extensionIn':
      return { some: [fact, { in: [{ var: 'extension' }, condition.value] }] }
    case 'sizeAbove':
      return { some: [fact, { '>': [{ var: 'size' }, condition.value] }] }
  }
}

interface RulesEngine {
  addOperator(name: string, test: (fact: never, value: never) => boolean): void
  addRule(rule: unknown): void
  run(facts: unknown): Promise<{ readonly events: readonly { readonly type: string }[] }>
}

const jsonRules: Peer = {
  name: 'json-rules-engine',
  async build(rules) {
    const { Engine } = require('json-rules-engine') as { Engine: new (rules: [], options: object) => RulesEngine }
    const engine = new Engine([], { replaceFactsInEventParams: false })
    engine.addOperator('under', (domain: string, above: string) => domain === above || domain.endsWith(`.${above}`))
    engine.addOperator('has', (text: string, part: string) => text.includes(part))
    engine.addOperator('extensionIn', (files: BenchScene['attachments'], wanted: readonly string[]) =>
      files.some(({ extension }) => wanted.includes(extension)),
    )
    engine.addOperator('sizeAbove', (files: BenchScene['attachments'], limit: number) =>
      files.some(({ size }) => size > limit),
    )
    for (const { id, when } of rules) engine.addRule({ conditions: conditionOf(when), event: { type: id } })
    return async (scenes) => {
      const found: string[][] = []
      for (const scene of scenes) found.push((await engine.run(scene)).events.map(({ type }) => type).sort())
      return found
    }
  },
}

const OPERATORS: Readonly<Record<BenchLeaf['op'], string>> = {
  is: 'equal',
  in: 'in',
  under: 'under',
  contains: 'has',
  above: 'greaterThan',
  extensionIn: 'extensionIn',
  sizeAbove: 'sizeAbove',
}

function conditionOf(condition: BenchCondition): unknown {
  if ('all' in condition) return { all: condition.all.map(conditionOf) }
  if ('any' in condition) return { any: condition.any.map(conditionOf) }
  if ('not' in condition) return { not: conditionOf(condition.not) }
  return { fact: condition.field, operator: OPERATORS[condition.op], value: condition.value }
}

interface CelEnvironment {
  registerVariable(name: string, type: string): CelEnvironment
  parse(text: string): (scene: unknown) => unknown
}

const cel: Peer = {
  name: '@marcbachmann/cel-js',
  async build(rules) {
    const path = require.resolve('@marcbachmann/cel-js')
    const { Environment } = (await import(path)) as { Environment: new () => CelEnvironment }
    const types = {
      subject: 'string',
      size: 'double',
      classification: 'string',
      action: 'string',
      department: 'string',
      location: 'string',
      role: 'string',
      domain: 'string',
      smime: 'bool',
      external: 'bool',
      direction: 'string',
      attachments: 'list',
    }
    const environment = new Environment()
    for (const [name, type] of Object.entries(types)) environment.registerVariable(name, type)
    const compiled = rules.map(({ id, when }) => ({ id, test: environment.parse(celOf(when)) }))
    return (scenes) => scenes.map((scene) => compiled.filter(({ test }) => test(scene) === true).map(({ id }) => id))
  },
}

function celOf(condition: BenchCondition): string {
  if ('all' in condition) return `(${condition.all.map(celOf).join(' && ')})`
  if ('any' in condition) return `(${condition.any.map(celOf).join(' || ')})`
  if ('not' in condition) return `!(${celOf(condition.not)})`
  const { field, op, value } = condition
  const text = typeof value === 'number' ? value.toFixed(1) : JSON.stringify(value)
  switch (op) {
    case 'is':
      return `${field} == ${text}`
    case 'in':
      return `${field} in ${text}`
    case 'under':
      return `(${field} == ${text} || ${field}.endsWith(${JSON.stringify(`.${value}`)}))`
    case 'contains':
      return `${field}.contains(${text})`
    case 'above':
      return `${field} > ${text}`
    case 'extensionIn':
      return `${field}.exists(a, a.extension in ${text})`
    case 'sizeAbove':
      return `${field}.exists(a, a.size > ${text})`
  }
}

export const PEERS: readonly Peer[] = [jsonLogic, jsonRules, cel]
