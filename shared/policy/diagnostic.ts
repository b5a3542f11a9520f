import { type DiagnosticCode, messages } from './diagnostic-texts.ts'

export interface Text {
  readonly de: string
  readonly en: string
}

/** A place in a file, both counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** One finding of `check`. `code` never changes its meaning; docs explain each. */
export interface Diagnostic extends Position {
  readonly code: DiagnosticCode
  readonly severity: 'error' | 'warning'
  readonly file: string
  readonly text: Text
  /** A name that exists and was probably meant. */
  readonly suggestion?: string
}

/** Of each severity and file; whoever mistyped so much reads no further. */
const MAX_FINDINGS = 100

/** Collects the findings of one file. */
export class Findings {
  readonly file: string
  readonly list: Diagnostic[]
  readonly #count = { error: 0, warning: 0 }

  constructor(file: string, list: Diagnostic[]) {
    this.file = file
    this.list = list
  }

  /** Adds a finding with the text of `code`, filled with `values`. */
  add(
    code: DiagnosticCode,
    at: Position,
    values: Readonly<Record<string, string>> = {},
    suggestion: string | null = null,
  ) {
    const { severity, de, en } = messages[code]
    if (++this.#count[severity] > MAX_FINDINGS) return
    this.list.push({
      code,
      severity,
      file: this.file,
      line: at.line,
      column: at.column,
      text: { de: fill(de, values), en: fill(en, values) },
      ...(suggestion === null ? {} : { suggestion }),
    })
  }
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => shorten(values[name] ?? ''))
}

/** Quoted input stays on one line and short: it goes to terminals and logs of CI systems. */
function shorten(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a terminal
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
  return line.length > 200 ? `${line.slice(0, 197)}...` : line
}
