import { resolve } from 'node:path'
import { parse } from 'yaml'
import type { Problem } from './problem.ts'

/** The part of JSON Schema that says how a variable's text is to be read. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  /** The text is a path, or a URL whose path is one of a file (`sqlite:x.db`). */
  readonly path?: true | 'url'
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly items?: SchemaNode
  readonly additionalProperties?: SchemaNode | boolean
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
  readonly allOf?: readonly SchemaNode[]
}

/** Variables that other parts read. */
const NOT_OURS = /^SECFLOW_(?:CONFIG|TEST|BENCH)(?:_|$)/

/** `smtp.maxSize` is `SECFLOW_SMTP_MAX_SIZE`. */
export function variableName(keys: readonly string[]): string {
  return `SECFLOW_${keys.map((key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_')}`
}

/**
 * Lays the variables over what the file says. Settings inside a list are reached by their position
 * (`SECFLOW_TENANTS_0_NAME`); a list or map as a whole is written as YAML or JSON. A variable that names no setting is a problem:
 * a typing error must not switch a protection off.
 */
export function overlay(
  file: unknown,
  env: Readonly<Record<string, string | undefined>>,
  schema: SchemaNode,
  cwd: string,
): { readonly settings: unknown; readonly problems: readonly Problem[] } {
  const settings = structuredClone(file ?? {}) as Record<string, unknown>
  const problems: Problem[] = []
  const names = Object.keys(env).filter((name) => name.startsWith('SECFLOW_') && !NOT_OURS.test(name))
  // Whole maps before what lies inside them.
  for (const name of names.sort()) {
    const found = find(schema, name, [])
    const text = env[name] ?? ''
    if (!found) problems.push({ where: name, what: 'names no setting', missing: false })
    else {
      const value = read(text, found.node, cwd)
      if (value instanceof Error) problems.push({ where: name, what: value.message, missing: false })
      else if (!put(settings, found.keys, value)) problems.push({ where: name, what: 'has no place', missing: false })
    }
  }
  return { settings, problems }
}

function find(
  node: SchemaNode,
  name: string,
  keys: readonly string[],
): { node: SchemaNode; keys: readonly string[] } | null {
  if (keys.length > 0 && variableName(keys) === name) return { node, keys }
  if (keys.length > 0 && !name.startsWith(`${variableName(keys)}_`)) return null
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const found = find(child, name, [...keys, key])
    if (found) return found
  }
  const position = node.items ? /^_(\d{1,4})(?:_|$)/.exec(name.slice(variableName(keys).length))?.[1] : undefined
  if (node.items && position !== undefined) return find(node.items, name, [...keys, position])
  for (const branch of [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])]) {
    const found = find(branch, name, keys)
    if (found && found.keys.length > keys.length) return found
  }
  return null
}

function read(text: string, node: SchemaNode, cwd: string): unknown {
  if (node.type === 'boolean') {
    if (/^(1|true|yes|on)$/i.test(text)) return true
    return /^(0|false|no|off|)$/i.test(text) ? false : new Error('is neither true nor false')
  }
  if (node.type === 'string' || node.enum) {
    if (text === '' || !node.path) return text
    if (node.path === true) return resolve(cwd, text)
    return text.replace(
      /^(sqlite:|file:)(?:\/\/)?(.+)$/s,
      (_, scheme: string, path: string) => scheme + resolve(cwd, path),
    )
  }
  try {
    return parse(text) as unknown
  } catch {
    return new Error('is not YAML')
  }
}

function put(settings: Record<string, unknown>, keys: readonly string[], value: unknown): boolean {
  let at: Record<string, unknown> | unknown[] = settings
  for (const [depth, key] of keys.entries()) {
    if (Array.isArray(at) && Number(key) > at.length) return false
    const place = at as Record<string, unknown>
    if (depth === keys.length - 1) place[key] = value
    else {
      const next = place[key] ?? (/^\d+$/.test(keys[depth + 1]!) ? [] : {})
      if (typeof next !== 'object') return false
      place[key] = next
      at = next as Record<string, unknown>
    }
  }
  return true
}
