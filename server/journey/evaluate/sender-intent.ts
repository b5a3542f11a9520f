import type { Envelope, Intent, MessageFacts, Origin, Protection } from '../../../shared/domain/index.ts'
import { lookupAddress } from '../../../shared/words/address.ts'
import { readForeignHeaders, steeringHeaders } from '../../../shared/words/foreign/read-intent.ts'
import { readSteeringSubject } from '../../../shared/words/foreign/steering-subject.ts'
import { HEADER } from '../../../shared/words/header-names.ts'
import { isSteeringHeader } from '../../../shared/words/headers.ts'
import type { SaidNumber } from '../../../shared/words/packed-numbers.ts'
import { parseProtection, serializeProtection } from '../../../shared/words/protection.ts'
import { NONE } from '../../../shared/words/stamp.ts'
import type { TenantProfile } from '../tenant.ts'
import type { Knowledge, MailFacts, Note, StampedIntent } from './given.ts'

/**
 * The sender's wish (CONTRACT, Headers): from headers and subject tags of an authenticated submission, or from a stamp by
 * the service whatever way the mail took. From anybody else it is ignored and noted.
 */
export async function readIntent(
  mail: {
    readonly envelope: Envelope
    readonly origin: Origin
    readonly receivedAt: number
    readonly facts: MailFacts
  },
  tenant: TenantProfile,
  sender: string,
  knowledge: Knowledge,
  notes: Note[],
): Promise<{
  readonly intent: Intent
  readonly labelsSaid: readonly string[]
  readonly raisesOnly?: boolean
  /** Numbers for single recipients. */
  readonly said: readonly SaidNumber[]
}> {
  const { rawIntent, visible, message } = mail.facts
  const said = rawIntent.classification.length + rawIntent.protection.length > 0
  // Clients that cannot remove a header write the word instead: they say that nothing is signed.
  const stamps = rawIntent.stamp.filter((value) => value.trim().toLowerCase() !== NONE)
  const stamped = stamps.length > 0 ? await readStamp() : null
  if (stamped) {
    // A stamp that was copied from somebody's mail may come by any way: from those who do not sign in it only tightens.
    const raisesOnly = mail.origin.authenticated === 'none'
    const uncovered = mail.envelope.recipients
      .map(({ address }) => lookupAddress(address))
      .filter((address) => raisesOnly || !stamped.covers(address))
    const { protection, notes: parsed } = parseProtection(stamped.protection)
    for (const note of fewOf(parsed)) notes.push({ type: 'intent.protection', detail: { note } })
    return {
      said: numbersBy(stamped),
      intent: {
        classification: stamped.classification,
        protection,
        ...reasonOf(protection),
        source: 'stamp',
        ...(uncovered.length ? { tightenOnly: uncovered } : {}),
      },
      labelsSaid: stamped.classification === null ? [] : [stamped.classification],
      raisesOnly,
    }
  }
  if (mail.origin.authenticated === 'none') {
    const { tags } = readSteeringSubject(message.subject, tenant.subjectTags, tenant.foreignIntent)
    const what = [...steeringIn(message.header, tenant), ...tags]
    if (what.length > 0) {
      const why = 'the sender is not authenticated and there is no valid stamp'
      notes.push({ type: 'intent.ignored', detail: { why, what: what.slice(0, NAMED_MAX) } })
    }
    return { intent: { classification: null, protection: [], source: 'none' }, labelsSaid: [], said: [] }
  }
  const tags = readSteeringSubject(message.subject, tenant.subjectTags, tenant.foreignIntent)
  const foreign = readForeignHeaders(message.header, tenant.foreignIntent)
  const {
    protection,
    numbers,
    notes: parsed,
  } = parseProtection([
    ...rawIntent.protection,
    ...(tags.protection.length > 0 ? [serializeProtection(tags.protection)] : []),
    ...foreign.protection,
  ])
  for (const note of fewOf(parsed)) notes.push({ type: 'intent.protection', detail: { note } })
  for (const note of fewOf([...foreign.warnings, ...tags.warnings]))
    notes.push({ type: 'intent.foreign', detail: { note } })
  const labelsSaid = [...rawIntent.classification, ...tags.classification, ...foreign.classification]
  const source = said
    ? mail.origin.channel === 'api'
      ? 'api'
      : 'header'
    : foreign.found.length > 0 || tags.foreign
      ? 'foreign'
      : tags.protection.length || tags.classification.length
        ? 'subject'
        : 'none'
  return {
    intent: { classification: labelsSaid[0] ?? null, protection, ...reasonOf(protection), source },
    labelsSaid,
    said: numbers,
  }

  /** A stamp names no recipient: it binds the header that does. Numbers in another one are not the sender's. */
  function numbersBy(stamped: StampedIntent): readonly SaidNumber[] {
    const { numbers } = parseProtection(rawIntent.protection)
    const [wishes, ...more] = rawIntent.protection
    if (numbers.length === 0 || (more.length === 0 && stamped.bindsNumbers(wishes!))) return numbers
    notes.push({ type: 'intent.ignored', detail: { why: 'the stamp is for other phone numbers', what: [PROTECTION] } })
    return []
  }

  async function readStamp() {
    const [stamp] = stamps
    if (!knowledge.stamps || stamp === undefined) return null
    if (stamps.length > 1) {
      notes.push({ type: 'intent.stamp-refused', detail: { why: 'more than one stamp' } })
      return null
    }
    const read = await knowledge.stamps.read(tenant, stamp, {
      sender,
      visible: [...visible.to, ...visible.cc].map(lookupAddress),
      subject: message.subject,
      now: mail.receivedAt,
    })
    if (!('refused' in read)) return read
    notes.push({ type: 'intent.stamp-refused', detail: { why: read.refused } })
    return null
  }
}

function reasonOf(protection: readonly Protection[]): { reason?: string } {
  const reason = protection.find((wish) => wish.reason !== undefined)?.reason
  return reason === undefined ? {} : { reason }
}

/** Its name, as audit notes have it. */
export const PROTECTION = HEADER.protection.toLowerCase()

/** Names in an audit note about ignored intent, and such notes of one kind. */
const NAMED_MAX = 20

/** Each once, and no more than somebody reads: one header has room for thousands, and each becomes a record. */
export function fewOf(notes: readonly string[]): readonly string[] {
  const different = [...new Set(notes)]
  const more = different.length - NAMED_MAX
  return more > 0 ? [...different.slice(0, NAMED_MAX), `and ${more} more`] : different
}

function steeringIn(header: MessageFacts['header'], tenant: TenantProfile): readonly string[] {
  const foreign = steeringHeaders(tenant.foreignIntent)
  return Object.keys(header).filter((name) => isSteeringHeader(name, foreign))
}

/** A stranger's triggers must not reach a rule that looks at them: inbound mail is stripped at the edge (CONTRACT, Headers). */
export function withoutSteering(header: MessageFacts['header'], tenant: TenantProfile): MessageFacts['header'] {
  const steering = new Set(steeringIn(header, tenant))
  return Object.fromEntries(Object.entries(header).filter(([name]) => !steering.has(name)))
}
