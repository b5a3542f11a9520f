import type { PolicyInput } from '../../domain/index.ts'
import { Boxes } from '../analyse/boxes.ts'
import { type Box, F, type Form, T, U } from '../analyse/form.ts'
import { minimal } from '../analyse/minimal.ts'
import { conditionKey, Universe } from '../analyse/universe.ts'
import { insideOne, mailIn } from '../analyse/witness.ts'
import type { Condition } from '../ir.ts'
import type { Policy } from '../policy.ts'
import { canonicalJson } from '../text/canonical.ts'
import type { Relation } from './change.ts'

/** Compares conditions of two policies, under the labels of the later one. */
export class Relate {
  readonly #before: Policy
  readonly #after: Policy

  constructor(before: Policy, after: Policy) {
    this.#before = before
    this.#after = after
  }

  /** How the mail for which a condition is certainly true changed; a difference only in doubt is `changed`. */
  conditions(old: Condition, now: Condition): { readonly relation: Relation; readonly mail?: PolicyInput } {
    const labels = this.#after.tenantLabels
    const sameLabels = canonicalJson(this.#before.labels) === canonicalJson(this.#after.labels)
    if (sameLabels && canonicalJson(conditionKey(old)) === canonicalJson(conditionKey(now))) return { relation: 'same' }
    const universe = new Universe([old, now], labels)
    const boxes = new Boxes(universe)
    const directed = new Boxes(universe, { directed: true })
    const [a, b] = [universe.form(old), universe.form(now)]
    const [grows, shrinks] = [boxes.implies(a, b), boxes.implies(b, a)]
    if (grows === 'yes' && shrinks === 'yes') return { relation: this.#sameDoubt(boxes, a, b) ? 'same' : 'changed' }
    if (grows === 'yes') return { relation: 'wider', ...this.#only(directed, b, a) }
    if (shrinks === 'yes') return { relation: 'narrower', ...this.#only(directed, a, b) }
    return { relation: 'changed', ...this.#only(directed, b, a) }
  }

  #sameDoubt(boxes: Boxes, a: Form, b: Form): boolean {
    const within = (one: Form, other: Form) => boxes.within(boxes.terms(one, T | U), other, T | U) === 'yes'
    return within(a, b) && within(b, a)
  }

  /** A mail for which the first is true and the second is not. */
  #only(boxes: Boxes, one: Form, other: Form): { readonly mail?: PolicyInput } {
    const [holds, fails] = [boxes.terms(one, T), boxes.terms(other, F | U)]
    const found = (holds ?? []).flatMap((a) =>
      (fails ?? []).flatMap((b) => {
        const both: Box | null = boxes.meet(a, b)
        return both === null ? [] : [both]
      }),
    )
    const ours = this.#after.ruleSets.map(({ owner }) => /@([^@\s]+)$/.exec(owner)?.[1]).find(Boolean) ?? 'ours.example'
    // Facts that are known make the plainer example.
    for (const truths of [F, F | U]) {
      const second = boxes.terms(other, truths) ?? []
      for (const box of found.slice(0, 16)) {
        const mail = mailIn(boxes, box, { ours })
        if (!mail) continue
        const holdsFor = (tried: PolicyInput) => insideOne(boxes, holds ?? [], tried) && insideOne(boxes, second, tried)
        if (holdsFor(mail)) return { mail: minimal(mail, this.#after.tenantLabels, { ours }, holdsFor) }
      }
    }
    return {}
  }
}
