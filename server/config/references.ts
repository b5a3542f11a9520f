import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Problem } from './problem.ts'

const REFERENCE = /\$\{file:([^}]+)\}/g

/** Puts the content of files where `${file:path}` stands, without the line end they finish with. */
export function resolveReferences(
  value: unknown,
  base: string,
  problems: Problem[],
  keys: readonly (string | number)[] = [],
): unknown {
  if (typeof value === 'string') {
    return value.replace(REFERENCE, (_, path: string) => {
      try {
        return readFileSync(resolve(base, path), 'utf8').replace(/\r?\n$/, '')
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
        problems.push({ where: keys.join('.'), what: `cannot read ${path} (${code})`, missing: code === 'ENOENT' })
        return ''
      }
    })
  }
  if (Array.isArray(value)) return value.map((item, i) => resolveReferences(item, base, problems, [...keys, i]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, resolveReferences(item, base, problems, [...keys, key])]),
  )
}
