/** Output of the policy commands for people: aligned, one line per finding, and what to do next. */
import type { Decision } from '../shared/domain/index.ts'
import {
  type Diagnostic,
  type LoadedPolicy,
  type PolicyTestResult,
  showOnce,
  showStep,
} from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import type { Language } from './language.ts'

export const words = {
  de: {
    error: 'Fehler',
    warning: 'Warnung',
    meant: 'meinten Sie',
    valid: 'Die Richtlinie ist gültig',
    invalid: 'Die Richtlinie ist nicht gültig',
    sets: 'Regelsätze',
    rules: 'Regeln',
    guarantees: 'Garantien',
    next: 'Weiter',
    mend: 'die genannten Stellen ändern und noch einmal prüfen:',
    passed: 'bestanden',
    failed: 'gescheitert',
    uncovered: 'Von keinem Test gesehen',
    noTests: 'Es gibt keine Tests (*_test.yaml)',
    noRecipient: '--to nennt keinen Empfänger',
    nothing: 'Nichts wurde zugestellt.',
    once: 'einmal je Nachricht',
    unreadable: 'nicht lesbar',
  },
  en: {
    error: 'error',
    warning: 'warning',
    meant: 'did you mean',
    valid: 'The policy is valid',
    invalid: 'The policy is not valid',
    sets: 'rule sets',
    rules: 'rules',
    guarantees: 'guarantees',
    next: 'Next',
    mend: 'change these places and check again:',
    passed: 'passed',
    failed: 'failed',
    uncovered: 'Seen by no test',
    noTests: 'There are no tests (*_test.yaml)',
    noRecipient: '--to names no recipient',
    nothing: 'Nothing was delivered.',
    once: 'once per message',
    unreadable: 'cannot be read',
  },
} as const

type Tone = 'good' | 'bad' | 'mild'
const TONES: Readonly<Record<Tone, string>> = { good: '32', bad: '31', mild: '33' }

export function paint(io: CliIo, tone: Tone, text: string): string {
  return io.color ? `\u001b[${TONES[tone]}m${text}\u001b[0m` : text
}

export function printFindings(io: CliIo, dir: string, loaded: LoadedPolicy, language: Language): void {
  const w = words[language]
  for (const line of findingLines(io, loaded.diagnostics, language)) io.out(line)
  const { policy } = loaded
  if (policy) {
    const { sets, rules, guarantees, revision } = policy
    const counts = `${w.sets} ${sets.length}, ${w.rules} ${rules.length}, ${w.guarantees} ${guarantees.length}`
    io.out(`${paint(io, 'good', w.valid)}: ${counts}, revision ${revision.slice(0, 12)}`)
    io.out(`${w.next}: secflow policy test ${dir}`)
  } else {
    io.out(`${paint(io, 'bad', w.invalid)}. ${w.next}: ${w.mend} secflow policy check ${dir}`)
  }
}

export function findingLines(io: CliIo, diagnostics: readonly Diagnostic[], language: Language): string[] {
  const w = words[language]
  const places = diagnostics.map(({ file, line, column }) => `${file}:${line}:${column}`)
  const place = width(places)
  const code = width(diagnostics.map((one) => one.code))
  return diagnostics.map((one, i) => {
    const tone = one.severity === 'error' ? 'bad' : 'mild'
    const severity = w[one.severity].padEnd(Math.max(w.error.length, w.warning.length))
    const hint = one.suggestion === undefined ? '' : ` (${w.meant} ${one.suggestion}?)`
    return `${places[i]!.padEnd(place)}  ${paint(io, tone, severity)}  ${one.code.padEnd(code)}  ${one.text[language]}${hint}`
  })
}

export function printTests(io: CliIo, result: PolicyTestResult, strict: boolean, language: Language): void {
  const w = words[language]
  for (const line of findingLines(io, result.diagnostics, language)) io.out(line)
  for (const { file, line, name, failures } of result.cases) {
    const mark = failures.length === 0 ? paint(io, 'good', 'ok  ') : paint(io, 'bad', 'FAIL')
    io.out(`${mark}  ${name}${failures.length === 0 ? '' : `  (${file}:${line})`}`)
    for (const failure of failures) io.out(`      ${failure}`)
  }
  if (result.cases.length === 0) io.out(`${paint(io, strict ? 'bad' : 'mild', w.noTests)}`)
  if (result.uncovered.length > 0)
    io.out(`${paint(io, strict ? 'bad' : 'mild', w.uncovered)}: ${result.uncovered.join(', ')}`)
  io.out(`${result.passed} ${w.passed}, ${result.failed} ${w.failed}`)
}

export interface Simulated {
  readonly mail: string
  readonly decision?: Decision
  readonly error?: string
}

/** One block a mail, one aligned line a recipient. */
export function printSimulation(io: CliIo, results: readonly Simulated[], language: Language): void {
  const w = words[language]
  const tones = { deliver: 'good', defer: 'mild', hold: 'mild', quarantine: 'bad', reject: 'bad' } as const
  for (const { mail, decision, error } of results) {
    io.out(`${mail}`)
    if (!decision) {
      io.out(`  ${paint(io, 'bad', w.unreadable)}: ${error ?? ''}`)
      continue
    }
    const address = width(decision.recipients.map((one) => one.address))
    for (const one of decision.recipients) {
      const rules = one.reasons.map((reason) => reason.rule).join(', ')
      const steps = one.steps.map(showStep).join(' -> ') || '-'
      const simulated = one.simulated.length > 0 ? `  (simulate: ${one.simulated.join(', ')})` : ''
      io.out(
        `  ${one.address.padEnd(address)}  ${paint(io, tones[one.outcome], one.outcome.padEnd(10))}  ${steps}  [${rules}]${simulated}`,
      )
      for (const missing of one.missing) io.out(`  ${''.padEnd(address)}  ${missing.text[language]}`)
    }
    if (decision.once.length > 0) io.out(`  ${w.once}: ${decision.once.map(showOnce).join('; ')}`)
  }
  io.out(`${w.nothing}`)
}

function width(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length))
}
