import { catalogue, type FaultCode } from './catalogue.ts'
import type { FaultDefinition } from './definition.ts'

/** A text in both languages. */
export interface InBoth {
  readonly en: string
  readonly de: string
}

/**
 * The one error type that crosses rooms. `detail` is for a person and may name addresses of the caller's own request;
 * it never carries secrets or content. `cause` keeps what a library threw.
 */
export class Fault extends Error {
  readonly code: FaultCode
  /** English, as logs and SMTP replies have it. */
  readonly detail: string
  readonly #german: string

  constructor(code: FaultCode, detail: string | InBoth = '', options?: { cause?: unknown }) {
    const { en, de } = typeof detail === 'string' ? { en: detail, de: detail } : detail
    super(en ? `${code}: ${en}` : code, options)
    this.name = 'Fault'
    this.code = code
    this.detail = en
    this.#german = de
  }

  /** The detail for a person; English where it was given in English only. */
  detailIn(language: 'de' | 'en'): string {
    return language === 'de' ? this.#german : this.detail
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

/** RFC 9457 problem details; `type` is a stable URN that docs/faults.md explains, title and detail are in the language of the reader (3.1.3). */
export function problem(fault: Fault, instance?: string, language: 'de' | 'en' = 'en') {
  const { title, http } = fault.definition
  const detail = fault.detailIn(language)
  return {
    type: `urn:secflow:fault:${fault.code}`,
    title: title[language],
    status: http,
    code: fault.code,
    ...(detail ? { detail } : {}),
    ...(instance ? { instance } : {}),
  }
}
