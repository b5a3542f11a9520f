/** One thing that was looked at. */
export interface Finding {
  /** `configuration`, `port http`, `keys acme` ... */
  readonly check: string
  readonly status: 'ok' | 'warning' | 'error'
  readonly text: string
  /** How to mend it. */
  readonly mend?: string
}

export const ok = (check: string, text: string): Finding => ({ check, status: 'ok', text })
export const warning = (check: string, text: string, mend: string): Finding => ({
  check,
  status: 'warning',
  text,
  mend,
})
export const error = (check: string, text: string, mend: string): Finding => ({ check, status: 'error', text, mend })

/** What a system call says, without its path. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
}
