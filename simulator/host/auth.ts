/**
 * Nested app authentication: the host signs the user in for the page (the protocol of `nestedAppAuthBridge`, as MSAL speaks
 * it). The token is whatever the demo's sign-in gives for the user whose mailbox is open.
 */
import type { Person } from './item.ts'

export interface NestedRequest {
  readonly messageType: 'NestedAppAuthRequest'
  readonly method: string
  readonly requestId: string
}

export type TokenSource = (user: Person) => Promise<{ readonly token: string; readonly seconds: number }>

/** Answers one request with the text the bridge gives back; null for what is none. */
export async function answerNested(text: string, user: Person, tokens: TokenSource): Promise<string | null> {
  let request: NestedRequest
  try {
    request = JSON.parse(text) as NestedRequest
  } catch {
    return null
  }
  if (request.messageType !== 'NestedAppAuthRequest') return null
  const base = { messageType: 'NestedAppAuthResponse', requestId: request.requestId }
  const account = {
    environment: location.host,
    homeAccountId: user.address,
    localAccountId: user.address,
    tenantId: 'demo',
    username: user.address,
    name: user.name,
  }
  try {
    switch (request.method) {
      case 'GetInitContext':
        return JSON.stringify({
          ...base,
          success: true,
          initContext: {
            sdkName: 'Secflow simulator',
            sdkVersion: '1.0.0',
            capabilities: { queryAccount: true },
            accountContext: account,
          },
        })
      case 'GetToken':
      case 'GetTokenPopup': {
        const { token, seconds } = await tokens(user)
        return JSON.stringify({
          ...base,
          success: true,
          token: { access_token: token, id_token: token, expires_in: seconds, scope: 'access_as_user' },
          account,
        })
      }
      default:
        return JSON.stringify({ ...base, success: false, error: { status: 'NESTED_APP_AUTH_UNAVAILABLE' } })
    }
  } catch {
    return JSON.stringify({ ...base, success: false, error: { status: 'TRANSIENT_ERROR' } })
  }
}
