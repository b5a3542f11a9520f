import { HEADER } from './header-names.ts'
import { type Digest, keyOwners, packNumbers } from './packed-numbers.ts'
import { plainAddress } from './plain-address.ts'
import { serializeProtection } from './protection.ts'
import { serializeDisplayString } from './protection-list.ts'
import { HEADER_MAX } from './stamp.ts'

/** A recipient of a mail that is written, with the number that its sender gave for him. */
export interface WrittenRecipient {
  readonly address: string
  /** In To or Cc. */
  readonly visible: boolean
  /** E.164. */
  readonly phone?: string | undefined
}

/** Recipients as the API takes them: a bare address stands in To. */
export const writtenRecipients = (
  recipients: readonly (
    | string
    | { readonly address: string; readonly field: string; readonly phone?: string | undefined }
  )[],
): readonly WrittenRecipient[] =>
  recipients.map((one) =>
    typeof one === 'string'
      ? { address: one, visible: true }
      : { address: one.address, visible: one.field !== 'bcc', phone: one.phone },
  )

/** Characters of X-Secflow-Protection that every mail client takes. */
export const WISHES_ROOM = HEADER_MAX - HEADER.protection.length

/**
 * The value of `X-Secflow-Protection` for the wishes and for phone numbers of single recipients. A number is no wish: it counts
 * where this recipient's copy needs one. `recipients` are all of the mail.
 *
 * Written out, a String (RFC 9651 3.3.3; a Display String beyond ASCII) names the recipient:
 * `encrypt, "bob@partner.example";sms="+4915112345678"`. Where that does not fit into `WISHES_ROOM`, the visible recipients are
 * packed (`packed-numbers.ts`): `encrypt, sms;list="..."`. What begins alike stays written out, and so do blind recipients:
 * a packed number counts for one that To or Cc names. Two numbers for one recipient both stand there, and so none counts.
 */
export function serializeWishes(
  protection: Parameters<typeof serializeProtection>[0],
  recipients: readonly WrittenRecipient[],
  digest: Digest,
): string {
  const wishes = serializeProtection(protection)
  const named = new Map<string, Map<string, { readonly address: string; readonly phone: string }>>()
  for (const { address, phone } of recipients) {
    if (!phone) continue
    const numbers = named.get(comparable(address)) ?? new Map<string, { address: string; phone: string }>()
    if (!numbers.has(phone)) numbers.set(phone, { address, phone })
    named.set(comparable(address), numbers)
  }
  const whole = joined(
    wishes,
    [...named.values()].flatMap((numbers) => [...numbers.values()].map(writtenOut)),
  )
  if (named.size === 0 || whole.length <= WISHES_ROOM) return whole
  const keys = keysOf(recipients, digest)
  const packed: { key: string; phone: string }[] = []
  const apart: string[] = []
  for (const [address, numbers] of named) {
    const key = keys.get(address)
    for (const one of numbers.values())
      if (key) packed.push({ key, phone: one.phone })
      else apart.push(writtenOut(one))
  }
  return joined(wishes, [...apart, ...(packed.length > 0 ? [`sms;list="${packNumbers(packed)}"`] : [])])
}

const joined = (wishes: string, members: readonly string[]) => [...(wishes ? [wishes] : []), ...members].join(', ')

const comparable = (address: string) => plainAddress(address) ?? address

function writtenOut({ address, phone }: { readonly address: string; readonly phone: string }): string {
  const ascii = /^[\x20-\x7e]*$/.test(address)
  return `${ascii ? `"${address.replace(/["\\]/g, '\\$&')}"` : serializeDisplayString(address)};sms="${phone}"`
}

/** Keys that name one visible recipient each, by canonical address. */
export function keysOf(recipients: readonly WrittenRecipient[], digest: Digest): ReadonlyMap<string, string> {
  const visible = recipients.flatMap((one) => (one.visible ? [one.address] : []))
  return new Map(
    [...keyOwners(visible, digest)].flatMap(([key, owner]) => (owner === null ? [] : [[owner, key] as const])),
  )
}
