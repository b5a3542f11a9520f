import { type Answer, type Calls, CODES, type Parameters, type Scene } from './answer.ts'
import { attachments } from './attachments.ts'
import { body } from './body.ts'
import { internetHeaders } from './internet-headers.ts'
import { itemCalls } from './item-calls.ts'
import { notificationMessages } from './notification-messages.ts'
import { recipients } from './recipients.ts'
import { roamingSettings } from './roaming-settings.ts'
import { sessionData } from './session-data.ts'
import { subject } from './subject.ts'

const ALL: Calls = {
  ...recipients,
  ...subject,
  ...body,
  ...attachments,
  ...internetHeaders,
  ...sessionData,
  ...notificationMessages,
  ...roamingSettings,
  ...itemCalls,
}

/** How the host fails on purpose: says so, says nothing, or answers after five seconds. */
export type HostFault = 'fails' | 'silent' | 'late'

/** Does the call with this number; unknown ones are not supported. */
export function answerCall(number: number, given: Parameters, scene: Scene): Answer {
  const call = ALL[number]
  return call ? call(given, scene) : CODES.notSupported
}

/** The form in which Office.js takes an answer. */
export function asReply(answer: Answer): Record<string, unknown> {
  if (typeof answer === 'number') return { error: true, errorCode: answer }
  return answer.extra ? { ...answer.extra } : { error: false, wasSuccessful: true, data: answer.data }
}
