import { catalogue, type FaultCode } from './catalogue.ts'
import type { FaultDefinition } from './definition.ts'

/**
 * The one error type that crosses rooms. `detail` is for a person and may name addresses of the caller's own request;
 * it never carries secrets or content. `cause` keeps what a library threw.
 */
export class Fault extends Error {
  readonly code: FaultCode
  readonly detail: string

  constructor(code: FaultCode, detail = '', options?: { cause?: unknown }) {
    super(detail ? `${code}: ${detail}` : code, options)
    this.name = 'Fault'
    this.code = code
    this.detail = detail
  }

  get definition(): FaultDefinition {
    return catalogue[this.code]
  }
}

/** Wraps anything that was thrown; an unknown error becomes `internal`, with its text kept out of `detail`. */
export function toFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('internal', '', { cause: error })
}

/** One line for an SMTP reply: code, enhanced code and English text, without CR or LF. */
export function smtpReply(fault: Fault): { readonly code: number; readonly text: string } {
  const { smtp, title } = fault.definition
  const [code, enhanced] = smtp.split(' ') as [string, string]
  const text = fault.detail ? `${title.en}: ${fault.detail}` : title.en
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach the wire
  return { code: Number(code), text: `${enhanced} ${text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 400)}` }
}

/** RFC 9457 problem details; `type` is a stable URN that docs/faults.md explains. */
export function problem(fault: Fault, instance?: string) {
  const { title, http } = fault.definition
  return {
    type: `urn:secflow:fault:${fault.code}`,
    title: title.en,
    status: http,
    code: fault.code,
    ...(fault.detail ? { detail: fault.detail } : {}),
    ...(instance ? { instance } : {}),
  }
}
