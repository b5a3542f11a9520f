import type { Envelope, EnvelopeRecipient, Origin } from '../../shared/domain/index.ts'
import type { ForeignIntent } from '../../shared/words/foreign/mapping.ts'
import {
  hasRecipientForms,
  readForeignAddress,
  withoutRecipientForms,
} from '../../shared/words/foreign/recipient-forms.ts'
import { parseProtection, serializeProtection } from '../../shared/words/protection.ts'

export interface RealRecipients {
  /** As many recipients as before and in their order, each the real person; `asked` says what his address asked for. */
  readonly envelope: Envelope
  /** For the audit: what was typed and who is meant by it. */
  readonly read: readonly {
    readonly typed: string
    readonly recipient: string
    readonly forms: readonly string[]
    readonly warnings: readonly string[]
  }[]
}

/** From anybody who is not authenticated an address is an address, whatever it looks like. */
const counts = ({ authenticated }: Pick<Origin, 'authenticated'>) => authenticated !== 'none'

/**
 * Takes forms of other gateways off the recipients (`anna@clinic.example.s`) of an authenticated submission. The address as
 * typed stays as the original recipient, which reports of delivery name (RFC 3461 5.2.1: a relay may add
 * ORCPT, with the address it was given).
 */
export function realRecipients(
  envelope: Envelope,
  origin: Pick<Origin, 'authenticated'>,
  foreign: ForeignIntent,
): RealRecipients {
  const read: RealRecipients['read'][number][] = []
  if (!counts(origin) || !hasRecipientForms(foreign)) return { envelope, read }
  const recipients = envelope.recipients.map((recipient): EnvelopeRecipient => {
    const typed = recipient.address
    const meant = readForeignAddress(typed, foreign)
    if (!meant) return recipient
    const { address, protection, found: forms, warnings } = meant
    read.push({ typed, recipient: address, forms, warnings })
    return { orcpt: `rfc822;${typed}`, ...recipient, address, ...(protection ? { asked: protection } : {}) }
  })
  return { envelope: read.length > 0 ? { ...envelope, recipients } : envelope, read }
}

/** One copy for each person: who was named with and without a form, or with two, gets what any of them asked for. */
export function joinTwins(envelope: Envelope): Envelope {
  const people = new Map<string, EnvelopeRecipient>()
  for (const one of envelope.recipients) {
    const known = people.get(one.address)
    const wishes = [known?.asked, one.asked].filter((wish) => wish !== undefined)
    const asked = serializeProtection(parseProtection(wishes).protection)
    people.set(one.address, { ...(known ?? one), ...(asked ? { asked } : {}) })
  }
  return people.size < envelope.recipients.length ? { ...envelope, recipients: [...people.values()] } : envelope
}

/** Text of a To or Cc field as it stands for people; that of a stranger as it came. */
export function realNames(text: string, origin: Pick<Origin, 'authenticated'>, foreign: ForeignIntent): string {
  return counts(origin) ? withoutRecipientForms(text, foreign) : text
}
