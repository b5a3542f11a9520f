/** A gateway's API as the commands call it. */
import { Fault } from '../shared/fault/index.ts'

export interface Api {
  get(path: string): Promise<Answer>
  post(path: string, body: unknown): Promise<Answer>
}

export interface Answer {
  readonly ok: boolean
  /** What the gateway refused as unsound (422), or because of who asks for it (403): a finding, no failure. */
  readonly refused: boolean
  readonly body: Readonly<Record<string, unknown>>
}

const PATIENCE_MS = 120_000

/** `token` is an OAuth access token; `refusals` are codes of problems that are findings, no failures. Calls raise `config-invalid` for a gateway that cannot be reached or does not know the caller. */
export function apiOf(
  url: string,
  token: string | undefined,
  language: string,
  refusals: readonly string[] = ['second-person-needed'],
): Api {
  if (!token)
    throw new Fault('config-missing', {
      en: 'a token: --token or SECFLOW_TOKEN (see POST /oauth/token)',
      de: 'ein Token: --token oder SECFLOW_TOKEN (siehe POST /oauth/token)',
    })
  const base = url.replace(/\/$/, '')
  async function call(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    let response: Response
    try {
      response = await fetch(`${base}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'accept-language': language,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      })
    } catch (cause) {
      throw new Fault(
        'config-invalid',
        { en: `${base} cannot be reached`, de: `${base} ist nicht zu erreichen` },
        { cause },
      )
    }
    const parsed = (await response.json().catch(() => ({}))) as Readonly<Record<string, unknown>>
    const refused = response.status === 422 || refusals.includes(String(parsed.code))
    if (!response.ok && !refused)
      throw new Fault('config-invalid', [response.status, parsed.title, parsed.detail].filter(Boolean).join(' '))
    return { ok: response.ok, refused, body: parsed }
  }
  return { get: (path) => call('GET', path), post: (path, body) => call('POST', path, body) }
}
