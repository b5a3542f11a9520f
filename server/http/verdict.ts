import type { Language, Verdict } from '../../shared/contract/index.ts'
import type { Decision, RecipientDecision } from '../../shared/domain/index.ts'

/** The decision as the caller reads it: texts in one language, copies by address. */
export function verdictOf(decision: Decision, language: Language): Omit<Verdict, 'stamp'> {
  return {
    decisionId: decision.decisionId,
    revision: decision.revision,
    ...(decision.classification === undefined ? {} : { classification: decision.classification }),
    recipients: decision.recipients.map((recipient) => ({
      address: recipient.address,
      outcome: recipient.outcome,
      ...(recipient.text === undefined ? {} : { text: recipient.text }),
      steps: recipient.steps.map((step) => ({ ...step })),
      method: recipient.method,
      reasons: recipient.reasons.map(({ rule, layer, text }) => ({ rule, layer, text: text[language] })),
      missing: recipient.missing.map(({ field, text }) => ({ field, text: text[language] })),
    })),
    copies: decision.copies.map((copy) => ({
      recipients: copy.recipients.flatMap((index) => addressOf(decision.recipients[index])),
      steps: copy.steps.map((step) => ({ ...step })),
    })),
  }
}

const addressOf = (recipient: RecipientDecision | undefined) => (recipient ? [recipient.address] : [])
