import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { Fault } from '../shared/fault/index.ts'
import { overlay, type SchemaNode } from './config/environment.ts'
import type { Problem } from './config/problem.ts'
import { resolveReferences } from './config/references.ts'
import { type Config, resolveConfig } from './config/resolve.ts'
import { configSchema as schema } from './config/schema.ts'

export type { Config, TenantConfig } from './config/resolve.ts'

export interface ConfigSource {
  /** secflow.yaml; when left out, `secflow.yaml` in the working directory if it is there. */
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
}

/** JSON Schema (draft 2020-12) of secflow.yaml as it is written. */
export function configSchema(): SchemaNode & Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode & Record<string, unknown>
}

/**
 * The one configuration: defaults, then the file, then `SECFLOW_*` variables; frozen. Raises `config-missing` when
 * settings are only missing, else `config-invalid`; the detail lists everything that is wrong, a line each.
 */
export function loadConfig(source: ConfigSource): Config {
  const cwd = source.cwd ?? process.cwd()
  const path = source.file ?? source.env.SECFLOW_CONFIG
  const file = path === undefined ? existing(resolve(cwd, 'secflow.yaml')) : resolve(cwd, path)
  const base = file === null ? cwd : dirname(file)
  const problems: Problem[] = []

  const written = file === null ? {} : readYaml(file, problems)
  const { settings, problems: strange } = overlay(written, source.env, configSchema(), cwd)
  problems.push(...strange)
  const parsed = schema.safeParse(resolveReferences(settings, base, problems), { reportInput: true })
  // A file that could not be read has left a hole that is told of already.
  const told = new Set(problems.map(({ where }) => where))
  for (const issue of parsed.error?.issues ?? []) {
    const where = issue.path.join('.')
    if (told.has(where)) continue
    const missing = issue.code === 'invalid_type' && issue.input === undefined
    problems.push({ where: where || 'secflow.yaml', what: missing ? 'is missing' : issue.message, missing })
  }
  const config = parsed.success ? resolveConfig(parsed.data, base, problems) : null
  if (problems.length > 0 || !config) throw configFault(problems)
  return frozen(config)
}

function configFault(problems: readonly Problem[]): Fault {
  const lines = problems.map(({ where, what }) => `${where}: ${what}`)
  return new Fault(problems.every((p) => p.missing) ? 'config-missing' : 'config-invalid', lines.join('\n'))
}

function existing(path: string): string | null {
  return existsSync(path) ? path : null
}

function readYaml(file: string, problems: Problem[]): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    problems.push({ where: file, what: `cannot be read (${code})`, missing: code === 'ENOENT' })
    return {}
  }
  const document = parseDocument(text, { uniqueKeys: true, stringKeys: true })
  // The first error is the cause of the next ones, and of settings that seem to be missing.
  const [error] = document.errors
  if (error) throw configFault([{ where: file, what: error.message.split('\n', 1)[0]!, missing: false }])
  try {
    const value = document.toJS({ maxAliasCount: 100 }) as unknown
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return value ?? {}
    problems.push({ where: file, what: 'is not a map of settings', missing: false })
  } catch {
    problems.push({ where: file, what: 'has too many aliases', missing: false })
  }
  return {}
}

/** Frozen to the leaves; bytes cannot be. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const item of Object.values(value)) frozen(item)
  return Object.freeze(value)
}
