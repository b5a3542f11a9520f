import { createHmac } from 'node:crypto'

/**
 * Headers of Standard Webhooks 1.0: HMAC-SHA-256 over `id.timestamp.content` under the endpoint's secret (`whsec_` and
 * base64, or any text taken as it is). `time` in epoch milliseconds; the header has seconds.
 */
export function signatureHeaders(call: {
  readonly id: string
  readonly time: number
  readonly secret: string
  readonly content: string
}): Record<string, string> {
  const timestamp = String(Math.floor(call.time / 1000))
  const key = call.secret.startsWith('whsec_') ? Buffer.from(call.secret.slice(6), 'base64') : Buffer.from(call.secret)
  const mac = createHmac('sha256', key).update(`${call.id}.${timestamp}.${call.content}`).digest('base64')
  return { 'webhook-id': call.id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` }
}
