import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { type Scope, TokenError, TokenRequest, TokenResponse } from '../../../shared/contract/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { signToken, TOKEN_SECONDS } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { grantedScopes, scopesOf } from '../scopes.ts'
import { typed } from '../typed.ts'

/** Bytes: a few short fields, whatever they are written in. Anybody may send it, so nobody sends much. */
export const BODY_MAX = 65_536

/** `POST /oauth/token`: client credentials (RFC 6749 4.4) by HTTP Basic or in the form (2.3.1). Public, and limited by address. */
export const tokenRoute: Routes = (instance, services) => {
  const app = typed(instance)
  app.post(
    '/oauth/token',
    {
      bodyLimit: BODY_MAX,
      config: { access: 'public', rateLimit: { max: services.config.limits.tokens, timeWindow: 60_000 } },
      schema: {
        summary: 'Get an access token (client credentials)',
        operationId: 'getToken',
        tags: ['identity'],
        consumes: ['application/x-www-form-urlencoded'],
        body: TokenRequest,
        response: { 200: TokenResponse, 400: TokenError, 401: TokenError },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const { grant_type, scope } = request.body
      if (grant_type !== 'client_credentials')
        return refuse(reply, 'unsupported_grant_type', 'only client_credentials is offered')
      const credentials = credentialsOf(request, request.body)
      if (!credentials) return refuse(reply, 'invalid_request', 'send the credentials once: HTTP Basic or form')
      const identity = credentials.client && credentials.secret ? await services.authenticate(credentials) : null
      if (!identity) {
        services.log.warn('token.refused', { client: credentials.client })
        services.metrics.count('token_requests_total', { result: 'refused' })
        return refuse(reply, 'invalid_client', new Fault('credentials-wrong').definition.title.en)
      }
      const granted = grantedScopes(identity)
      const scopes: Scope[] = scope === undefined ? granted : scopesOf(scope).filter((one) => granted.includes(one))
      if (scopes.length === 0) return refuse(reply, 'invalid_scope', 'none of these scopes is granted')
      services.metrics.count('token_requests_total', { result: 'granted' })
      return reply.code(200).send({
        access_token: signToken(instance, services, identity, scopes),
        token_type: 'Bearer' as const,
        expires_in: TOKEN_SECONDS,
        scope: scopes.join(' '),
      })
    },
  )
}

type Credentials = { readonly client: string; readonly secret: string }

/** null when the client used two ways at once (RFC 6749 2.3) or the header is malformed. */
function credentialsOf(request: FastifyRequest, body: z.infer<typeof TokenRequest>): Credentials | null {
  const header = request.headers.authorization
  if (header === undefined) return { client: body.client_id ?? '', secret: body.client_secret ?? '' }
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(header)?.[1]
  if (!encoded || body.client_secret !== undefined) return null
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 0) return null
  try {
    return { client: formDecoded(pair.slice(0, colon)), secret: formDecoded(pair.slice(colon + 1)) }
  } catch {
    return null
  }
}

/** RFC 6749 2.3.1: both are form-encoded before they are joined. */
const formDecoded = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))

function refuse(reply: FastifyReply, error: TokenError['error'], description: string) {
  const status = error === 'invalid_client' ? 401 : 400
  if (status === 401) reply.header('www-authenticate', 'Basic realm="secflow"')
  const code = status === 401 ? 'credentials-wrong' : 'request-invalid'
  const { title } = new Fault(code).definition
  const body: TokenError = {
    error,
    error_description: description,
    type: `urn:secflow:fault:${code}`,
    title: title.en,
    status,
  }
  return reply.code(status).type('application/problem+json').send(body)
}
