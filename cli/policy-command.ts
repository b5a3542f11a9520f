/** What the commands about policies share. */
import path from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { readPolicyDirectory } from '../server/policies/directory.ts'
import { toFault } from '../shared/fault/index.ts'
import type { Diagnostic, PolicyFile } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import { type Language, language } from './language.ts'

export interface Common {
  readonly json?: boolean
  readonly lang: Language
}

export function common(command: Command, example: string, more = ''): Command {
  return command
    .option('--json', 'print one JSON document')
    .option('--lang <language>', 'de or en', language, 'en')
    .addHelpText('after', `\nExample:\n  $ secflow policy ${example}${more}`)
}

/** A positive integer of an option or argument. */
export function serialOf(value: string): number {
  const serial = Number(value)
  if (Number.isSafeInteger(serial) && serial > 0) return serial
  throw new InvalidArgumentError('use a positive integer')
}

export function print(io: CliIo, value: unknown): void {
  io.out(JSON.stringify(value, null, 2))
}

/** Rule sets of a directory, named as the commands show them. */
export function filesOf(io: CliIo, dir: string): Promise<readonly PolicyFile[]> {
  return readPolicyDirectory(path.resolve(io.cwd, dir))
}

/** Findings, a line each, to stderr. */
export function printDiagnostics(io: CliIo, diagnostics: readonly Diagnostic[], language: Language): void {
  for (const { file, line, column, severity, code, text } of diagnostics)
    io.err(`${file}:${line}:${column}  ${severity}  ${code}  ${text[language]}`)
}

/** What throws could not run: one line that says why, exit code 3. */
export async function run(io: CliIo, work: () => Promise<void>, lang: Language = 'en'): Promise<void> {
  try {
    await work()
  } catch (error) {
    const fault = toFault(error)
    const cause = fault.cause instanceof Error ? fault.cause.message : ''
    io.err([fault.code, fault.detailIn(lang), cause].filter(Boolean).join(': '))
    io.exit(3)
  }
}
