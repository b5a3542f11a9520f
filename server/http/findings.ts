import type { Language, PolicyFinding } from '../../shared/contract/index.ts'
import type { Diagnostic } from '../../shared/policy/index.ts'

/** Findings in one language. */
export function findings(diagnostics: readonly Diagnostic[], language: Language): PolicyFinding[] {
  return diagnostics.map(({ code, severity, file, line, column, text, suggestion }) => ({
    code,
    severity,
    file,
    line,
    column,
    text: text[language],
    ...(suggestion === undefined ? {} : { suggestion }),
  }))
}
