import type { AuthenticationResult, IPublicClientApplication } from '@azure/msal-browser'
import type { AddinConfig } from '../../shared/contract/addin-config.ts'
import { SignInError } from './error.ts'
import { type Kept, stillGood } from './kept.ts'
import { oidcSignIn } from './oidc.ts'
import type { SignIn } from './sign-in.ts'
import type { Surroundings } from './surroundings.ts'

type Entra = Extract<AddinConfig, { mode: 'entra' }>

/**
 * Entra: Outlook itself signs in where it can (nested app authentication); only then MSAL is loaded, 80 KB of it. Elsewhere, and
 * where it says it can and cannot, the same provider is asked in a window.
 */
export function entraSignIn(config: Entra, hint: string | null, around: Surroundings): SignIn {
  if (!around.nested) return windowSignIn(config, hint, around)
  const nested = nestedSignIn(config, hint, around)
  let instead: SignIn | null = null
  return {
    mode: 'entra',
    async token(how) {
      if (instead) return instead.token(how)
      try {
        return await nested.token(how)
      } catch (error) {
        if (!(error instanceof SignInError) || error.code !== 'unnested') throw error
        instead = windowSignIn(config, hint, around)
        return instead.token(how)
      }
    },
    signOut: () => (instead ?? nested).signOut(),
  }
}

function windowSignIn({ authority, clientId, scope }: Entra, hint: string | null, around: Surroundings): SignIn {
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
      throw error instanceof SignInError ? error : new SignInError('unreachable', 'MSAL', { cause: error })
    })
    return loaded
  }

  async function load(): Promise<IPublicClientApplication> {
    const { createNestablePublicClientApplication } = await import('@azure/msal-browser')
    const app = await createNestablePublicClientApplication({
      auth: { clientId, authority },
      cache: { cacheLocation: 'memoryStorage' },
    })
    // Without the host's bridge MSAL would open windows of its own kind.
    if (!('nestedAppAuthBridge' in globalThis)) throw new SignInError('unnested')
    return app
  }
}

async function failureOf(error: unknown): Promise<SignInError> {
  const { InteractionRequiredAuthError } = await import('@azure/msal-browser')
  const { errorCode = '' } = error as { errorCode?: string }
  if (error instanceof InteractionRequiredAuthError || errorCode.startsWith('no_account'))
    return new SignInError('interaction-required', errorCode, { cause: error })
  if (/^user_cancell?ed$/.test(errorCode)) return new SignInError('cancelled', '', { cause: error })
  if (errorCode.startsWith('nested_app_auth_bridge')) return new SignInError('unnested', errorCode, { cause: error })
  if (/network|timeout|timed_out/.test(errorCode)) return new SignInError('unreachable', errorCode, { cause: error })
  return new SignInError('refused', errorCode, { cause: error })
}
