/** Shapes: each reads a node and describes itself as JSON Schema, so the parser and the editor's completion cannot drift apart. */
import type { Findings, Position } from '../diagnostic.ts'
import { nearest } from '../text/nearest.ts'
import { durationInSeconds, instant, sizeInBytes } from '../text/units.ts'
import type { Env } from './env.ts'
import { kindOf, type Node, quote } from './node.ts'

export type JsonSchema = { readonly [key: string]: unknown }

export interface Shape<T> {
  readonly schema: JsonSchema
  /** The value, or undefined after a finding was reported. */
  read(node: Node, env: Env): T | undefined
}

export type Of<S> = S extends Shape<infer T> ? T : never

function wrongType(env: Env, node: Node, expected: string): undefined {
  env.findings.add('wrong-type', node.at, { expected, found: kindOf(node) })
  return undefined
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they must not reach headers and terminals
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/

/** Text; numbers are taken as written. At most `max` characters, without control characters. */
export function text(options: { max?: number; pattern?: RegExp; expected?: string } = {}): Shape<string> {
  const { max = 2000, pattern, expected = 'text' } = options
  return {
    schema: { type: 'string', minLength: 1, maxLength: max, ...(pattern ? { pattern: pattern.source } : {}) },
    read(node, env) {
      if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'boolean')
        return wrongType(env, node, expected)
      const value = typeof node.value === 'number' ? node.source : node.value
      if (value === '' || value.length > max || CONTROL.test(value) || (pattern && !pattern.test(value))) {
        env.findings.add('wrong-value', node.at, { found: quote(node), expected })
        return undefined
      }
      return value
    },
  }
}

export function choice<const T extends string>(values: readonly T[]): Shape<T> {
  return {
    schema: { enum: values },
    read(node, env) {
      const text = node.kind === 'scalar' ? String(node.value) : null
      const found = values.find((value) => value === text)
      if (found !== undefined) return found
      const close = text === null ? null : nearest(text, values)
      env.findings.add('wrong-value', node.at, { found: quote(node), expected: values.join(', ') }, close)
      return undefined
    },
  }
}

export const flag: Shape<boolean> = {
  schema: { type: 'boolean' },
  read(node, env) {
    if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
    return wrongType(env, node, 'true or false')
  },
}

export function integer(min: number, max: number): Shape<number> {
  return {
    schema: { type: 'integer', minimum: min, maximum: max },
    read(node, env) {
      if (node.kind !== 'scalar' || typeof node.value !== 'number') return wrongType(env, node, 'a number')
      if (Number.isInteger(node.value) && node.value >= min && node.value <= max) return node.value
      env.findings.add('wrong-value', node.at, { found: quote(node), expected: `${min} ... ${max}` })
      return undefined
    },
  }
}

function unit(schema: JsonSchema, expected: string, convert: (text: string) => number | null): Shape<number> {
  return {
    schema,
    read(node, env) {
      const value = node.kind === 'scalar' ? convert(node.source) : null
      if (value !== null) return value
      env.findings.add('wrong-unit', node.at, { found: quote(node), expected })
      return undefined
    },
  }
}

/** Bytes. */
export const size = unit(
  {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { type: 'string', pattern: '^[0-9]+([.][0-9]+)? ?(B|KB|MB|GB)?$' },
    ],
  },
  '25MB, 1.5GB, 300KB',
  sizeInBytes,
)

/** Seconds. */
export const duration = unit({ type: 'string', pattern: '^[0-9]+(s|m|h|d|w)$' }, '30m, 12h, 14d, 2w', durationInSeconds)

/** Epoch milliseconds. */
export const moment = unit(
  { type: 'string', description: 'ISO 8601' },
  '2026-12-31, 2026-12-31T18:00:00+01:00',
  instant,
)

export function listOf<T>(item: Shape<T>, min = 1, max = 10_000): Shape<readonly T[]> {
  return {
    schema: { type: 'array', items: item.schema, minItems: min, maxItems: max },
    read(node, env) {
      if (node.kind !== 'list') return wrongType(env, node, 'a list')
      if (node.items.length < min || node.items.length > max) {
        env.findings.add('wrong-value', node.at, { found: `${node.items.length}`, expected: `${min} ... ${max}` })
        return undefined
      }
      const values = node.items.map((one) => item.read(one, env))
      return values.includes(undefined) ? undefined : (values as T[])
    },
  }
}

/** One value or a list of them. */
export function oneOrMore<T>(item: Shape<T>): Shape<readonly T[]> {
  const list = listOf(item)
  return {
    schema: { anyOf: [item.schema, list.schema] },
    read(node, env) {
      if (node.kind === 'list') return list.read(node, env)
      const value = item.read(node, env)
      return value === undefined ? undefined : [value]
    },
  }
}

export function mapOf<T>(value: Shape<T>): Shape<ReadonlyMap<string, T>> {
  return {
    schema: { type: 'object', additionalProperties: value.schema },
    read(node, env) {
      if (node.kind !== 'map') return wrongType(env, node, 'a map')
      const read = node.entries.map((entry) => [entry.key, value.read(entry.value, env)] as const)
      return read.some(([, v]) => v === undefined) ? undefined : new Map(read as [string, T][])
    },
  }
}

type Shapes = Readonly<Record<string, Shape<unknown>>>
export type ObjectOf<R extends Shapes, O extends Shapes> = { readonly [K in keyof R]: Of<R[K]> } & {
  readonly [K in keyof O]?: Of<O[K]>
}

/** A map with known keys: an unknown one is a finding with the nearest name. */
export function object<R extends Shapes, O extends Shapes>(required: R, optional: O): Shape<ObjectOf<R, O>> {
  const all: Shapes = { ...required, ...optional }
  const [keys, needed] = [Object.keys(all), Object.keys(required)]
  const properties = Object.fromEntries(Object.entries(all).map(([key, shape]) => [key, shape.schema]))
  return {
    schema: { type: 'object', additionalProperties: false, required: needed, properties },
    read(node, env) {
      if (node.kind !== 'map') return wrongType(env, node, 'a map')
      const values: Record<string, unknown> = {}
      let sound = checkKeys(node.entries, keys, env.findings)
      for (const { key, value } of node.entries) {
        const shape = Object.hasOwn(all, key) ? all[key] : undefined
        if (!shape) continue
        const read = shape.read(value, env)
        if (read === undefined) sound = false
        else values[key] = read
      }
      for (const key of needed) {
        if (node.entries.some((entry) => entry.key === key)) continue
        env.findings.add('missing-key', node.at, { name: key })
        sound = false
      }
      return sound ? (values as ObjectOf<R, O>) : undefined
    },
  }
}

/** Reports keys that are not among `known`; true when there is none. */
export function checkKeys(
  entries: readonly { readonly key: string; readonly at: Position }[],
  known: readonly string[],
  findings: Findings,
): boolean {
  let strangers = 0
  for (let i = 0; i < entries.length; i++) if (!known.includes(entries[i]!.key)) strangers++
  if (strangers === 0) return true
  const strange = entries.filter((entry) => !known.includes(entry.key)).slice(0, 100)
  for (const { key, at } of strange) findings.add('unknown-field', at, { name: key }, nearest(key, known))
  return false
}

/** A shape whose value is worked on further; `convert` gives undefined after a finding. */
export function refine<T, U>(shape: Shape<T>, convert: (value: T, node: Node, env: Env) => U | undefined): Shape<U> {
  return {
    schema: shape.schema,
    read(node, env) {
      const value = shape.read(node, env)
      return value === undefined ? undefined : convert(value, node, env)
    },
  }
}
