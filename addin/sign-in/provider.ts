import { SignInError } from './error.ts'
import { request, type Surroundings } from './surroundings.ts'

/** What of a provider's metadata is used (OpenID Connect Discovery 1.0, section 3). */
export interface Provider {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly revocation_endpoint?: string
}

/** The provider's metadata. Raises `unreachable`, and `refused` when it is somebody else's or leads out of TLS. */
export async function discover(authority: string, fetch: Surroundings['fetch']): Promise<Provider> {
  const answer = await request(fetch, `${authority.replace(/\/$/, '')}/.well-known/openid-configuration`)
  if (!answer.ok) throw new SignInError('unreachable', `metadata of the provider: ${answer.status}`)
  const provider = (await answer.json().catch(() => ({}))) as Provider
  // Section 4.3: else whoever answers in its place could be the provider.
  if (provider.issuer !== authority) throw new SignInError('refused', 'the metadata is of another issuer')
  for (const url of [provider.authorization_endpoint, provider.token_endpoint])
    if (!isSafe(url)) throw new SignInError('refused', 'an endpoint without TLS')
  return provider
}

function isSafe(url: unknown): boolean {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
}
