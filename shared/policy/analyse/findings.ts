/** What is certainly wrong or idle in a policy that is valid. Whatever is doubtful is counted as not covered, never reported. */
import type { Method, PolicyInput } from '../../domain/index.ts'
import { type Diagnostic, Findings, type Position, type Text } from '../diagnostic.ts'
import type { DiagnosticCode } from '../diagnostic-texts.ts'
import { draftsOf } from '../evaluate/decide.ts'
import { conflictsOf } from '../evaluate/plan.ts'
import type { ActionUse, RuleSet } from '../ir.ts'
import type { Policy } from '../policy.ts'
import { OUTCOMES } from '../registry/actions/gate.ts'
import type { Protect } from '../registry/actions/protect.ts'
import { type Answer, Boxes } from './boxes.ts'
import { all, type Box, F, type Form, negation, T, U } from './form.ts'
import { minimal } from './minimal.ts'
import { conditionsOf, type Subject, subjectOf } from './selections.ts'
import { type Asked, askedBy, covers, rankOf, Selectors } from './strength.ts'
import { Universe } from './universe.ts'
import { mailIn } from './witness.ts'

export interface Finding extends Diagnostic {
  /** A mail that shows it; the engine confirmed that. */
  readonly mail?: PolicyInput
}

export interface Analysis {
  readonly findings: readonly Finding[]
  /** What was not looked at, in sentences. */
  readonly notCovered: readonly Text[]
}

/** Pairs of rules compared, and overlaps for which a mail is sought. */
const MAX_PAIRS = 1_000_000
const MAX_MAILS = 400

/** Findings of one policy, by file and place. Rules that are disabled are left aside. */
export function analysePolicy(policy: Policy): Analysis {
  return new Analyst(policy).run()
}

/** One way a rule can act: its condition and the actions it then brings. */
interface Way {
  readonly subject: Subject
  readonly form: Form
  readonly actions: readonly ActionUse[]
}

class Analyst {
  readonly #policy: Policy
  readonly #boxes: Boxes
  /** For mails as the gateway makes them. */
  readonly #directed: Boxes
  readonly #subjects: readonly Subject[]
  readonly #list: Finding[] = []
  readonly #byFile = new Map<string, Findings>()
  readonly #selectors = new Selectors()
  #tooLarge = 0
  #pairs = 0
  #mails = 0
  #unchecked = 0

  constructor(policy: Policy) {
    this.#policy = { ...policy, guarantees: [] }
    const sets = policy.ruleSets.filter((set) => set.mode !== 'disabled')
    const universe = new Universe(conditionsOf(sets), policy.tenantLabels)
    this.#boxes = new Boxes(universe)
    this.#directed = new Boxes(universe, { directed: true })
    this.#subjects = sets.flatMap((set) =>
      set.rules.filter((rule) => rule.mode !== 'disabled').map((rule) => subjectOf(universe, set, rule, sets)),
    )
  }

  run(): Analysis {
    const idle = new Set<Subject>()
    for (const subject of this.#subjects) if (this.#neverTrue(subject)) idle.add(subject)
    this.#neverTrueOthers()
    const live = this.#subjects.filter((subject) => !idle.has(subject))
    for (const subject of live) this.#unreachable(subject)
    const enforced = live.filter(({ rule }) => rule.mode === 'enforce')
    const ways = enforced.flatMap(waysOf)
    this.#methods(ways)
    this.#values(ways)
    this.#redundant(enforced)
    const findings = this.#list.sort(
      (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
    )
    return { findings, notCovered: this.#notCovered() }
  }

  #add(set: RuleSet, code: DiagnosticCode, at: Position, values: Readonly<Record<string, string>>, mail?: PolicyInput) {
    const made: Diagnostic[] = []
    let findings = this.#byFile.get(set.file)
    if (!findings) {
      findings = new Findings(set.file, made)
      this.#byFile.set(set.file, findings)
    }
    const before = findings.list.length
    findings.add(code, at, values)
    for (const finding of findings.list.slice(before)) this.#list.push(mail ? { ...finding, mail } : finding)
  }

  #certain(answer: Answer): boolean {
    if (answer === 'too large') this.#tooLarge++
    return answer === 'yes'
  }

  #neverTrue({ rule, set, applies, when }: Subject): boolean {
    if (!this.#certain(this.#boxes.never(all([applies, when]), T))) return false
    this.#add(set, 'never-true', rule.at, { name: rule.id })
    return rule.else.length === 0
  }

  #neverTrueOthers(): void {
    const { universe } = this.#boxes
    for (const set of this.#policy.ruleSets) {
      if (set.mode === 'disabled') continue
      for (const { id, when, at } of [...set.exceptions, ...set.guarantees]) {
        const form = universe.form({ kind: 'all', of: [set.appliesTo, when] })
        if (this.#certain(this.#boxes.never(form, T))) this.#add(set, 'never-true', at, { name: id })
      }
    }
  }

  /** A branch is reached where none before it holds for certain and it may hold itself. */
  #unreachable({ rule, set, applies, when, branches }: Subject): void {
    const terms = (form: Form, truths: number) => this.#boxes.terms(form, truths)
    let open = terms(all([applies, when]), T | U)
    if (rule.else.length > 0) {
      const none = this.#within(terms(applies, T | U), when, T)
      if (none) this.#add(set, 'unreachable-branch', rule.else[0]!.at, { name: 'else', detail: rule.id })
    }
    if (!rule.choose) return
    for (const [index, branch] of branches.entries()) {
      if (open === null) {
        this.#tooLarge++
        return
      }
      const at = rule.branches[index]!.actions[0]?.at ?? rule.at
      if (this.#within(open, branch, F))
        this.#add(set, 'unreachable-branch', at, { name: `choose[${index}]`, detail: rule.id })
      const missed = terms(branch, F | U)
      open = missed === null ? null : this.#product(open, missed)
    }
  }

  #within(boxes: readonly Box[] | null, form: Form, truths: number): boolean {
    return this.#certain(this.#boxes.within(boxes, form, truths))
  }

  #product(a: readonly Box[], b: readonly Box[], boxes = this.#boxes): readonly Box[] | null {
    if (a.length * b.length > 1024) return null
    return a.flatMap((one) =>
      b.flatMap((other) => {
        const both = boxes.meet(one, other)
        return both === null ? [] : [both]
      }),
    )
  }

  /** Simple rules that another one outdoes wherever they apply, and wherever they are in doubt. */
  #redundant(subjects: readonly Subject[]): void {
    const simple = subjects
      .filter(({ rule }) => !rule.choose && rule.else.length === 0 && rule.branches.length === 1)
      .map((subject, place) => {
        const { rule, set, applies, when } = subject
        const uses = rule.branches[0]!.actions
        const rank = rankOf(set, rule)
        const form = all([applies, when])
        return {
          ...subject,
          place,
          rank,
          form,
          asked: askedBy(uses, rank, this.#selectors),
          restrictive: uses.some((use) => use.definition.restrictive),
          holds: this.#boxes.terms(form, T),
          fails: this.#boxes.terms(form, F | U),
        }
      })
    // Only a rule that asks for something in the same slot can outdo another; the rarest slot leaves the fewest.
    const bySlot = Map.groupBy(
      simple.flatMap((one) => [...one.asked.keys()].map((slot) => ({ slot, one }))),
      ({ slot }) => slot,
    )
    const candidates = (asked: ReadonlyMap<string, Asked>) => {
      const groups = [...asked.keys()].map((slot) => bySlot.get(slot) ?? [])
      return groups.reduce((few, group) => (group.length < few.length ? group : few)).map(({ one }) => one)
    }
    const meets = (a: readonly Box[], b: readonly Box[]) =>
      a.some((one) => b.some((other) => this.#boxes.meet(one, other) !== null))
    for (const a of simple) {
      if (a.holds === null || a.fails === null) {
        this.#tooLarge++
        continue
      }
      if (a.asked.size === 0) continue
      const by = candidates(a.asked).find((b) => {
        if (++this.#pairs > MAX_PAIRS) return false
        if (a === b || b.rank > a.rank || b.fails === null) return false
        if (b.rule.overridable && (!a.rule.overridable || b.exceptions.length > 0)) return false
        if (meets(a.holds!, b.fails) || !covers(b.asked, a.asked)) return false
        if (!this.#doubtCovered(a, b)) return false
        // Of two that say the same the later one is named.
        return !(this.#equal(a, b) && a.place < b.place && a.rank === b.rank)
      })
      if (this.#pairs > MAX_PAIRS) {
        this.#unchecked += simple.length
        return
      }
      if (by) this.#add(a.set, 'redundant-rule', a.rule.at, { name: a.rule.id, detail: by.rule.id })
    }
  }

  /** Where `a` is in doubt and would apply `onUnknown`, `b` is in doubt too and applies as much. */
  #doubtCovered(
    a: Subject & { readonly form: Form; readonly restrictive: boolean },
    b: Subject & { readonly form: Form; readonly restrictive: boolean },
  ): boolean {
    if (!a.restrictive || a.rule.onUnknown === 'skip') return true
    const doubt = this.#boxes.terms(a.form, U)
    if (doubt?.length === 0) return true
    const strict = (outcome: string) => (OUTCOMES as readonly string[]).indexOf(outcome)
    if (!b.restrictive || strict(b.rule.onUnknown) < strict(a.rule.onUnknown)) return false
    return this.#within(doubt, b.form, U)
  }

  #equal(a: { readonly form: Form; readonly asked: ReadonlyMap<string, Asked> }, b: typeof a): boolean {
    return covers(a.asked, b.asked) && this.#boxes.implies(b.form, a.form) === 'yes'
  }

  /** Pairs of ways whose accepted methods have nothing in common, with a mail that meets both. */
  #methods(ways: readonly Way[]): void {
    const protecting = ways.flatMap((way) => {
      const methods = methodsOf(way.actions)
      return methods === null ? [] : [{ way, methods }]
    })
    for (const [index, one] of protecting.entries()) {
      for (const other of protecting.slice(0, index)) {
        if (one.way.subject === other.way.subject) continue
        if (one.methods.some((method) => other.methods.includes(method))) continue
        const mail = this.#meeting(one.way, other.way, (made) => this.#commonMethods(made)?.length === 0)
        if (!mail) continue
        const [lower, upper] =
          rankOf(one.way.subject.set, one.way.subject.rule) >= rankOf(other.way.subject.set, other.way.subject.rule)
            ? [one, other]
            : [other, one]
        const { set, rule } = lower.way.subject
        const values = { name: rule.id, field: lower.methods.join(', '), detail: upper.way.subject.rule.id }
        const between = set.layer !== upper.way.subject.set.layer
        const always = between && this.#boxes.implies(lower.way.form, upper.way.form) === 'yes'
        this.#add(set, always ? 'dead-end' : 'no-common-method', rule.at, values, mail)
      }
    }
  }

  #commonMethods(mail: PolicyInput): readonly Method[] | undefined {
    return (draftsOf(this.#policy, mail)[0]?.plan.get('protect')?.value as Protect | undefined)?.anyOf
  }

  /** Pairs of ways that give one slot different values with the same weight. */
  #values(ways: readonly Way[]): void {
    const bySlot = new Map<string, { readonly way: Way; readonly asked: Asked }[]>()
    for (const way of ways) {
      const rank = rankOf(way.subject.set, way.subject.rule)
      for (const [slot, asked] of askedBy(way.actions, rank, this.#selectors)) {
        if (!asked.action.conflict) continue
        const key = `${rank} ${slot}`
        const group = bySlot.get(key) ?? []
        bySlot.set(key, group)
        for (const other of group) {
          if (other.way.subject === way.subject) continue
          if (!asked.action.conflict(asked.action.join(other.asked.value, asked.value))) continue
          const mail = this.#meeting(way, other.way, (made) => this.#conflicts(made).includes(slot))
          if (!mail) continue
          const { set, rule } = way.subject
          const values = { name: rule.id, detail: other.way.subject.rule.id, field: slot }
          this.#add(set, 'overlapping-values', rule.at, values, mail)
        }
        group.push({ way, asked })
      }
    }
  }

  #conflicts(mail: PolicyInput): readonly string[] {
    const [draft] = draftsOf(this.#policy, mail)
    return draft ? conflictsOf(draft.plan).map(({ name }) => name) : []
  }

  /** A small mail that meets both and on which the engine shows what `shows` looks for. */
  #meeting(one: Way, other: Way, shows: (mail: PolicyInput) => boolean): PolicyInput | null {
    if (++this.#pairs > MAX_PAIRS || this.#mails > MAX_MAILS) {
      this.#unchecked++
      return null
    }
    const [a, b] = [this.#directed.terms(one.form, T), this.#directed.terms(other.form, T)]
    const boxes = a && b ? this.#product(a, b, this.#directed) : null
    if (boxes === null) {
      this.#tooLarge++
      return null
    }
    const ours =
      this.#policy.ruleSets.map(({ owner }) => /@([^@\s]+)$/.exec(owner)?.[1]).find(Boolean) ?? 'ours.example'
    const ids = [one.subject.rule.id, other.subject.rule.id]
    const holds = (mail: PolicyInput) => {
      const reasons = draftsOf(this.#policy, mail)[0]?.reasons.map(({ reason }) => reason.rule) ?? []
      return ids.every((id) => reasons.includes(id)) && shows(mail)
    }
    for (const box of boxes.slice(0, 8)) {
      this.#mails++
      const mail = mailIn(this.#directed, box, { ours })
      if (mail && holds(mail)) return minimal(mail, this.#policy.tenantLabels, { ours }, holds)
    }
    return null
  }

  #notCovered(): readonly Text[] {
    const made: Text[] = [
      {
        de: 'Muster, Zeitpläne und Kopfzeilen werden einzeln betrachtet: ob zwei Muster auf denselben Text passen, wird nicht geprüft',
        en: 'Patterns, schedules and headers are looked at one by one: whether two patterns fit the same text is not checked',
      },
    ]
    if (this.#tooLarge > 0)
      made.push({
        de: `${this.#tooLarge} Fragen an Bedingungen mit sehr vielen Verzweigungen`,
        en: `${this.#tooLarge} questions about conditions with very many alternatives`,
      })
    if (this.#unchecked > 0)
      made.push({
        de: `${this.#unchecked} Paare von Regeln über dem Budget der Prüfung`,
        en: `${this.#unchecked} pairs of rules beyond the budget of the check`,
      })
    return made
  }
}

/** `then`, each branch and `else`, each with the condition under which exactly it applies. */
function waysOf(subject: Subject): readonly Way[] {
  const { rule, applies, when, branches } = subject
  const ways: Way[] = branches.map((branch, index) => ({
    subject,
    form: all([applies, when, ...branches.slice(0, index).map(negation), branch]),
    actions: rule.branches[index]!.actions,
  }))
  if (rule.else.length > 0) ways.push({ subject, form: all([applies, negation(when)]), actions: rule.else })
  return ways
}

function methodsOf(uses: readonly ActionUse[]): readonly Method[] | null {
  const lists = uses.flatMap(({ definition, params }) =>
    definition.name === 'protect' ? [(params as { readonly anyOf: readonly Method[] }).anyOf] : [],
  )
  return lists.length === 0 ? null : lists.reduce((a, b) => a.filter((method) => b.includes(method)))
}
