/** A real OpenID provider (oidc-provider) on a port of this machine: it signs people in by any password and gives access tokens as JWTs. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider from 'oidc-provider'

export const API = 'urn:secflow:test-api'
export const SCOPE = 'mail'

export interface IdentityProvider extends AsyncDisposable {
  readonly issuer: string
  readonly jwksUri: string
  readonly port: number
  /** What stands in access tokens beside what the provider writes itself. */
  claims: Record<string, unknown>
  /** A token of a machine client, for this resource and scope. */
  token(of?: { resource?: string; scope?: string }): Promise<string>
  /** How often its keys were asked for. */
  readonly keysAsked: () => number
}

export interface ProviderOptions {
  /** Where the window of the add-in comes back to. */
  readonly redirectUri?: string
  /** Takes the place of another on its port. */
  readonly port?: number
  /** Says it is this one. */
  readonly issuer?: string
  readonly algorithm?: 'RS256' | 'ES256' | 'EdDSA'
  /** Seconds that access tokens are good for. */
  readonly tokenSeconds?: number
}

export async function startProvider(options: ProviderOptions = {}): Promise<IdentityProvider> {
  const { redirectUri = 'https://mail.example/addin/sign-in.html', algorithm = 'ES256', tokenSeconds = 600 } = options
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const own = `http://127.0.0.1:${port}`
  const issuer = options.issuer ?? own
  let keysAsked = 0
  const state = { claims: { preferred_username: 'anna@klinik.example' } as Record<string, unknown> }
  const provider = new Provider(issuer, {
    jwks: { keys: [await privateKey(algorithm)] },
    clients: [
      {
        client_id: 'outlook',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: algorithm,
      },
      {
        client_id: 'machine',
        client_secret: 'a secret of the test',
        redirect_uris: [],
        response_types: [],
        grant_types: ['client_credentials'],
        id_token_signed_response_alg: algorithm,
      },
    ],
    cookies: { keys: ['a key of the test'] },
    clientBasedCORS: () => true,
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    findAccount: async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    extraTokenClaims: async (_context, token) => {
      const { accountId } = token as { accountId?: string }
      return { ...state.claims, ...(accountId ? { preferred_username: accountId } : {}) }
    },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_context, resource) => ({
          scope: `${SCOPE} other`,
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: tokenSeconds,
          jwt: { sign: { alg: algorithm } },
        }),
      },
    },
  })
  const handle = provider.callback()
  server.on('request', (request, response) => {
    if (request.url === '/jwks') keysAsked++
    void handle(request, response)
  })
  return {
    issuer,
    port,
    jwksUri: `${own}/jwks`,
    keysAsked: () => keysAsked,
    get claims() {
      return state.claims
    },
    set claims(claims) {
      state.claims = claims
    },
    async token({ resource = API, scope = SCOPE } = {}) {
      const answer = await fetch(`${own}/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from('machine:a+secret+of+the+test').toString('base64')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope }),
      })
      const body = (await answer.json()) as { access_token?: string }
      if (!body.access_token) throw new Error(JSON.stringify(body))
      return body.access_token
    },
    [Symbol.asyncDispose]: () => closed(server),
  }
}

async function privateKey(alg: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), use: 'sig', alg }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
