/**
 * Who the user is, for our API: an access token, whatever provider the organisation has. Nothing is stored: tokens live in this
 * page's memory. What a mode needs is loaded when it is opened (MSAL only where Outlook can sign in by itself).
 */
import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import type { SignIn } from './sign-in.ts'
import { type Surroundings, surroundings } from './surroundings.ts'

export type { AddinConfig } from '../../shared/contract/addin-config.ts'
export type { SignIn } from './sign-in.ts'
export type { Surroundings } from './surroundings.ts'

/**
 * The installation's way to sign in, for the user's mail domain (it decides which organisation is meant). null where the
 * organisation has set up none: the pane then works without previews. Raises `SignInError` `unreachable`.
 */
export async function readConfig(
  address: string | null,
  around: Pick<Surroundings, 'fetch' | 'base'> = surroundings(),
): Promise<AddinConfig | null> {
  const { fetchConfig } = await import('./config.ts')
  return fetchConfig(address, around)
}

/** `around` is what the page offers (Office, fetch, windows); tests give their own. `hint`: the user's address, so that nobody types it. */
export async function openSignIn(
  config: AddinConfig,
  { hint = null, around = surroundings() }: { readonly hint?: string | null; readonly around?: Surroundings } = {},
): Promise<SignIn> {
  switch (config.mode) {
    case 'demo':
      return (await import('./demo.ts')).demoSignIn(config, hint, around)
    case 'oidc':
      return (await import('./oidc.ts')).oidcSignIn(config, hint, around)
    case 'entra':
      return (await import('./entra.ts')).entraSignIn(config, hint, around)
  }
}
