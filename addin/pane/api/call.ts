import { type Answer, OFFLINE_AGAIN, trouble, troubleOf } from './trouble.ts'

export interface Call {
  readonly method: 'GET' | 'POST'
  /** Below the root of the installation: `api/v1/evaluate`. */
  readonly path: string
  readonly body?: unknown
  readonly language: string
  /** null: asked without a token. */
  readonly token: string | null
  /** Ends the request, for one that nobody waits for any more. */
  readonly signal?: AbortSignal
}

/** Ms until an answer is given up. */
const PATIENCE = 10_000
const AGAIN = 15_000

/** Asks the service; never rejects. An answer that is no JSON is `broken`. */
export async function call<T>({ method, path, body, language, token, signal }: Call): Promise<Answer<T>> {
  const timeout = AbortSignal.timeout(PATIENCE)
  try {
    const response = await fetch(new URL(`../${path}`, document.baseURI), {
      method,
      headers: {
        accept: 'application/json',
        'accept-language': language,
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      credentials: 'omit',
      cache: 'no-store',
    })
    const value: unknown = await response.json().catch(() => null)
    if (!response.ok)
      return { ok: false, trouble: troubleOf(response.status, response.headers.get('retry-after'), value) }
    return value === null
      ? { ok: false, trouble: trouble('broken', { again: AGAIN }) }
      : { ok: true, value: value as T }
  } catch {
    return {
      ok: false,
      trouble: timeout.aborted ? trouble('slow', { again: AGAIN }) : trouble('offline', { again: OFFLINE_AGAIN }),
    }
  }
}
