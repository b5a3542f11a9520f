import type { AuthenticationResult, IPublicClientApplication } from '@azure/msal-browser'
import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import { SignInError } from './error.ts'
import { type Kept, stillGood } from './kept.ts'
import { oidcSignIn } from './oidc.ts'
import type { SignIn } from './sign-in.ts'
import type { Surroundings } from './surroundings.ts'

type Entra = Extract<AddinConfig, { mode: 'entra' }>

/**
 * Entra: Outlook itself signs in where it can (nested app authentication); only then MSAL is loaded, 80 KB of it. Elsewhere the
 * same provider is asked in a window.
 */
export function entraSignIn(config: Entra, hint: string | null, around: Surroundings): SignIn {
  if (around.nested) return nestedSignIn(config, hint, around)
  const { authority, clientId, scope } = config
  const issuer = `${authority.replace(/\/(?:v2\.0\/?)?$/, '')}/v2.0`
  return oidcSignIn(
    { mode: 'entra', authority: issuer, clientId, scope: `openid offline_access ${scope}` },
    hint,
    around,
  )
}

function nestedSignIn({ authority, clientId, scope }: Entra, hint: string | null, { now }: Surroundings): SignIn {
  let kept: Kept | null = null
  let loaded: Promise<IPublicClientApplication> | null = null
  const scopes = [scope]

  return {
    mode: 'entra',
    async token(how) {
      if (kept && stillGood(kept, now())) return kept.token
      const app = await application()
      try {
        return keep(await app.acquireTokenSilent({ scopes, ...account(app) }))
      } catch (error) {
        const failure = await failureOf(error)
        if (failure.code !== 'interaction-required' || how === 'silent') throw failure
      }
      try {
        return keep(await app.acquireTokenPopup({ scopes, ...(hint === null ? {} : { loginHint: hint }) }))
      } catch (error) {
        throw await failureOf(error)
      }
    },
    async signOut() {
      // Outlook's own account stays signed in: that is not ours to end.
      kept = null
      await (await loaded)?.clearCache()
      loaded = null
    },
  }

  function keep({ accessToken, expiresOn }: AuthenticationResult): string {
    kept = { token: accessToken, until: expiresOn?.getTime() ?? now() + 300_000 }
    return accessToken
  }

  function account(app: IPublicClientApplication) {
    const active = app.getActiveAccount()
    return active ? { account: active } : {}
  }

  function application(): Promise<IPublicClientApplication> {
    loaded ??= load().catch((error: unknown) => {
      loaded = null
      throw new SignInError('unreachable', 'MSAL', { cause: error })
    })
    return loaded
  }

  async function load(): Promise<IPublicClientApplication> {
    const { createNestablePublicClientApplication } = await import('@azure/msal-browser')
    return createNestablePublicClientApplication({
      auth: { clientId, authority },
      cache: { cacheLocation: 'memoryStorage' },
    })
  }
}

async function failureOf(error: unknown): Promise<SignInError> {
  const { InteractionRequiredAuthError } = await import('@azure/msal-browser')
  if (error instanceof InteractionRequiredAuthError)
    return new SignInError('interaction-required', error.errorCode, { cause: error })
  const { errorCode = '' } = error as { errorCode?: string }
  if (errorCode === 'user_cancelled') return new SignInError('cancelled', '', { cause: error })
  if (/network|timeout|timed_out|unreachable/.test(errorCode))
    return new SignInError('unreachable', errorCode, { cause: error })
  return new SignInError('refused', errorCode, { cause: error })
}
