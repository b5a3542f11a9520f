import { Fault } from '../../shared/fault/index.ts'
import type { SmsGateway } from '../ports/outside.ts'
import { checkStatus } from './reply.ts'

/** A value of a JSON body; `{to}`, `{text}` and `{key}` inside its strings are filled in. */
export type Template = string | number | boolean | null | readonly Template[] | { readonly [name: string]: Template }

export interface HttpSmsOptions {
  /** May hold `{to}`, `{text}` and `{key}`, filled in percent-encoded. */
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: { readonly json: Template } | { readonly form: Readonly<Record<string, string>> }
  readonly timeoutMs?: number
}

interface Message {
  readonly to: string
  readonly text: string
  readonly key: string
}

/** Any provider with an HTTP interface. Raises `effect-unreachable` (5xx, no answer in time) or `effect-refused`. */
export function httpSms(options: HttpSmsOptions): SmsGateway {
  const { url, method = 'POST', headers = {}, body, timeoutMs = 10_000 } = options
  return {
    async send(message) {
      let response: Response
      try {
        response = await fetch(fill(url, message, encodeURIComponent), {
          method,
          headers: {
            ...(body && 'json' in body ? { 'content-type': 'application/json' } : {}),
            // A line end in a header would start another one.
            ...Object.fromEntries(
              Object.entries(headers).map(([name, value]) => [
                name,
                fill(value, message, (text) => text.replace(/[\r\n]+/g, ' ')),
              ]),
            ),
          },
          ...(body ? { body: written(body, message) } : {}),
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        })
        await response.body?.cancel()
      } catch (error) {
        throw new Fault('effect-unreachable', 'the SMS service did not answer', { cause: error })
      }
      checkStatus('the SMS service', response.status)
    },
  }
}

function written(body: NonNullable<HttpSmsOptions['body']>, message: Message): string | URLSearchParams {
  if ('json' in body) return JSON.stringify(filled(body.json, message))
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body.form)) form.append(name, fill(value, message))
  return form
}

/** Fills the strings of a value before it is written as JSON, so that no text can break out of its string. */
function filled(template: Template, message: Message): unknown {
  if (typeof template === 'string') return fill(template, message)
  if (Array.isArray(template)) return template.map((item) => filled(item, message))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, filled(value, message)]))
}

/** One pass, so that a text holding `{to}` stays as it is. */
function fill(template: string, message: Message, encode: (text: string) => string = (text) => text): string {
  return template.replace(/\{(to|text|key)\}/g, (_, name: keyof Message) => encode(message[name]))
}
