/** Whom actions send something besides the recipients: to guarantees they are recipients too. */
import type { ActionUse } from '../ir.ts'
import type { Scene } from '../registry/field.ts'
import { type Atom, atom, type Form, negation, OPEN, TRUE } from './form.ts'
import type { Subject } from './selections.ts'
import type { Dimension, Universe } from './universe.ts'

export interface Destination {
  readonly subject: Subject
  readonly address: string
  /** It gets the mail as its recipient does; else readable. */
  readonly protected: boolean
  /** Taken for the tenant's own because a rule set's owner is of the same domain. */
  readonly assumedOurs: boolean
  readonly use: ActionUse
  /** The guarantee's condition as it stands for the destination: over the message's facts and its own. */
  when(universe: Universe, form: Form): Form
}

/** Destinations of enforced rules. Archives are stores of our own. */
export function destinationsOf(subjects: readonly Subject[], ours: readonly string[]): readonly Destination[] {
  return subjects.flatMap((subject) =>
    [...subject.rule.else, ...subject.rule.branches.flatMap((branch) => branch.actions)].flatMap((use) =>
      targets(use).map(({ address, safe, external }): Destination => {
        const domain = address.slice(address.lastIndexOf('@') + 1)
        const assumedOurs = external === 'asked' && ours.includes(domain)
        const place: Place = { address, domain, external: assumedOurs ? false : external === 'asked' ? null : external }
        return {
          subject,
          use,
          address,
          protected: safe,
          assumedOurs,
          when: (universe, form) => elsewhere(universe, form, place),
        }
      }),
    ),
  )
}

interface Target {
  readonly address: string
  readonly safe: boolean
  /** `asked`: whether its domain is ours; null cannot be told. */
  readonly external: false | null | 'asked'
}

function targets({ definition, params }: ActionUse): readonly Target[] {
  const p = params as {
    readonly to?: readonly string[]
    readonly endpoint?: string
    readonly store?: string
    readonly role?: string
  }
  switch (definition.name) {
    case 'bcc':
    case 'notify':
      return (p.to ?? []).map((address) => ({ address, safe: false, external: 'asked' }))
    case 'api':
      return [{ address: `api:${p.endpoint}`, safe: true, external: null }]
    case 'archive':
      return [{ address: `archive:${p.store}`, safe: false, external: false }]
    case 'deliverTo':
      return [{ address: `role:${p.role}`, safe: false, external: false }]
    default:
      return []
  }
}

interface Place {
  readonly address: string
  readonly domain: string
  /** Null cannot be told. */
  readonly external: false | null
}

/** Atoms on the recipient become what they are for the destination: known for address and domain, open for the rest. */
function elsewhere(universe: Universe, form: Form, place: Place): Form {
  if (place.address === '{recipient}') return form
  if (form.kind === 'all' || form.kind === 'any')
    return { ...form, of: form.of.map((part) => elsewhere(universe, part, place)) }
  if (form.kind === 'not') return { kind: 'not', of: elsewhere(universe, form.of, place) }
  if (form.kind !== 'atom') return form
  const dimension = universe.dimensions[form.dimension]!
  if (dimension.field?.scope !== 'recipient') return form
  if (place.address === '{sender}') return dimension.name === 'recipient.external' ? ofSender(universe, form) : OPEN
  const known = factsOf(place)[dimension.name]
  if (known === undefined || dimension.test) return OPEN
  return asValue(form, universe.regionOf(dimension, known, { labels: universe.labels } as Scene))
}

/** The sender is external exactly when not ours. */
function ofSender(universe: Universe, form: Atom): Form {
  const external = universe.dimension('recipient.external')
  const ours = universe.dimension('sender.ours')
  const at = (dimension: Dimension, value: boolean) =>
    1n << BigInt(dimension.regions.findIndex((region) => region.value === value))
  const moved = (set: bigint) =>
    ((set & at(external, true)) !== 0n ? at(ours, false) : 0n) |
    ((set & at(external, false)) !== 0n ? at(ours, true) : 0n)
  return atom(ours.index, moved(form.t), moved(form.f), moved(form.u))
}

function asValue(form: Atom, region: number): Form {
  const set = 1n << BigInt(region)
  if ((form.t & set) !== 0n) return TRUE
  return (form.f & set) !== 0n ? negation(TRUE) : OPEN
}

function factsOf({ address, domain, external }: Place): Readonly<Record<string, string | boolean>> {
  return {
    'recipient.address': address,
    'recipient.domain': domain,
    ...(external === null ? {} : { 'recipient.external': false, 'recipient.direction': 'internal' }),
  }
}
