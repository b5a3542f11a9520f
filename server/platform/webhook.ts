import type { lookup as systemLookup } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../shared/fault/index.ts'
import type { WebhookClient } from '../ports/outside.ts'
import { isPublicAddress, publicLookup } from './public-address.ts'
import { checkStatus } from './reply.ts'
import { signatureHeaders } from './webhook-signature.ts'

export interface WebhookOptions {
  /** Whether the entry of the configuration with this URL may lead into the operator's own network. Default: none may. */
  readonly allowPrivate?: (url: string) => boolean
  /** From the first byte to the answer, in ms; a whole message gets a minute more. */
  readonly timeoutMs?: number
  /** Trusted beside the system's, PEM. */
  readonly ca?: readonly string[]
  /** For tests. */
  readonly lookup?: typeof systemLookup
}

interface Call {
  readonly url: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly timeoutMs: number
}

/**
 * Calls of the configured endpoints. No redirect is followed, internal addresses are refused, and the address that was
 * checked is the one that is connected to. Raises `effect-unreachable` (retry) or `effect-refused`.
 */
export function createWebhooks(options: WebhookOptions = {}): WebhookClient {
  const { allowPrivate = () => false, timeoutMs = 10_000, ca, lookup } = options

  async function call({ url: text, headers, content, timeoutMs: limit }: Call): Promise<void> {
    const url = URL.canParse(text) ? new URL(text) : null
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      throw new Fault('effect-refused', 'the address of the endpoint is not a URL of http or https')
    }
    const guarded = !allowPrivate(text)
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (guarded && isIP(host) !== 0 && !isPublicAddress(host)) {
      throw new Fault('effect-refused', `${host} is an internal address`)
    }
    const signal = AbortSignal.timeout(limit)
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'secflow' },
      agent: false,
      signal,
      ...(guarded ? { lookup: publicLookup(lookup) } : lookup ? { lookup: lookup as never } : {}),
      ...(ca ? { ca: [...ca] } : {}),
    })
    const answered = new Promise<number>((resolve, reject) => {
      request.once('error', reject)
      request.once('close', () => reject(new Error('closed before an answer')))
      request.once('response', (response) => {
        resolve(response.statusCode ?? 0)
        response.destroy()
      })
    })
    let unread: unknown
    try {
      // An endpoint may answer before it has read everything; then the answer counts, not the broken pipe.
      const sent = pipeline(content, request, { signal }).catch((error: unknown) => {
        unread = error
      })
      const status = await answered
      checkStatus(url.host, status)
      await sent
    } catch (error) {
      if (error instanceof Fault) throw error
      if (unread instanceof Fault) throw unread
      throw new Fault('effect-unreachable', `${url.host} did not answer`, { cause: error })
    } finally {
      request.destroy()
    }
  }

  return {
    async post({ url, secret, id, time, body }) {
      const content = JSON.stringify(body)
      const bytes = Buffer.from(content)
      await call({
        url,
        timeoutMs,
        content: [bytes],
        headers: {
          'content-type': 'application/json',
          'content-length': bytes.length,
          ...signatureHeaders({ id, time, secret, content }),
        },
      })
    },
    async postMessage({ url, secret, id, time, sha256, size, content }) {
      await call({
        url,
        timeoutMs: timeoutMs + 60_000,
        content,
        headers: {
          'content-type': 'message/rfc822',
          'content-length': size,
          // RFC 9530; what is signed is the digest in hex.
          'content-digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
          ...signatureHeaders({ id, time, secret, content: sha256 }),
        },
      })
    },
  }
}
