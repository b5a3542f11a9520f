import type { Decision, MessageRecord, PolicyInput } from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { deciding, type Policy, type Release } from '../../shared/policy/index.ts'
import { inTurns } from '../threads/turn.ts'
import type { Authentication } from './authenticate/authenticate.ts'
import { withEnvelopeAddresses } from './envelope-addresses.ts'
import type { Knowledge, Note } from './evaluate/given.ts'
import { assembleInput } from './evaluate/input.ts'
import type { ParsedMail } from './parse/parse-mail.ts'
import type { TenantProfile } from './tenant.ts'

/** Time the policy may take for one mail, ms: hundreds of times what 500 recipients and 10,000 rules need. More defers the mail. */
const DECIDE_BUDGET_MS = 2_000

export interface Judgement {
  readonly decision: Decision
  readonly input: PolicyInput
  readonly notes: readonly Note[]
}

/** Facts, what is known of the people, and the policy's word on the recipients of `envelope`. */
export async function judge(
  knowledge: Knowledge,
  tenant: TenantProfile,
  policy: Policy,
  mail: {
    readonly record: MessageRecord
    readonly envelope: MessageRecord['envelope']
    readonly parsed: ParsedMail
    readonly asked: AskedOnce
  },
  releases: readonly Release[],
): Promise<Judgement> {
  const { record, envelope, parsed, asked } = mail
  const { input, notes } = await assembleInput(
    {
      envelope,
      origin: record.origin,
      receivedAt: record.acceptedAt,
      facts: parsed,
      authenticity: {
        facts: async () => (await asked.ask()).facts,
        always: tenant.authenticates === true || tenant.arc !== undefined,
      },
    },
    tenant,
    policy,
    knowledge,
    'needed',
  )
  return { decision: withEnvelopeAddresses(await decideOrFault(policy, input, releases), envelope), input, notes }
}

export interface AskedOnce {
  ask(): Promise<Authentication>
  /** What was answered, if anybody asked. */
  known(): Promise<Authentication | null>
}

export function askedOnce(authenticate: () => Promise<Authentication>): AskedOnce {
  let answer: Promise<Authentication> | null = null
  return {
    ask() {
      answer ??= authenticate()
      return answer
    },
    known: async () => answer,
  }
}

async function decideOrFault(policy: Policy, input: PolicyInput, releases: readonly Release[]): Promise<Decision> {
  try {
    return await inTurns(deciding(policy, input, releases), DECIDE_BUDGET_MS)
  } catch (cause) {
    throw cause instanceof Fault ? cause : new Fault('policy-engine', '', { cause })
  }
}
