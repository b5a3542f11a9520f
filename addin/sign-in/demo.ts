import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import { SignInError } from './error.ts'
import { type Kept, stillGood } from './kept.ts'
import type { SignIn } from './sign-in.ts'
import { request, type Surroundings } from './surroundings.ts'

/**
 * The demo tenant lets everybody in as one of its persons: as `hint`, or as the first. The server offers it in demo mode only.
 */
export function demoSignIn(
  { persons }: Extract<AddinConfig, { mode: 'demo' }>,
  hint: string | null,
  { fetch, now, base }: Surroundings,
): SignIn {
  const named = persons.find(({ address }) => address === hint?.toLowerCase()) ?? persons[0]
  let kept: Kept | null = null
  return {
    mode: 'demo',
    async token() {
      if (kept && stillGood(kept, now())) return kept.token
      if (!named) throw new SignInError('refused', 'the demo has no persons')
      const answer = await request(fetch, `${base}demo-token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ address: named.address }),
      })
      if (!answer.ok) throw new SignInError('refused', `demo-token: ${answer.status}`)
      const { access_token, expires_in } = (await answer.json()) as { access_token: string; expires_in: number }
      kept = { token: access_token, until: now() + expires_in * 1000 }
      return kept.token
    },
    async signOut() {
      kept = null
    },
  }
}
