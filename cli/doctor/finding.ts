import type { InBoth } from '../../shared/fault/index.ts'
import type { Language } from '../language.ts'

/** One thing that was looked at. */
export interface Finding {
  /** `configuration`, `port http`, `keys acme` ... */
  readonly check: string
  readonly status: 'ok' | 'warning' | 'error'
  /** English alone where the check has no other words. */
  readonly text: string | InBoth
  /** How to mend it. */
  readonly mend?: string | InBoth
}

type Words = Finding['text']

export const ok = (check: string, text: Words): Finding => ({ check, status: 'ok', text })
export const warning = (check: string, text: Words, mend: Words): Finding => ({ check, status: 'warning', text, mend })
export const error = (check: string, text: Words, mend: Words): Finding => ({ check, status: 'error', text, mend })

/** A finding in one language. */
export function findingIn(language: Language, { check, status, text, mend }: Finding) {
  const words = (said: Words) => (typeof said === 'string' ? said : said[language])
  return { check, status, text: words(text), ...(mend === undefined ? {} : { mend: words(mend) }) }
}

/** What a system call says, without its path. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
}
