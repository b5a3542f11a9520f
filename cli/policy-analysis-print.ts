/** Output of analysis, proofs and diff for people: one line a point, the mail that shows it below. */
import type { PolicyInput } from '../shared/domain/index.ts'
import { type Analysis, type Change, mailWords, type Proof } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import type { Language } from './language.ts'
import { findingLines, paint } from './policy-print.ts'

const words = {
  de: {
    guarantee: 'Garantie',
    proved: 'bewiesen',
    counterexample: 'hält nicht',
    'not-decided': 'nicht entschieden',
    cases: 'Fälle',
    assuming: 'angenommen',
    notCovered: 'Nicht geprüft',
    such: 'zum Beispiel',
    nothing: 'Keine Änderung der Bedeutung',
    before: 'vorher',
    after: 'nachher',
    wider: 'gilt für mehr Mails',
    narrower: 'gilt für weniger Mails',
    changed: 'gilt für andere Mails',
    'wider-on-reject': 'stoppt mehr',
    'narrower-on-protect': 'schützt weniger',
    added: 'neu',
    removed: 'entfernt',
    renamed: 'umbenannt',
    condition: 'Bedingung',
    actions: 'Aktionen',
    mode: 'Modus',
    layer: 'Ebene',
    setting: 'Einstellung',
    entries: 'Einträge',
  },
  en: {
    guarantee: 'guarantee',
    proved: 'proved',
    counterexample: 'does not hold',
    'not-decided': 'not decided',
    cases: 'cases',
    assuming: 'assuming',
    notCovered: 'Not covered',
    such: 'for example',
    nothing: 'No change of meaning',
    before: 'before',
    after: 'after',
    wider: 'applies to more mail',
    narrower: 'applies to less mail',
    changed: 'applies to other mail',
    'wider-on-reject': 'stops more',
    'narrower-on-protect': 'protects less',
    added: 'added',
    removed: 'removed',
    renamed: 'renamed',
    condition: 'condition',
    actions: 'actions',
    mode: 'mode',
    layer: 'layer',
    setting: 'setting',
    entries: 'entries',
  },
} as const

export function printAnalysis(io: CliIo, analysis: Analysis, proofs: readonly Proof[], language: Language): void {
  const w = words[language]
  const lines = findingLines(io, analysis.findings, language)
  for (const [index, { mail }] of analysis.findings.entries()) {
    io.out(lines[index]!)
    if (mail) printMail(io, mail, language)
  }
  for (const proof of proofs) {
    const tone = proof.status === 'proved' ? 'good' : proof.status === 'counterexample' ? 'bad' : 'mild'
    const detail = proof.status === 'proved' ? `${proof.cases} ${w.cases}` : (proof.reason?.[language] ?? '')
    io.out(
      `${w.guarantee} ${proof.guarantee}: ${paint(io, tone, w[proof.status])} (${detail})  ${proof.file}:${proof.line}:${proof.column}`,
    )
    if (proof.mail) printMail(io, proof.mail, language)
    for (const text of proof.assuming) io.out(`  ${w.assuming}: ${text[language]}`)
  }
  for (const text of analysis.notCovered) io.out(`${w.notCovered}: ${text[language]}`)
}

export function printDiff(io: CliIo, changes: readonly Change[], language: Language): void {
  const w = words[language]
  if (changes.length === 0) io.out(w.nothing)
  for (const { kind, id, file, what, relation, before, after, flags, mail } of changes) {
    const how = [w[what], ...(relation ? [w[relation]] : [])].join(': ')
    const alarm = flags.map((flag) => `  ${paint(io, 'bad', `! ${w[flag]} (${flag})`)}`).join('')
    io.out(`${kind} ${id}: ${how}${alarm}  ${file}`)
    if (before !== undefined) io.out(`  ${w.before}: ${before}`)
    if (after !== undefined) io.out(`  ${w.after}: ${after}`)
    if (mail) printMail(io, mail, language)
  }
}

function printMail(io: CliIo, mail: PolicyInput, language: Language): void {
  const [first, ...more] = mailWords(mail, language)
  io.out(`  ${words[language].such}: ${first}`)
  for (const line of more) io.out(`    ${line}`)
}
