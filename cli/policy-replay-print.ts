import type { ListRead } from '../server/policies/current-lists.ts'
import type { ReplayReport } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'
import type { Language } from './language.ts'

/** Of this process, or as the API gives it. */
export type ReplayLike = ReplayReport

type Verdict = ReplayLike['matrix'][number]['before']

const words = {
  de: {
    messages: (read: number, concerned: number, otherwise: string) =>
      `Nachrichten: ${read} gelesen, ${concerned} betroffen, ${otherwise} anders behandelt`,
    recipients: 'Empfänger',
    of: 'von',
    changes: {
      added: 'Neu',
      removed: 'Entfernt',
      changed: 'Geändert',
      guarantees: 'Garantien',
      exceptions: 'Ausnahmen',
      settings: 'Einstellungen',
    },
    settings: {
      labels: 'Einstufungen',
      preference: 'Vorrang der Wege',
      order: 'Reihenfolge',
      owner: 'Verantwortliche',
    },
    lookups: { directory: 'Verzeichnis', keys: 'Schlüssel', tls: 'TLS', auth: 'Echtheit des Absenders' },
    outcomes: {
      deliver: 'zustellen',
      reject: 'ablehnen',
      hold: 'anhalten',
      quarantine: 'Quarantäne',
      defer: 'warten',
    },
    plain: 'im Klartext',
    waits: (count: number) => `Müssen neu warten: ${count} Empfänger`,
    copies: 'Kopien',
    nobody: '(keine Abteilung)',
    look: 'Ansehen',
    idle: 'Traf nie zu',
    notRecorded: (count: number, lookups: string) =>
      `Tatsache nicht aufgezeichnet: ${count} Nachrichten wurden nicht verglichen, keine Regel ihrer Zeit schlug nach: ${lookups}`,
    notKept: (count: number, rules: string) =>
      `Wörter werden nicht aufbewahrt: in ${count} Nachrichten konnten diese Regeln nichts finden: ${rules}`,
    rejectToDeliver: 'ACHTUNG: vorher abgelehnt, nachher zugestellt',
    encryptedToClear: 'ACHTUNG: vorher verschlüsselt, nachher im Klartext',
    list: (list: string, entries: number) => `Liste, wie sie jetzt ist: ${list} (${entries} Einträge)`,
    unread: 'Liste nicht gelesen, in dieser Wiederholung unbekannt',
  },
  en: {
    messages: (read: number, concerned: number, otherwise: string) =>
      `Messages: ${read} read, ${concerned} concerned, ${otherwise} treated otherwise`,
    recipients: 'recipients',
    of: 'of',
    // Names of the report stand for themselves.
    changes: {},
    settings: {},
    lookups: {},
    outcomes: {},
    plain: 'plain',
    waits: (count: number) => `New waits: ${count} recipients`,
    copies: 'Copies',
    nobody: '(no department)',
    look: 'Look at',
    idle: 'Met nothing',
    notRecorded: (count: number, lookups: string) =>
      `Fact not recorded: ${count} messages were not compared, no rule of their time looked up: ${lookups}`,
    notKept: (count: number, rules: string) =>
      `Words are not kept: in ${count} messages these rules could find nothing: ${rules}`,
    rejectToDeliver: 'CAREFUL: rejected before, delivered after',
    encryptedToClear: 'CAREFUL: encrypted before, clear after',
    list: (list: string, entries: number) => `List as it is now: ${list} (${entries} entries)`,
    unread: 'List not read, unknown in this replay',
  },
} as const

/** What a change would have done, most telling first. */
export function printReplay(io: CliIo, report: ReplayLike, language: Language): void {
  const { total, evaluated, changed, recipients, changes, matrix, byDepartment, neverHit } = report
  const { notRecorded, notReplayable, gates } = report
  const w = words[language]
  const share = (part: number, of: number) =>
    of === 0 ? '' : ` (${((100 * part) / of).toLocaleString(language, ONE_DIGIT)} %)`
  io.out(`${w.messages(total, evaluated, String(changed))}${share(changed, total)}`)
  const some = `${recipients.changed} ${w.of} ${recipients.total}${share(recipients.changed, recipients.total)}`
  io.out(`${capital(w.recipients)}: ${some}`)
  for (const [what, ids] of Object.entries(changes))
    if (ids.length > 0)
      io.out(`${wordFor(w.changes, what)}: ${what === 'settings' ? listed(w.settings, ids) : ids.join(', ')}`)
  for (const { before, after, recipients: count } of matrix)
    io.out(`  ${String(count).padStart(7)}  ${verdict(before, language)} -> ${verdict(after, language)}`)
  if (report.newDefers > 0) io.out(w.waits(report.newDefers))
  if (report.copiesDelta !== 0) io.out(`${w.copies}: ${report.copiesDelta > 0 ? '+' : ''}${report.copiesDelta}`)
  for (const { department, total: all, changed: count } of byDepartment)
    if (count > 0) io.out(`  ${department ?? w.nobody}: ${count} ${w.of} ${all}`)
  if (report.examples.length > 0) io.out(`${w.look}: ${report.examples.join(', ')}`)
  if (neverHit.length > 0) io.out(`${w.idle}: ${neverHit.join(', ')}`)
  if (notRecorded.inputs > 0) io.out(w.notRecorded(notRecorded.inputs, listed(w.lookups, notRecorded.lookups)))
  if (notReplayable.rules.length > 0) io.out(w.notKept(notReplayable.inputs, notReplayable.rules.join(', ')))
  for (const gate of ['rejectToDeliver', 'encryptedToClear'] as const) {
    const { recipients: count, examples } = gates[gate]
    if (count > 0) io.err(`${w[gate]}: ${count} ${w.recipients} (${examples.join(', ')})`)
  }
}

/** What the replay was told of lists from outside. */
export function printLists(io: CliIo, lists: readonly ListRead[], language: Language): void {
  const w = words[language]
  for (const one of lists)
    if ('entries' in one) io.out(w.list(one.list, one.entries))
    else io.err(`${w.unread}: ${one.list} (${one.why})`)
}

const ONE_DIGIT = { minimumFractionDigits: 1, maximumFractionDigits: 1 }

function verdict({ outcome, method }: Verdict, language: Language): string {
  const { outcomes, plain } = words[language]
  const word = wordFor(outcomes, outcome)
  return outcome === 'deliver' ? `${word} ${method ?? plain}` : word
}

const wordFor = (known: Readonly<Record<string, string>>, name: string) => known[name] ?? name
const listed = (known: Readonly<Record<string, string>>, names: readonly string[]) =>
  names.map((name) => wordFor(known, name)).join(', ')

const capital = (word: string) => `${word[0]?.toUpperCase()}${word.slice(1)}`
