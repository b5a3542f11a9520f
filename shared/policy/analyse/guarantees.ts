/**
 * Guarantees before roll-out: a case analysis over the regions that rules and guarantees tell apart. Every case is shown
 * safe, or a mail of it is made and the engine itself confirms, with enforcement switched off, that it breaks the guarantee.
 */
import type { Method, PolicyInput, Protection } from '../../domain/index.ts'
import type { Text } from '../diagnostic.ts'
import { draftsOf } from '../evaluate/decide.ts'
import { violatedFor } from '../evaluate/guarantee.ts'
import { messageCache } from '../facts.ts'
import type { Guarantee, RuleSet } from '../ir.ts'
import type { CompiledGuarantee, Policy } from '../policy.ts'
import { Boxes } from './boxes.ts'
import { type Destination, destinationsOf } from './destinations.ts'
import { type Box, F, type Form } from './form.ts'
import { minimal } from './minimal.ts'
import { effectOf, helps, isSafe, neverChosen, neverOpen } from './safety.ts'
import { conditionsOf, type Subject, selectionsIn, split, subjectOf, undecided, undecidedIn } from './selections.ts'
import { Universe } from './universe.ts'
import { mailIn } from './witness.ts'

export type ProofStatus = 'proved' | 'counterexample' | 'not-decided'

export interface Proof {
  readonly guarantee: string
  readonly title: Text
  readonly file: string
  readonly line: number
  readonly column: number
  readonly status: ProofStatus
  /** A mail that breaks it unless it is enforced at run time; confirmed by the engine. */
  readonly mail?: PolicyInput
  /** Whom the mail reaches without what the guarantee asks. */
  readonly to?: string
  /** What happens to that mail, or why nothing was decided. */
  readonly reason?: Text
  /** On what the answer rests. */
  readonly assuming: readonly Text[]
  /** Cases looked at. */
  readonly cases: number
}

/** Cases and looks at rules per guarantee; what remains then is not decided. */
const MAX_CASES = 20_000
const MAX_WORK = 1_500_000

/** One proof for each guarantee that is not disabled, in the order of sets and files. */
export function proveGuarantees(policy: Policy): readonly Proof[] {
  const sets = policy.ruleSets.filter((set) => set.mode !== 'disabled')
  if (policy.guarantees.length === 0) return []
  const universe = new Universe(conditionsOf(sets), policy.tenantLabels)
  const boxes = new Boxes(universe, { directed: true })
  const enforced = sets.flatMap((set) =>
    set.rules.filter((rule) => rule.mode === 'enforce').map((rule) => subjectOf(universe, set, rule, sets)),
  )
  return sets.flatMap((set) =>
    set.guarantees.map((guarantee) => new Case(policy, boxes, enforced, set, guarantee).prove()),
  )
}

class Case {
  readonly #policy: Policy
  readonly #boxes: Boxes
  readonly #subjects: readonly Subject[]
  readonly #set: RuleSet
  readonly #guarantee: Guarantee
  readonly #compiled: CompiledGuarantee
  readonly #when: Form
  /** Domains that the owners of rule sets belong to: those of the tenant. */
  readonly #ours: readonly string[]
  readonly #times: readonly string[]
  readonly #never: readonly Method[]
  #cases = 0
  #work = 0
  #open: Text | null = null
  #found: { readonly mail: PolicyInput; readonly to: string; readonly text: Text } | null = null

  constructor(policy: Policy, boxes: Boxes, subjects: readonly Subject[], set: RuleSet, guarantee: Guarantee) {
    this.#policy = { ...policy, guarantees: [] }
    this.#boxes = boxes
    this.#subjects = subjects
    this.#set = set
    this.#guarantee = guarantee
    this.#compiled = policy.guarantees.find((one) => one.guarantee === guarantee)!
    this.#when = boxes.universe.form({ kind: 'all', of: [set.appliesTo, guarantee.when] })
    this.#ours = oursOf(policy.ruleSets)
    this.#times = timesOf(policy.ruleSets)
    this.#never = neverChosen(subjects, policy.preference)
  }

  prove(): Proof {
    const { id, title, at } = this.#guarantee
    const destinations = destinationsOf(this.#subjects, this.#ours)
    this.#own()
    for (const destination of destinations) if (!this.#found) this.#copy(destination)
    const common = {
      guarantee: id,
      title,
      file: this.#set.file,
      line: at.line,
      column: at.column,
      assuming: [...ASSUMED, ...this.#assumedOurs(destinations)],
      cases: this.#cases,
    }
    if (this.#found) {
      const { mail, to, text } = this.#found
      return { ...common, status: 'counterexample', mail, to, reason: text }
    }
    return this.#open === null
      ? { ...common, status: 'proved' }
      : { ...common, status: 'not-decided', reason: this.#open }
  }

  /** Every mail at its own recipient. */
  #own(): void {
    const useful = this.#subjects.filter(
      (subject) => helps(subject, this.#guarantee) !== 'no' || this.#signsWrong(subject),
    )
    this.#search(new Map(), useful, this.#when, (effects) => isSafe(this.#guarantee, effects, this.#never))
  }

  /** Everybody else who gets the mail or a part of it. */
  #copy(destination: Destination): void {
    const when = destination.when(this.#boxes.universe, this.#when)
    if (this.#boxes.possible(when, new Map()) === F) return
    const useful = destination.protected
      ? this.#subjects.filter((subject) => helps(subject, this.#guarantee) !== 'no')
      : []
    const safe = (effects: readonly ReturnType<typeof effectOf>[]) =>
      destination.protected && neverOpen(this.#guarantee, effects, this.#never)
    this.#search(new Map(), useful, when, safe, destination)
  }

  #signsWrong({ rule }: Subject): boolean {
    const { signedBy } = this.#guarantee
    return (
      signedBy.length > 0 &&
      [...rule.else, ...rule.branches.flatMap((one) => one.actions)].some((use) => use.definition.name === 'sign')
    )
  }

  /** Looks for a case that is not safe; splits cases until each is decided, a mail is found or the budget ends. */
  #search(
    start: Box,
    subjects: readonly Subject[],
    when: Form,
    safe: (effects: readonly ReturnType<typeof effectOf>[]) => boolean,
    copy?: Destination,
  ): void {
    const stack: { readonly box: Box; readonly subjects: readonly Subject[]; readonly kept: readonly Subject[] }[] = [
      { box: start, subjects, kept: [] },
    ]
    while (stack.length > 0 && !this.#found) {
      const { box, subjects: asked, kept } = stack.pop()!
      this.#cases++
      this.#work += asked.length + kept.length + 1
      if (this.#cases > MAX_CASES || this.#work > MAX_WORK) {
        this.#open ??= BUDGET
        return
      }
      const needed = this.#boxes.possible(when, box)
      if (needed === F) continue
      const effects = [...kept, ...asked].map((subject) => effectOf(subject, this.#boxes, box))
      if (safe(effects)) continue
      if (copy && !mayCopy(copy, this.#boxes, box)) continue
      const next = this.#next(box, asked, when, needed, copy?.subject)
      if (next === null) {
        if (!this.#confirm(box)) this.#open ??= this.#unconfirmed()
        continue
      }
      if (this.#cases === 1 || next.weak) {
        if (this.#confirm(box)) continue
      }
      // A rule that is decided in a case stays so in every part of it; one that brings nothing there needs no further look.
      const parts = split(this.#boxes, box, next.atom)
      const decided = next.rest.filter((one) => one.count === 0).map((one) => one.subject)
      const idle = (subject: Subject) => {
        const effect = effectOf(subject, this.#boxes, box)
        return (
          !effect.stops &&
          effect.methods === null &&
          effect.signs === null &&
          effect.maySign.length === 0 &&
          effect.outcomes.length === 0
        )
      }
      const open = next.rest.filter((one) => one.count > 0).map((one) => one.subject)
      const more = [...kept, ...decided.filter((subject) => !idle(subject))]
      for (const part of [...parts].reverse()) stack.push({ box: part, subjects: open, kept: more })
    }
  }

  /** What to tell apart next: the guarantee's own condition, the copy's rule, then the helping rule with the fewest open tests. */
  #next(box: Box, asked: readonly Subject[], when: Form, needed: number, trigger: Subject | undefined) {
    const rest = asked.map((subject) => ({ subject, ...undecided(subject, this.#boxes, box) }))
    if (needed & F) {
      const { first } = undecidedIn([when], this.#boxes, box)
      if (first) return { atom: first, rest, weak: false }
    }
    if (trigger) {
      const { first } = undecided(trigger, this.#boxes, box)
      if (first) return { atom: first, rest, weak: false }
    }
    for (const kind of ['strong', 'weak'] as const) {
      let best: (typeof rest)[number] | null = null
      for (const one of rest) {
        if (one.first === null || (helps(one.subject, this.#guarantee) === 'weak') !== (kind === 'weak')) continue
        if (best === null || one.count < best.count) best = one
      }
      if (best?.first) return { atom: best.first, rest, weak: kind === 'weak' }
    }
    return null
  }

  /** Makes a mail of the case and variants of it; true when the engine agrees that one breaks the guarantee. */
  #confirm(box: Box): boolean {
    for (const time of this.#times) {
      const mail = mailIn(this.#boxes, box, { ours: this.#ours[0] ?? 'ours.example', time })
      if (!mail) continue
      for (const variant of variants(mail)) {
        const broken = this.#breaks(variant)
        if (!broken) continue
        const setting = { ours: this.#ours[0] ?? 'ours.example', time: this.#times[0]! }
        const small = minimal(variant, this.#policy.tenantLabels, setting, (one) => this.#breaks(one) !== null)
        this.#found = this.#breaks(small) ?? broken
        return true
      }
    }
    return false
  }

  #breaks(mail: PolicyInput) {
    const cache = messageCache()
    const draft = draftsOf(this.#policy, mail)[0]
    if (!draft) return null
    const own = mail.recipients[0]?.address ?? ''
    const to = violatedFor(this.#compiled, this.#policy, draft, cache).find(
      (address) => address === own || !this.#ours.includes(address.slice(address.lastIndexOf('@') + 1)),
    )
    if (to === undefined) return null
    const { outcome } = draft.gate
    return { mail, to, text: to === own ? ownText(outcome, draft.method) : copyText(to) }
  }

  #unconfirmed(): Text {
    return {
      de: 'Für einen Fall ist weder gezeigt, dass er sicher ist, noch wurde eine Mail gefunden, die die Garantie verletzt',
      en: 'One case was not shown to be safe, and no mail was found in it that breaks the guarantee',
    }
  }

  #assumedOurs(destinations: readonly Destination[]): readonly Text[] {
    const names = [...new Set(destinations.filter((one) => one.assumedOurs).map((one) => one.address))].sort()
    if (names.length === 0) return []
    return [
      { de: `Zum eigenen Haus gehören: ${names.join(', ')}`, en: `These belong to the tenant: ${names.join(', ')}` },
    ]
  }
}

const BUDGET: Text = {
  de: 'Zu viele Fälle für das Budget der Prüfung',
  en: 'More cases than the budget of the check allows',
}

const ASSUMED: readonly Text[] = [
  {
    de: 'Richtungen stehen so, wie das Gateway sie setzt; niemand hat eine angehaltene Mail freigegeben',
    en: 'Directions stand as the gateway sets them; nobody has released a held mail',
  },
]

function ownText(outcome: string, method: string | null): Text {
  if (outcome !== 'deliver') return { de: `Die Mail endet mit ${outcome}`, en: `The mail ends with ${outcome}` }
  if (method === null) return { de: 'Die Mail geht ohne Schutz hinaus', en: 'The mail leaves without protection' }
  return { de: `Die Mail geht mit ${method} hinaus`, en: `The mail leaves with ${method}` }
}

function copyText(to: string): Text {
  return {
    de: `${to} erhält eine Kopie oder Nachricht ohne den verlangten Schutz`,
    en: `${to} gets a copy or a notice without the protection asked for`,
  }
}

function oursOf(sets: readonly RuleSet[]): readonly string[] {
  const domains = sets.flatMap(({ owner }) =>
    owner.includes('@') ? [owner.slice(owner.lastIndexOf('@') + 1).toLowerCase()] : [],
  )
  return [...new Set(domains)]
}

/** The day of the mail: an ordinary one, and for exceptions one on which they are in force. */
function timesOf(sets: readonly RuleSet[]): readonly string[] {
  const expiries = sets.flatMap((set) => set.exceptions.map((exception) => exception.expires))
  const before = [...new Set(expiries)].sort((a, b) => a - b).slice(-3)
  return ['2026-01-14T10:00:00+01:00', ...before.map((at) => new Date(at - 60_000).toISOString())]
}

/** The mail, then with other keys, transport and wishes: what decides the method and what a sender may waive. */
function variants(mail: PolicyInput): readonly PolicyInput[] {
  const wishes: readonly (readonly Protection[])[] = [
    [],
    [{ token: 'plain', reason: 'in a hurry' }],
    [{ token: 'encrypt' }],
  ]
  const [first, ...others] = mail.recipients
  if (!first) return []
  const people = [
    first,
    { ...first, tls: 'verified' as const },
    { ...first, keys: { smime: 'valid' as const, pgp: 'valid' as const }, phoneKnown: true },
    { ...first, keys: { smime: 'none' as const, pgp: 'none' as const }, phoneKnown: false, tls: 'verified' as const },
    { ...first, keys: {} },
  ]
  return wishes.flatMap((protection) =>
    people.map((person) => ({
      ...mail,
      recipients: [person, ...others],
      intent:
        protection.length === 0
          ? mail.intent
          : { ...mail.intent, protection: [...protection, ...mail.intent.protection] },
    })),
  )
}

function mayCopy({ subject, use }: Destination, boxes: Boxes, box: Box): boolean {
  return selectionsIn(subject, boxes, box)?.some(({ actions }) => actions.includes(use)) ?? true
}
