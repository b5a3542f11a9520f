import { rootCertificates } from 'node:tls'
import { Fault } from '../../../shared/fault/index.ts'
import type { HttpLists, ReadList } from '../../ports/lists.ts'
import { boundedGet } from '../bounded-get.ts'
import { entriesOf, MAX_LIST_BYTES } from './entries.ts'

interface Answer {
  readonly status: number
  readonly tag: string | null
  readonly text: string
}

/**
 * GET over TLS with `If-None-Match` (RFC 9110 13.1.2). No redirect is followed: the host that the operator allowed is the one
 * that answers, by its certificate. Raises as `ListReader`.
 */
export async function readHttpList(text: string, known: string | null, options: HttpLists): Promise<ReadList | null> {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url?.protocol !== 'https:') throw new Fault('effect-refused', 'a list is fetched by https only')
  if (!options.hosts.includes(url.host))
    throw new Fault('effect-refused', `${url.host} is not among the hosts of lists`)
  const { status, tag, text: body } = await get(url, known, options)
  if (status === 304 && known !== null) return null
  if (status !== 200) {
    const retry = status >= 500 || status === 429
    throw new Fault(retry ? 'effect-unreachable' : 'effect-refused', `${url.host} answered ${status}`)
  }
  return { values: entriesOf(body), tag }
}

async function get(url: URL, known: string | null, { ca, timeoutMs = 30_000 }: HttpLists): Promise<Answer> {
  try {
    const { status, headers, body } = await boundedGet(url, {
      headers: { accept: 'text/plain, application/json', ...(known === null ? {} : { 'if-none-match': known }) },
      timeoutMs,
      most: MAX_LIST_BYTES,
      tooLarge: `more than ${MAX_LIST_BYTES} bytes`,
      options: { minVersion: 'TLSv1.2', ...(ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {}) },
    })
    // A weak tag will do: two forms of one list have the same entries.
    return { status, tag: headers.etag ?? null, text: body.toString('utf8') }
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('effect-unreachable', `${url.host} did not answer`, { cause: error })
  }
}
