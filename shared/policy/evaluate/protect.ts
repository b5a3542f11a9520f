/** The choice of the method: the first of the accepted ones, in the tenant's order, that this recipient can read. */
import type { Method, Missing, Outcome, RecipientFacts, Step } from '../../domain/index.ts'
import { DEFAULT_EXPIRY } from '../registry/actions/attach.ts'
import type { Protect } from '../registry/actions/protect.ts'
import { missing, NO_COMMON_METHOD, NO_METHOD, NO_PHONE } from './texts.ts'

export interface Choice {
  readonly method: Method | null
  readonly step: Step | null
  /** Set when no method could be chosen. */
  readonly gate: { readonly outcome: Outcome; readonly text: string } | null
  readonly missing: readonly Missing[]
}

/** What a method needs of a recipient: `unknown` facts defer rather than let a weaker method slip in. */
type Answer = { readonly can: 'yes' } | { readonly can: 'no' | 'unknown'; readonly field: string }

/** `order` is the accepted set as the tenant and the sender rank it; `sms` a number the sender gave. */
export function chooseMethod(
  protect: Protect,
  order: readonly Method[],
  recipient: RecipientFacts,
  sms: string | undefined,
): Choice {
  const lacking: Missing[] = []
  const stop = (outcome: Outcome, text: string): Choice => ({
    method: null,
    step: null,
    gate: { outcome, text },
    missing: lacking,
  })
  if (order.length === 0) return stop(protect.ifNone, NO_COMMON_METHOD)
  for (const method of order) {
    const answer = ask(method, protect, recipient, sms)
    if (answer.can === 'yes')
      return { method, step: stepOf(method, protect, recipient, sms), gate: null, missing: lacking }
    lacking.push(missing(answer.field))
    if (answer.can === 'unknown') return stop('defer', '')
    if (
      method === 'pdf' &&
      answer.field === 'phone' &&
      protect.ifNoPhone !== undefined &&
      protect.ifNoPhone !== 'next'
    ) {
      return stop(protect.ifNoPhone, NO_PHONE)
    }
  }
  return stop(protect.ifNone, NO_METHOD)
}

function ask(method: Method, protect: Protect, recipient: RecipientFacts, sms: string | undefined): Answer {
  switch (method) {
    case 'smime':
      return key(recipient.keys.smime, 'certificate', 'recipient.keys.smime')
    case 'pgp':
      return key(recipient.keys.pgp, 'pgp-key', 'recipient.keys.pgp')
    case 'pdf':
      return needsPhone(protect) && sms === undefined ? phone(recipient) : { can: 'yes' }
    case 'portal':
      return protect.access === 'portal-2fa' && sms === undefined ? phone(recipient) : { can: 'yes' }
    case 'tls':
      if (recipient.tls === undefined) return { can: 'unknown', field: 'recipient.tls' }
      return recipient.tls === 'verified' ? { can: 'yes' } : { can: 'no', field: 'tls' }
  }
}

function key(state: string | undefined, absent: string, unknown: string): Answer {
  if (state === undefined) return { can: 'unknown', field: unknown }
  return state === 'valid' ? { can: 'yes' } : { can: 'no', field: absent }
}

/** Whether a text message can reach the recipient. */
export function phone(recipient: RecipientFacts): Answer {
  if (recipient.phoneKnown === undefined) return { can: 'unknown', field: 'recipient.phoneKnown' }
  return recipient.phoneKnown ? { can: 'yes' } : { can: 'no', field: 'phone' }
}

/** For the text message with the password, or for the second factor before the portal shows it. */
function needsPhone(protect: Protect): boolean {
  const channel = channelOf(protect)
  return channel === 'sms' || (channel === 'portal' && protect.access === 'portal-2fa')
}

function channelOf(protect: Protect): 'sms' | 'sender' | 'portal' {
  return protect.channel ?? 'sms'
}

/** The sender's number as a second factor: never in the place of the one that the directory has. */
export function factorPhone(
  access: string | undefined,
  { phoneKnown }: RecipientFacts,
  sms: string | undefined,
): { readonly phone?: string } {
  return access === 'portal-2fa' && sms !== undefined && phoneKnown !== true ? { phone: sms } : {}
}

function stepOf(method: Method, protect: Protect, recipient: RecipientFacts, sms: string | undefined): Step {
  const factor = factorPhone(protect.access, recipient, sms)
  if (method === 'pdf') {
    const channel = channelOf(protect)
    const { groups, standing, container } = protect
    const visible = channel === 'portal' || protect.reply
    return {
      do: 'protect',
      method,
      password: {
        channel,
        ...(channel === 'sms' && sms !== undefined ? { phone: sms } : {}),
        ...(groups === undefined ? {} : { groups }),
        ...(standing === undefined ? {} : { standing }),
      },
      ...(container === undefined ? {} : { container }),
      ...(protect.reply ? { reply: true } : {}),
      // Of the page in the portal that shows the password or takes the answer.
      ...(visible
        ? { access: protect.access ?? 'link-code', ...factor, expires: protect.expires ?? DEFAULT_EXPIRY }
        : {}),
    }
  }
  if (method !== 'portal') return { do: 'protect', method }
  return {
    do: 'protect',
    method,
    reply: protect.reply,
    access: protect.access ?? 'link-code',
    ...factor,
    expires: protect.expires ?? DEFAULT_EXPIRY,
  }
}
