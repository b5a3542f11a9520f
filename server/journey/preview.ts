import type { AttachmentFacts, Decision, Envelope, PolicyInput, Protection } from '../../shared/domain/index.ts'
import { deciding, explaining, type Policy } from '../../shared/policy/index.ts'
import { lookupAddress } from '../../shared/words/address.ts'
import { serializeWishes, type WrittenRecipient } from '../../shared/words/given-numbers.ts'
import { sha256Text } from '../ports/digest.ts'
import { inTurns } from '../threads/turn.ts'
import { withEnvelopeAddresses } from './envelope-addresses.ts'
import type { Knowledge, MailFacts } from './evaluate/given.ts'
import { assembleInput, type Scope } from './evaluate/input.ts'
import { realRecipients } from './real-recipients.ts'
import { EXPLAIN_BUDGET_MS, type Simulated } from './simulate.ts'
import type { TenantProfile } from './tenant.ts'

/** As JSON gives it: a field may be there and undefined. */
type LooseProtection = { readonly [K in keyof Protection]: Protection[K] | undefined } & Pick<Protection, 'token'>

/** A mail that is being written: what a client knows before it is sent. */
export interface UnsentMail {
  readonly sender: string
  readonly recipients: readonly WrittenRecipient[]
  readonly subject: string
  readonly attachments: readonly { readonly name: string; readonly size: number; readonly type?: string | undefined }[]
  readonly classification: string | null
  readonly protection: readonly LooseProtection[]
  readonly reason?: string | undefined
  /** Message-IDs of what it answers, with or without brackets. */
  readonly inReplyTo?: readonly string[] | undefined
  /** Epoch ms. */
  readonly now: number
}

/**
 * The decision the gateway would take if this mail were sent now by its authenticated sender with its stamp. Content that only the whole
 * mail shows (words of the body, types by content, encrypted attachments) is not known yet.
 */
export async function preview(
  mail: UnsentMail,
  tenant: TenantProfile,
  policy: Policy,
  knowledge: Knowledge,
): Promise<Decision> {
  const input = await previewInput(mail, tenant, policy, knowledge, 'needed')
  const decision = await inTurns(deciding(policy, input))
  return withEnvelopeAddresses(decision, mail)
}

/** The same, with why. */
export async function simulateDraft(
  mail: UnsentMail,
  tenant: TenantProfile,
  policy: Policy,
  knowledge: Knowledge,
): Promise<Simulated> {
  const input = await previewInput(mail, tenant, policy, knowledge, 'all')
  const explanation = await inTurns(explaining(policy, input), EXPLAIN_BUDGET_MS)
  return { decision: withEnvelopeAddresses(explanation.decision, mail), explanation }
}

export async function previewInput(
  mail: UnsentMail,
  tenant: TenantProfile,
  policy: Policy,
  knowledge: Knowledge,
  scope: Scope,
): Promise<PolicyInput> {
  const origin = { channel: 'api', authenticated: 'token', peer: '', tls: null } as const
  const typed: Envelope = {
    mailFrom: mail.sender,
    recipients: mail.recipients.map(({ address }) => ({ address })),
    body: '7BIT',
    smtputf8: false,
    requireTls: false,
  }
  const { envelope } = realRecipients(typed, origin, tenant.foreignIntent)
  const { input } = await assembleInput(
    {
      envelope,
      origin,
      receivedAt: mail.now,
      facts: factsOf(mail),
    },
    tenant,
    policy,
    knowledge,
    scope,
  )
  // The stamp that goes with the answer names the visible recipients: for the others it only tightens.
  const blind = envelope.recipients
    .filter((_, at) => mail.recipients[at]?.visible === false)
    .map(({ address }) => lookupAddress(address))
  if (blind.length === 0 || input.intent.protection.length === 0) return input
  return { ...input, intent: { ...input.intent, tightenOnly: blind } }
}

function factsOf(mail: UnsentMail): MailFacts {
  const protection = mail.protection.map(
    ({ token, sms, expires, secondFactor, reason = token === 'plain' ? mail.reason : undefined }) => ({
      token,
      ...(sms === undefined ? {} : { sms }),
      ...(expires === undefined ? {} : { expires }),
      ...(secondFactor === undefined ? {} : { secondFactor }),
      ...(reason === undefined ? {} : { reason }),
    }),
  )
  const wishes = serializeWishes(protection, mail.recipients, sha256Text)
  return {
    message: {
      subject: mail.subject,
      size: mail.attachments.reduce((sum, { size }) => sum + size, 0),
      header: { subject: [mail.subject], ...answers(mail.inReplyTo) },
      content: 'plain',
      autoSubmitted: false,
      defects: [],
    },
    attachments: mail.attachments.map(attachmentFacts),
    visible: { to: mail.recipients.filter(({ visible }) => visible).map(({ address }) => address), cc: [] },
    rawIntent: {
      classification: mail.classification === null ? [] : [mail.classification],
      protection: wishes === '' ? [] : [wishes],
      stamp: [],
    },
  }
}

function answers(ids: readonly string[] = []): { readonly 'in-reply-to'?: readonly string[] } {
  return ids.length === 0 ? {} : { 'in-reply-to': [ids.map((id) => `<${id.replace(/[<>\s]/g, '')}>`).join(' ')] }
}

function attachmentFacts({ name, size, type }: UnsentMail['attachments'][number], index: number): AttachmentFacts {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot + 1).toLowerCase() : ''
  return {
    index,
    name,
    extension,
    type: null,
    declaredType: (type ?? 'application/octet-stream').toLowerCase(),
    mismatch: false,
    size,
  }
}
