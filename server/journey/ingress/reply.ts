import { type Fault, smtpReply } from '../../../shared/fault/index.ts'

/** What smtp-server takes as a refusal; code and text are the fault catalogue's. */
export interface ReplyError extends Error {
  readonly responseCode: number
}

export function replyError(fault: Fault): ReplyError {
  const { code, text } = smtpReply(fault)
  return Object.assign(new Error(text), { responseCode: code })
}
