import type { Decision, PolicyInput } from '../../domain/index.ts'

/** What the policy saw of one message, as it is kept for replays. */
export interface RecordedInput {
  /** The message. */
  readonly id: string
  readonly input: PolicyInput
  /** Texts of body or attachments were replaced by '': rules on words find nothing in them. */
  readonly redacted: boolean
  /** Rules and guarantees that had a part in the decision of the time; missing when nobody wrote them down. */
  readonly rules?: readonly string[]
}

/** The input without the words of body and attachments: facts are kept for months, content is not. */
export function redactInput(input: PolicyInput): { readonly input: PolicyInput; readonly redacted: boolean } {
  const { message, attachments } = input
  const files = attachments?.map((file) => (file.text ? { ...file, text: '' } : file))
  const redacted = Boolean(message.bodyText) || files?.some((file, i) => file !== attachments?.[i]) === true
  if (!redacted) return { input, redacted }
  return {
    input: {
      ...input,
      message: message.bodyText ? { ...message, bodyText: '' } : message,
      ...(files ? { attachments: files } : {}),
    },
    redacted,
  }
}

/** Rules and guarantees that had a part in a decision, those in simulate mode included; sorted. */
export function rulesOf(decision: Decision): readonly string[] {
  const ids = decision.recipients.flatMap(({ reasons, simulated }) => [
    ...reasons.filter(({ layer }) => layer !== 'intent').map(({ rule }) => rule),
    ...simulated,
  ])
  return [...new Set(ids)].sort()
}
