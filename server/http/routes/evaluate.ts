import { Draft, Verdict } from '../../../shared/contract/index.ts'
import type { Decision } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { type WrittenRecipient, writtenRecipients } from '../../../shared/words/given-numbers.ts'
import type { StampOutcome } from '../../../shared/words/stamp.ts'
import { signStamp, stampKey } from '../../people/stamp.ts'
import { languageOf } from '../language.ts'
import { caller } from '../plugins/auth.ts'
import { headerWithNumbers, protectionHeader } from '../protection-header.ts'
import type { Routes } from '../route.ts'
import { maySendAs } from '../services.ts'
import { typed } from '../typed.ts'
import { verdictOf } from '../verdict.ts'

/** Bytes: a thousand recipients and a thousand names of attachments fit. */
const BODY_MAX = 4 * 1_048_576

/** `POST /api/v1/evaluate`: what would happen to this mail, per recipient and why, before it is sent; with the stamp to send it with. */
export const evaluateRoute: Routes = (instance, services) => {
  typed(instance).post(
    '/api/v1/evaluate',
    {
      bodyLimit: BODY_MAX,
      config: { access: ['evaluate'] },
      schema: {
        summary: 'What would happen to this mail',
        operationId: 'evaluate',
        tags: ['mail'],
        body: Draft,
        response: { 200: Verdict },
      },
    },
    async (request) => {
      const { tenant, ...identity } = caller(request)
      const draft = request.body
      if (!maySendAs({ tenant, ...identity }, draft.sender)) throw new Fault('sender-not-allowed', draft.sender)
      const decision = await services.preview(tenant, draft, (address) => maySendAs({ tenant, ...identity }, address))
      const recipients = writtenRecipients(draft.recipients)
      const protection = headerWithNumbers(draft.protection, recipients, draft.reason)
      const stamp = await signStamp(
        stampKey(services.secrets, tenant),
        { sender: draft.sender, visible: visibleAmong(recipients), subject: draft.subject, files: draft.attachments },
        {
          classification: draft.classification,
          protection: protectionHeader(draft.protection, draft.reason),
          ...(recipients.some(({ phone }) => phone) ? { withNumbers: protection } : {}),
          outcome: stampOutcome(decision),
        },
        services.clock.now(),
      )
      return { ...verdictOf(decision, languageOf(request)), stamp, protection }
    },
  )
}

/** A recipient who would get nothing stops the mail; one who waits is worth a question. What is missing shows in the preview. */
function stampOutcome({ recipients }: Decision): StampOutcome {
  if (recipients.some(({ outcome }) => outcome === 'reject')) return 'stop'
  return recipients.some(({ outcome }) => outcome !== 'deliver') ? 'ask' : 'send'
}

const visibleAmong = (recipients: readonly WrittenRecipient[]) =>
  recipients.filter(({ visible }) => visible).map(({ address }) => address)
