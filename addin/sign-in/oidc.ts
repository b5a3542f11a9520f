/**
 * OpenID Connect in a window: authorization code with PKCE (RFC 7636, RFC 9700), on web standards alone. Tokens are in memory
 * and nowhere else; a refresh token, where the provider gives one, renews them until the pane is closed.
 */

import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import { ask } from './ask.ts'
import { challengeOf, claimsOf, randomText } from './base64url.ts'
import { SignInError } from './error.ts'
import { type Kept, stillGood } from './kept.ts'
import { discover, type Provider } from './provider.ts'
import { PAGE } from './question.ts'
import type { SignIn } from './sign-in.ts'
import { request, type Surroundings } from './surroundings.ts'

export type Registered = Pick<
  Extract<AddinConfig, { mode: 'oidc' }>,
  'authority' | 'clientId' | 'scope' | 'resource'
> & { readonly mode: 'oidc' | 'entra' }

interface Tokens {
  readonly access_token: string
  readonly expires_in?: number
  readonly refresh_token?: string
  readonly id_token?: string
}

export function oidcSignIn(registered: Registered, hint: string | null, around: Surroundings): SignIn {
  const { authority, clientId, resource } = registered
  let kept: Kept | null = null
  let refreshToken: string | null = null
  let again = false
  let provider: Promise<Provider> | null = null
  let asking: Promise<string> | null = null
  let renewing: Promise<string> | null = null

  return {
    mode: registered.mode,
    token(how) {
      if (kept && stillGood(kept, around.now())) return Promise.resolve(kept.token)
      // Two parts of the pane that ask at once get one window, and a refresh token is used once.
      renewing ??= renew().finally(() => (renewing = null))
      if (how === 'silent') return renewing
      asking ??= (refreshToken === null ? interact() : renewing.catch(orInteract)).finally(() => (asking = null))
      return asking
    },
    async signOut() {
      const old = refreshToken
      kept = null
      refreshToken = null
      again = true
      if (old !== null) await revoke(old).catch(() => {})
    },
  }

  function orInteract(error: unknown): Promise<string> {
    if (error instanceof SignInError && error.code === 'interaction-required') return interact()
    throw error
  }

  async function renew(): Promise<string> {
    if (refreshToken === null) throw new SignInError('interaction-required')
    return keep(await exchange({ grant_type: 'refresh_token', refresh_token: refreshToken }))
  }

  async function interact(): Promise<string> {
    const [verifier, nonce] = [randomText(), randomText()]
    const domain = hint?.slice(hint.lastIndexOf('@') + 1) ?? ''
    // The window is opened first: browsers let a click open one, and forget the click while we look something up.
    const challenge = await challengeOf(verifier)
    const answer = await ask({ domain, hint: hint ?? '', nonce, challenge, again }, randomText(), around)
    if (answer.iss !== undefined && answer.iss !== authority) throw new SignInError('forged', 'another issuer answered')
    if (answer.error === 'access_denied') throw new SignInError('cancelled', answer.error)
    if (answer.code === undefined) throw new SignInError('refused', answer.error)
    const tokens = await exchange({
      grant_type: 'authorization_code',
      code: answer.code,
      redirect_uri: `${around.base}${PAGE}`,
      code_verifier: verifier,
    })
    checkIdToken(tokens.id_token, nonce)
    again = false
    return keep(tokens)
  }

  /** Straight from the provider by TLS, so its signature adds nothing (OpenID Connect Core 3.1.3.7, 6). */
  function checkIdToken(token: string | undefined, nonce: string): void {
    const claims = token === undefined ? null : claimsOf(token)
    if (!claims) throw new SignInError('refused', 'no ID token: is openid in the scope?')
    const audience = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
    if (claims.nonce !== nonce || claims.iss !== authority || !audience.includes(clientId))
      throw new SignInError('forged', 'the ID token is not the answer to our question')
  }

  async function exchange(fields: Readonly<Record<string, string>>): Promise<Tokens> {
    const { token_endpoint } = await metadata()
    const answer = await request(around.fetch, token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, client_id: clientId, ...(resource === undefined ? {} : { resource }) }),
    })
    const body = (await answer.json().catch(() => ({}))) as Partial<Tokens> & { error?: string }
    if (answer.status >= 500 || answer.status === 429)
      throw new SignInError('unreachable', `provider: ${answer.status}`)
    if (!answer.ok || typeof body.access_token !== 'string') {
      const code = fields.grant_type === 'refresh_token' ? 'interaction-required' : 'refused'
      if (code === 'interaction-required') refreshToken = null
      throw new SignInError(code, body.error)
    }
    return body as Tokens
  }

  function keep({ access_token, expires_in = 300, refresh_token }: Tokens): string {
    kept = { token: access_token, until: around.now() + expires_in * 1000 }
    // A provider that rotates gives a new one; one that does not lets the old one stand.
    refreshToken = refresh_token ?? refreshToken
    return access_token
  }

  async function revoke(token: string): Promise<void> {
    const { revocation_endpoint } = await metadata()
    if (revocation_endpoint === undefined) return
    const body = new URLSearchParams({ token, token_type_hint: 'refresh_token', client_id: clientId })
    await request(around.fetch, revocation_endpoint, { method: 'POST', body })
  }

  function metadata(): Promise<Provider> {
    provider ??= discover(authority, around.fetch).catch((error: unknown) => {
      provider = null
      throw error
    })
    return provider
  }
}
