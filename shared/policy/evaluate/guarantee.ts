/** Guarantees, held against the merged plan: whatever rules, exceptions or users said, a violated one stops the mail. */
import type { Method, Outcome, RecipientFacts } from '../../domain/index.ts'
import { Facts, type MessageCache } from '../facts.ts'
import type { CompiledGuarantee, Policy } from '../policy.ts'
import { joinGates } from '../registry/actions/gate.ts'
import type { Sign } from '../registry/actions/protect.ts'
import type { Single } from '../registry/joins.ts'
import { comparableDomain } from '../text/domain.ts'
import { type Draft, gateOf } from './draft.ts'
import type { PlanSlot } from './plan.ts'

/** What reaches somebody, and how it is protected on the way. */
interface Delivery {
  readonly facts: Facts
  readonly outcome: Outcome
  readonly method: Method | null
  readonly signed: string | null
}

/** Changes gate, reasons and simulated of a draft whose delivery, or whose copies for others, break a guarantee. */
export function holdGuarantees(policy: Policy, draft: Draft, cache: MessageCache): void {
  if (policy.guarantees.length === 0) return
  for (const guarantee of violated(policy, draft, cache)) apply(guarantee, draft)
}

/** The guarantees that a draft, as it stands, would break. */
export function violated(policy: Policy, draft: Draft, cache: MessageCache): readonly CompiledGuarantee[] {
  const deliveries = [ownDelivery(draft), ...destinations(draft, policy, cache)]
  return policy.guarantees.filter((guarantee) => deliveries.some((delivery) => violates(guarantee, delivery)))
}

/** To whom a draft, as it stands, would break a guarantee: its recipient and whoever gets a copy. */
export function violatedFor(
  guarantee: CompiledGuarantee,
  policy: Policy,
  draft: Draft,
  cache: MessageCache,
): readonly string[] {
  return [ownDelivery(draft), ...destinations(draft, policy, cache)]
    .filter((delivery) => violates(guarantee, delivery))
    .map(({ facts }) => facts.recipient.address)
}

function violates({ guarantee, when }: CompiledGuarantee, delivery: Delivery): boolean {
  if (when(delivery.facts) === false) return false
  if (delivery.outcome !== 'deliver') return !guarantee.orOutcome.includes(delivery.outcome)
  if (guarantee.protectedBy.length === 0 && guarantee.signedBy.length === 0) return true
  const open = guarantee.protectedBy.length > 0 && !guarantee.protectedBy.includes(delivery.method ?? '')
  const unsigned = guarantee.signedBy.length > 0 && !guarantee.signedBy.includes(delivery.signed ?? '')
  return open || unsigned
}

function apply({ guarantee, owner, mode }: CompiledGuarantee, draft: Draft): void {
  if (mode === 'simulate') {
    draft.simulated.push(guarantee.id)
    return
  }
  draft.gate = joinGates(draft.gate, gateOf(guarantee.onViolation, guarantee.title.en, [owner]))
  draft.reasons.push({ reason: { rule: guarantee.id, layer: 'guarantee', text: guarantee.title }, weight: null })
}

function ownDelivery(draft: Draft): Delivery {
  return { facts: draft.facts, outcome: draft.gate.outcome, method: wholly(draft), signed: signedWith(draft) }
}

/** The method when it protects the mail as a whole: what protects only files in it keeps no guarantee. */
function wholly({ method, steps }: Draft): Method | null {
  return steps.some((step) => step.do === 'protect' && step.container !== undefined) ? null : method
}

function signedWith(draft: Draft): string | null {
  const sign = draft.plan.get('sign')?.value as Sign | undefined
  return sign?.with.values[0] ?? null
}

/**
 * Destinations that actions add are recipients to guarantees. Blind copies leave only with something delivered; archives
 * are stores of our own; a named interface may lie anywhere, so its `external` is unknown and counts as true.
 */
function destinations(draft: Draft, policy: Policy, cache: MessageCache): readonly Delivery[] {
  const delivered = draft.gate.outcome === 'deliver'
  const protection = (form: string) =>
    form === 'as-sent' ? { method: wholly(draft), signed: signedWith(draft) } : { method: null, signed: null }
  const made: Delivery[] = []
  const add = (recipient: RecipientFacts, method: Method | null, signed: string | null) => {
    const facts = new Facts(draft.facts.input, recipient, policy.tenantLabels, cache)
    made.push({ facts, outcome: 'deliver', method, signed })
  }
  for (const slot of draft.plan.values()) {
    const { name } = slot.action
    if (name === 'bcc') {
      const { method, signed } = protection(formOf(slot))
      add(person(slot.slot, draft), method, signed)
    } else if (name === 'archive') {
      const { method, signed } = delivered ? protection(formOf(slot)) : { method: null, signed: null }
      add(place(`archive:${slot.slot}`, false), method, signed)
    } else if (name === 'api' && delivered) {
      add(place(`api:${slot.slot}`, undefined), draft.method, signedWith(draft))
    } else if (name === 'deliverTo' && delivered) {
      // Holders of a role are people of our own: who carries the plan out delivers to no others.
      add(place(`role:${slot.slot}`, false), null, null)
    } else if (name === 'notify') {
      for (const to of slot.value as readonly string[]) add(person(to, draft), null, null)
    }
  }
  return made
}

function formOf(slot: PlanSlot): string {
  const { values } = slot.value as Single
  return values.includes('plain') ? 'plain' : 'as-sent'
}

/** Somebody who is no recipient of the mail: ours only if the domain is the sender's or an internal recipient's. */
function person(address: string, draft: Draft): RecipientFacts {
  const { sender, recipients } = draft.facts.input
  const named = recipients.find((one) => one.address.toLowerCase() === address)
  if (named) return named
  const domain = comparableDomain(address.slice(address.lastIndexOf('@') + 1))
  const ours =
    (sender.ours && comparableDomain(sender.domain) === domain) ||
    recipients.some((one) => !one.external && comparableDomain(one.domain) === domain)
  return { address, domain, external: !ours, direction: ours ? 'internal' : 'outbound', keys: {} }
}

/** A store or an interface; `external` undefined is unknown. */
function place(name: string, external: false | undefined): RecipientFacts {
  const known = {
    address: name,
    domain: '',
    direction: external === false ? 'internal' : 'outbound',
    keys: {},
  } as const
  // An unknown fact stands as undefined in the language, though recipients proper always know it.
  return { ...known, external: external as boolean }
}
