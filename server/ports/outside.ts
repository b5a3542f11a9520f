/** Services outside: each call is made by a job, so an adapter tries once and raises a fault that says whether to retry. */

/** Text messages. `key` makes a repeated call one message where the provider can tell. */
export interface SmsGateway {
  /** `to` is E.164; raises `effect-unreachable` (retry) or `effect-refused`. */
  send(message: { readonly to: string; readonly text: string; readonly key: string }): Promise<void>
}

/** Signed JSON calls (Standard Webhooks headers): incident webhooks and API hand-over. */
export interface WebhookClient {
  post(call: {
    readonly url: string
    readonly secret: string
    readonly id: string
    readonly time: number
    readonly body: unknown
  }): Promise<void>
  /** Hands a whole message over (`message/rfc822`), streamed, with the same signature headers over the content's SHA-256. */
  postMessage(call: {
    readonly url: string
    readonly secret: string
    readonly id: string
    readonly time: number
    readonly sha256: string
    readonly size: number
    readonly content: AsyncIterable<Uint8Array>
  }): Promise<void>
}
