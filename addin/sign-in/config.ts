import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import { SignInError } from './error.ts'
import { request, type Surroundings } from './surroundings.ts'

/** `GET /addin/config.json`, for the domain of an address; null where nobody can sign in. */
export async function fetchConfig(
  address: string | null,
  { fetch, base }: Pick<Surroundings, 'fetch' | 'base'>,
): Promise<AddinConfig | null> {
  const domain = address?.slice(address.lastIndexOf('@') + 1) ?? ''
  const query = domain === '' ? '' : `?domain=${encodeURIComponent(domain)}`
  const answer = await request(fetch, `${base}config.json${query}`)
  if (answer.status === 404) return null
  if (!answer.ok) throw new SignInError('unreachable', `config.json: ${answer.status}`)
  return (await answer.json()) as AddinConfig
}
