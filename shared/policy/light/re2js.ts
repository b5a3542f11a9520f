/** Stands in for `re2js` in browsers. */
import type { RE2JS as Pattern } from 're2js'
import { Table } from './pending.ts'

const table = new Table(() => import('re2js'))

export const RE2JS = {
  CASE_INSENSITIVE: 1,
  compile: (source: string, flags: number): Pattern => table.get().RE2JS.compile(source, flags),
}

/** Knows the real ones, which are fetched with the table, by their names. */
export class RE2JSException extends Error {
  static override [Symbol.hasInstance](problem: unknown): boolean {
    return problem instanceof Error && problem.name.startsWith('RE2JS')
  }
}
