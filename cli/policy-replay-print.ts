import type { ListRead } from '../server/policies/current-lists.ts'
import type { ReplayReport } from '../shared/policy/index.ts'
import type { CliIo } from './io.ts'

/** Of this process, or as the API gives it. */
export type ReplayLike = ReplayReport

/** What a change would have done, most telling first. */
export function printReplay(io: CliIo, report: ReplayLike): void {
  const {
    total,
    evaluated,
    changed,
    recipients,
    changes,
    gates,
    matrix,
    byDepartment,
    neverHit,
    notRecorded,
    notReplayable,
  } = report
  io.out(`Messages: ${total} read, ${evaluated} concerned, ${changed} treated otherwise${share(changed, total)}`)
  io.out(`Recipients: ${recipients.changed} of ${recipients.total}${share(recipients.changed, recipients.total)}`)
  for (const [what, ids] of Object.entries(changes)) if (ids.length > 0) io.out(`${what}: ${ids.join(', ')}`)
  for (const { before, after, recipients: count } of matrix)
    io.out(`  ${String(count).padStart(7)}  ${verdict(before)} -> ${verdict(after)}`)
  if (report.newDefers > 0) io.out(`New waits: ${report.newDefers} recipients`)
  if (report.copiesDelta !== 0) io.out(`Copies: ${report.copiesDelta > 0 ? '+' : ''}${report.copiesDelta}`)
  for (const { department, total: all, changed: some } of byDepartment)
    if (some > 0) io.out(`  ${department ?? '(no department)'}: ${some} of ${all}`)
  if (report.examples.length > 0) io.out(`Look at: ${report.examples.join(', ')}`)
  if (neverHit.length > 0) io.out(`Met nothing: ${neverHit.join(', ')}`)
  if (notRecorded.inputs > 0)
    io.out(
      `Fact not recorded: ${notRecorded.inputs} messages were not compared, no rule of their time looked up: ${notRecorded.lookups.join(', ')}`,
    )
  if (notReplayable.rules.length > 0)
    io.out(
      `Words are not kept: in ${notReplayable.inputs} messages these rules could find nothing: ${notReplayable.rules.join(', ')}`,
    )
  const { rejectToDeliver, encryptedToClear } = gates
  if (rejectToDeliver.recipients > 0)
    io.err(
      `CAREFUL: rejected before, delivered after: ${rejectToDeliver.recipients} recipients (${rejectToDeliver.examples.join(', ')})`,
    )
  if (encryptedToClear.recipients > 0)
    io.err(
      `CAREFUL: encrypted before, clear after: ${encryptedToClear.recipients} recipients (${encryptedToClear.examples.join(', ')})`,
    )
}

/** What the replay was told of lists from outside. */
export function printLists(io: CliIo, lists: readonly ListRead[]): void {
  for (const one of lists)
    if ('entries' in one) io.out(`List as it is now: ${one.list} (${one.entries} entries)`)
    else io.err(`List not read, unknown in this replay: ${one.list} (${one.why})`)
}

const verdict = ({ outcome, method }: ReplayLike['matrix'][number]['before']) =>
  outcome === 'deliver' ? `deliver ${method ?? 'plain'}` : outcome

const share = (part: number, of: number) => (of === 0 ? '' : ` (${((100 * part) / of).toFixed(1)} %)`)
