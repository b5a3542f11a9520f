/** The smallest change of facts that gives a recipient another outcome: one fact, found by trying, told by deciding again. */
import type { Method, Outcome, PolicyInput } from '../../domain/index.ts'
import { type Candidate, type Mail, writeMail } from '../analyse/mail.ts'
import { decide } from '../evaluate/decide.ts'
import { Facts, messageCache, normalise } from '../facts.ts'
import type { Condition, Leaf } from '../ir.ts'
import { leavesOf } from '../parse/condition.ts'
import type { Policy } from '../policy.ts'
import { restOf } from '../registry/conditions.ts'
import { types } from '../registry/types.ts'
import type { Steps } from '../steps.ts'
import { shown } from './trace.ts'

export interface Flip {
  /** A field, or `attachments` for a mail without any. */
  readonly field: string
  /** As the traces show facts. */
  readonly from: string
  readonly to: string
  readonly outcome: Outcome
  readonly method: Method | null
}

/** Decisions that one search makes at most. */
const TRIES = 200
/** They follow from other facts, or say who it is: nobody changes them on a mail. */
const FIXED = ['message.direction', 'recipient.direction', 'recipient.external', 'sender.ours', 'sender.tenant']

/**
 * `conditions`: of the rules that fired or nearly did, the most telling first. Where no single fact that was tried changes the
 * outcome, the first that changes how the mail is protected; null when none does that either. One decision a step; of many
 * searches together no more than `all` has left.
 */
export function* searchingFlip(
  policy: Policy,
  input: PolicyInput,
  recipient: number,
  conditions: readonly Condition[],
  all: { left: number },
): Steps<Flip | null> {
  const one = { ...input, recipients: [input.recipients[recipient]!] }
  const before = decide(policy, one).recipients[0]!
  const facts = new Facts(one, one.recipients[0]!, policy.tenantLabels, messageCache(policy.lists))
  let tries = 0
  let protection: Flip | null = null
  for (const { field, from, to, changed } of changes(policy, one, facts, conditions)) {
    if (tries++ >= TRIES || all.left-- <= 0) break
    yield
    const { outcome, method } = decide(policy, changed).recipients[0]!
    const flip = { field, from, to, outcome, method }
    if (outcome !== before.outcome) return flip
    if (method !== before.method) protection ??= flip
  }
  return protection
}

interface Change extends Pick<Flip, 'field' | 'from' | 'to'> {
  readonly changed: PolicyInput
}

function* changes(
  policy: Policy,
  input: PolicyInput,
  facts: Facts,
  conditions: readonly Condition[],
): Generator<Change> {
  const tried = new Set<string>()
  for (const leaf of conditions.flatMap(leavesOf)) {
    if (leaf.kind === 'attachments') {
      if ((input.attachments?.length ?? 0) === 0 || tried.has('attachments')) continue
      tried.add('attachments')
      const changed = { ...input, attachments: [] }
      yield { field: 'attachments', from: String(input.attachments!.length), to: '0', changed }
      continue
    }
    const { field, name } = leaf
    if (FIXED.includes(name)) continue
    const from = normalise(field, field.read(facts, restOf(field, name)), facts)
    for (const to of candidatesOf(leaf, policy)) {
      const key = `${name} ${JSON.stringify(to)}`
      if (tried.has(key) || JSON.stringify(to) === JSON.stringify(from)) continue
      tried.add(key)
      const changed = written(input, name, to)
      if (changed) yield { field: name, from: shown(from), to: shown(to), changed }
    }
  }
}

/** What its own tests name, and what is beside that. */
function candidatesOf({ field, tests }: Leaf, policy: Policy): readonly Candidate[] {
  if (field.type === 'boolean') return [true, false]
  if (field.type === 'enum') return field.values ?? []
  if (field.type === 'label') return policy.labels.map(({ id }) => id)
  const named = tests.flatMap(({ operand }) => (Array.isArray(operand) ? operand : [operand])) as unknown[]
  if (field.type === 'size' || field.type === 'count') {
    const numbers = named.filter((value) => typeof value === 'number')
    return numbers.flatMap((value) => [value, value + 1, Math.max(0, value - 1)])
  }
  const texts = named.filter((value) => typeof value === 'string').map((text) => text.replace(/^\*\./, 'sub.'))
  if (types[field.type].many) return [...texts.map((text) => [text]), []]
  return field.type === 'string' || field.type === 'domain' || field.type === 'address' ? [...texts, null] : []
}

/** The input with one fact written anew; null for a field that has no place of its own, such as what a detector counts. */
function written(input: PolicyInput, name: string, to: Candidate): PolicyInput | null {
  const [recipient] = input.recipients
  const mail: Mail = {
    ours: input.sender.domain,
    time: input.time,
    message: { ...input.message },
    sender: { ...input.sender },
    recipient: { ...recipient!, keys: { ...recipient!.keys } },
    intent: { protection: input.intent.protection },
    attachments: input.attachments,
    mixed: false,
  }
  if (to === null && (name.endsWith('.address') || name.endsWith('.domain') || name === 'message.subject')) return null
  if (!writeMail(mail, name, to)) return null
  const { time, message, sender, intent } = mail
  return { ...input, time, message, sender, recipients: [mail.recipient], intent: { ...input.intent, ...intent } }
}
