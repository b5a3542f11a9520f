/** The blast radius of a change: recorded inputs decided by both policies, where the change can make a difference. */
import type { Decision, Method, Outcome, PolicyInput, RecipientDecision } from '../../domain/index.ts'
import { decide } from '../evaluate/decide.ts'
import { type Lookup, unrecordedFacts } from '../match/needs.ts'
import type { Policy } from '../policy.ts'
import { byCode } from '../text/canonical.ts'
import { type Changes, changesBetween } from './changed.ts'
import { concernedBy } from './delta.ts'
import { type RecordedInput, rulesOf } from './record.ts'
import { rulesOnWords } from './words.ts'

export interface Verdict {
  readonly outcome: Outcome
  /** Null is without protection; only with `deliver`. */
  readonly method: Method | null
}

/** Recipients to whom something happened that wants a second pair of eyes. */
export interface Gate {
  readonly recipients: number
  /** Messages, at most `EXAMPLES`. */
  readonly examples: readonly string[]
}

export interface ReplayReport {
  /** Revisions. */
  readonly before: string
  readonly after: string
  readonly changes: Changes
  /** Inputs that were read. */
  readonly total: number
  /** Those that a changed rule can concern: they were decided twice. */
  readonly evaluated: number
  /** Messages of which the plan of a recipient, the copies or a step once per message differ. */
  readonly changed: number
  readonly recipients: { readonly total: number; readonly changed: number }
  /** Recipients with another plan, by verdict before and after; the most frequent first. */
  readonly matrix: readonly { readonly before: Verdict; readonly after: Verdict; readonly recipients: number }[]
  /** By the sender's department, null where it is not known; those with the most changes first. */
  readonly byDepartment: readonly {
    readonly department: string | null
    readonly total: number
    readonly changed: number
  }[]
  /** Recipients that would have to wait and did not before. */
  readonly newDefers: number
  /** Renditions more (or fewer, negative). */
  readonly copiesDelta: number
  readonly gates: { readonly rejectToDeliver: Gate; readonly encryptedToClear: Gate }
  /** Messages to look at, the gravest first. */
  readonly examples: readonly string[]
  /** Rules of the new policy that had a part in nothing. */
  readonly neverHit: readonly string[]
  /** False when inputs came without the rules of their time: `neverHit` then names changed rules only. */
  readonly hitsKnown: boolean
  /**
   * Inputs that one of the policies cannot judge, because a fact it needs was not looked up at the time: no rule of then
   * asked for it. They are in `evaluated` and in nothing else, since a guess would look like a wait.
   */
  readonly notRecorded: { readonly inputs: number; readonly lookups: readonly Lookup[] }
  /** Inputs without their words, and the rules of either policy on words, which found nothing in them. */
  readonly notReplayable: { readonly inputs: number; readonly rules: readonly string[] }
}

export const EXAMPLES = 20

/** Compares two policies on recorded inputs. */
export function replay(before: Policy, after: Policy, inputs: Iterable<RecordedInput>): ReplayReport {
  const run = new Replay(before, after)
  for (const input of inputs) run.add(input)
  return run.report()
}

/** The same in portions, for inputs that come page by page. */
export class Replay {
  readonly #before: Policy
  readonly #after: Policy
  readonly #changes: Changes
  readonly #concerned: ReturnType<typeof concernedBy>
  readonly #matrix = new Map<string, { before: Verdict; after: Verdict; recipients: number }>()
  readonly #departments = new Map<string | null, { total: number; changed: number }>()
  readonly #hit = new Set<string>()
  readonly #gates = { rejectToDeliver: new GateCount(), encryptedToClear: new GateCount() }
  readonly #examples: string[][] = [[], [], []]
  #total = 0
  #evaluated = 0
  #changed = 0
  #recipients = 0
  #changedRecipients = 0
  #newDefers = 0
  #copiesDelta = 0
  #redacted = 0
  #hitsKnown = true
  #notRecorded = 0
  readonly #unrecorded = new Set<Lookup>()

  constructor(before: Policy, after: Policy) {
    this.#before = before
    this.#after = after
    this.#changes = changesBetween(before, after)
    this.#concerned = concernedBy(this.#changes, before, after)
  }

  add({ id, input, redacted, rules }: RecordedInput): void {
    this.#total++
    this.#recipients += input.recipients.length
    if (redacted) this.#redacted++
    const department = this.#department(input.sender.department ?? null)
    department.total++
    if (rules === undefined) this.#hitsKnown = false
    else for (const rule of rules) this.#hit.add(rule)
    if (!this.#concerned(input)) return
    this.#evaluated++
    if (this.#lacksFacts(input)) return
    const before = decide(this.#before, input)
    const after = decide(this.#after, input)
    for (const rule of rulesOf(after)) this.#hit.add(` ${rule}`)
    if (!this.#compare(id, before, after)) return
    this.#changed++
    department.changed++
    this.#copiesDelta += after.copies.length - before.copies.length
  }

  report(): ReplayReport {
    const fresh = new Set([...this.#changes.added, ...this.#changes.changed])
    // What is new was tried on every input; of what stayed the records tell.
    const wasHit = (id: string) => this.#hit.has(` ${id}`) || (!fresh.has(id) && this.#hit.has(id))
    const rules = this.#after.rules.map(({ id }) => id).filter((id) => this.#hitsKnown || fresh.has(id))
    return {
      before: this.#before.revision,
      after: this.#after.revision,
      changes: this.#changes,
      total: this.#total,
      evaluated: this.#evaluated,
      changed: this.#changed,
      recipients: { total: this.#recipients, changed: this.#changedRecipients },
      matrix: [...this.#matrix.values()].sort((a, b) => b.recipients - a.recipients),
      byDepartment: [...this.#departments]
        .map(([department, counts]) => ({ department, ...counts }))
        .sort((a, b) => b.changed - a.changed || b.total - a.total),
      newDefers: this.#newDefers,
      copiesDelta: this.#copiesDelta,
      gates: {
        rejectToDeliver: this.#gates.rejectToDeliver.gate(),
        encryptedToClear: this.#gates.encryptedToClear.gate(),
      },
      examples: this.#examples.flat().slice(0, EXAMPLES),
      neverHit: rules.filter((id) => !wasHit(id)).sort(byCode),
      hitsKnown: this.#hitsKnown,
      notRecorded: { inputs: this.#notRecorded, lookups: [...this.#unrecorded].sort(byCode) },
      notReplayable: { inputs: this.#redacted, rules: this.#redacted > 0 ? this.#onWords() : [] },
    }
  }

  #lacksFacts(input: PolicyInput): boolean {
    const lacking = [this.#before, this.#after].flatMap((policy) => unrecordedFacts(policy, input))
    if (lacking.length === 0) return false
    this.#notRecorded++
    for (const { lookup } of lacking) this.#unrecorded.add(lookup)
    return true
  }

  #onWords(): readonly string[] {
    return [...new Set([this.#before, this.#after].flatMap(rulesOnWords))].sort(byCode)
  }

  /** Counts the differences; whether there is one. */
  #compare(id: string, before: Decision, after: Decision): boolean {
    let grave = 2
    let changed = JSON.stringify(before.once) !== JSON.stringify(after.once)
    changed ||= before.copies.length !== after.copies.length
    for (const [index, was] of before.recipients.entries()) {
      const is = after.recipients[index]!
      if (planOf(was) === planOf(is)) continue
      changed = true
      this.#changedRecipients++
      this.#count(was, is)
      if (was.outcome !== 'defer' && is.outcome === 'defer') this.#newDefers++
      if (was.outcome === 'reject' && is.outcome === 'deliver') this.#gates.rejectToDeliver.add(id)
      if (isEncrypted(was) && isClear(is)) this.#gates.encryptedToClear.add(id)
      if ((was.outcome === 'reject' && is.outcome === 'deliver') || (isEncrypted(was) && isClear(is))) grave = 0
      else if (was.outcome !== is.outcome) grave = Math.min(grave, 1)
    }
    const examples = this.#examples[grave]!
    if (changed && examples.length < EXAMPLES) examples.push(id)
    return changed
  }

  #count(was: RecipientDecision, is: RecipientDecision): void {
    const key = `${was.outcome} ${was.method} ${is.outcome} ${is.method}`
    const cell = this.#matrix.get(key)
    if (cell) cell.recipients++
    else this.#matrix.set(key, { before: verdictOf(was), after: verdictOf(is), recipients: 1 })
  }

  #department(name: string | null): { total: number; changed: number } {
    let counts = this.#departments.get(name)
    if (!counts) {
      counts = { total: 0, changed: 0 }
      this.#departments.set(name, counts)
    }
    return counts
  }
}

class GateCount {
  #recipients = 0
  readonly #examples = new Set<string>()

  add(id: string): void {
    this.#recipients++
    if (this.#examples.size < EXAMPLES) this.#examples.add(id)
  }

  gate(): Gate {
    return { recipients: this.#recipients, examples: [...this.#examples] }
  }
}

const verdictOf = ({ outcome, method }: RecipientDecision): Verdict => ({ outcome, method })

/** What is done for a recipient, without why. One engine made both, so that the order of members is the same. */
const planOf = ({ outcome, method, steps, approvers, text }: RecipientDecision) =>
  JSON.stringify([outcome, method, steps, approvers, text])

/** Protected from sender to recipient; `tls` protects one hop. */
const isEncrypted = ({ outcome, method }: RecipientDecision) =>
  outcome === 'deliver' && method !== null && method !== 'tls'

const isClear = ({ outcome, method }: RecipientDecision) =>
  outcome === 'deliver' && (method === null || method === 'tls')
