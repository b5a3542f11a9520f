import type { Decision, Envelope, Origin } from '../../shared/domain/index.ts'
import { type Explanation, explaining, type Policy } from '../../shared/policy/index.ts'
import type { ByteSource } from '../ports/bytes.ts'
import { inTurns } from '../threads/turn.ts'
import { withEnvelopeAddresses } from './envelope-addresses.ts'
import type { Knowledge } from './evaluate/given.ts'
import { assembleInput } from './evaluate/input.ts'
import { isToBeOpened, type MailToOpen, openViews, passed } from './inbound/views.ts'
import { parseMail } from './parse/parse-mail.ts'
import { realRecipients } from './real-recipients.ts'
import type { TenantProfile } from './tenant.ts'

/** Time that an explanation may take, ms of work: five hundred recipients and a thousand rules need about twenty seconds. */
export const EXPLAIN_BUDGET_MS = 30_000

export interface Simulated {
  readonly decision: Decision
  readonly explanation: Explanation
}

/**
 * What the gateway would decide about this whole mail now. Nothing is stored and nothing leaves. A stranger's mail is judged on what
 * the keys of its first recipient open. Raises `header-too-large` and `mime-too-complex`, which quarantine a mail that is sent.
 */
export async function simulateMail(
  mail: { readonly source: ByteSource; readonly envelope: Envelope; readonly origin: Origin; readonly now: number },
  tenant: TenantProfile,
  policy: Policy,
  knowledge: Knowledge,
): Promise<Simulated> {
  const { source, origin, now } = mail
  const { envelope } = realRecipients(mail.envelope, origin, tenant.foreignIntent)
  const parsed = await parseMail(source, { nullSender: envelope.mailFrom === '', smtputf8: envelope.smtputf8 })
  const recipients = envelope.recipients.map(({ address }) => address)
  const toOpen: MailToOpen = {
    tenant,
    record: { envelope, origin, acceptedAt: now },
    recipients,
    source,
    parsed,
    fileText: true,
  }
  await using opened = isToBeOpened(toOpen) ? await openViews(knowledge.keyring, toOpen) : passed(toOpen)
  const facts = opened.views[0]!.parsed
  const { input } = await assembleInput({ envelope, origin, receivedAt: now, facts }, tenant, policy, knowledge, 'all')
  const explanation = await inTurns(explaining(policy, input), EXPLAIN_BUDGET_MS)
  return { decision: withEnvelopeAddresses(explanation.decision, mail.envelope), explanation }
}
