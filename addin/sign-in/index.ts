/**
 * Who the user is, for our API: an access token, whatever provider the organisation has. Nothing is stored: tokens live in this
 * page's memory. What a mode needs is loaded when it is opened (MSAL only where Outlook can sign in by itself).
 */
import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import { type Surroundings, surroundings } from './surroundings.ts'

export type { AddinConfig } from '../../shared/contract/addin-config.ts'
export { SignInError } from './error.ts'
export type { Surroundings } from './surroundings.ts'

export interface SignIn {
  readonly mode: AddinConfig['mode']
  /**
   * An access token for `Authorization: Bearer`, valid for at least another half minute. `silent` never shows anything and raises
   * `interaction-required` when it would have to; `interactive` may open a window, so call it from a click. Raises `SignInError`.
   */
  token(how: 'silent' | 'interactive'): Promise<string>
  /** Forgets the tokens; the next `interactive` asks who it is again. */
  signOut(): Promise<void>
}

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
