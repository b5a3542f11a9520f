import type { Decision, Envelope, Origin } from '../../shared/domain/index.ts'
import { type Explanation, explain, type Policy } from '../../shared/policy/index.ts'
import type { ByteSource } from '../ports/bytes.ts'
import { withEnvelopeAddresses } from './envelope-addresses.ts'
import { assembleInput, type Knowledge } from './evaluate/input.ts'
import { parseMail } from './parse/parse-mail.ts'
import type { TenantProfile } from './tenant.ts'

export interface Simulated {
  readonly decision: Decision
  readonly explanation: Explanation
}

/**
 * What the gateway would decide about this whole mail now. Nothing is stored and nothing leaves. Raises
 * `header-too-large` and `mime-too-complex`, which quarantine a mail that is sent.
 */
export async function simulateMail(
  mail: { readonly source: ByteSource; readonly envelope: Envelope; readonly origin: Origin; readonly now: number },
  tenant: TenantProfile,
  policy: Policy,
  knowledge: Knowledge,
): Promise<Simulated> {
  const { source, envelope, origin, now } = mail
  const facts = await parseMail(source, { nullSender: envelope.mailFrom === '', smtputf8: envelope.smtputf8 })
  const { input } = await assembleInput({ envelope, origin, receivedAt: now, facts }, tenant, policy, knowledge, 'all')
  const explanation = explain(policy, input)
  return { decision: withEnvelopeAddresses(explanation.decision, envelope), explanation }
}
