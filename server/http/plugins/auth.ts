import { randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Problem, type Scope } from '../../../shared/contract/index.ts'
import { tenantId } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { ed25519FromSeed } from '../../people/stamp.ts'
import type { HttpConfig } from '../config.ts'
import { foreignTokens } from '../foreign-tokens.ts'
import type { App } from '../route.ts'
import { scopesOf } from '../scopes.ts'
import type { HttpServices, Identity } from '../services.ts'
import { countRefused } from './rate-limit.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call: everyone, everyone with a token, or the holders of one of these scopes. Every API route says it. */
    access?: 'public' | 'authenticated' | readonly Scope[]
  }
  interface FastifyRequest {
    identity: Identity | null
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: Claims
  }
}

/** RFC 9068, with the identity as our own clients have it. */
interface Claims {
  readonly sub: string
  readonly tenant: string
  readonly address: string | null
  readonly senders: readonly string[]
  readonly roles: readonly Identity['roles'][number][]
  readonly scope: string
  readonly jti: string
  readonly iss?: string
}

export const TOKEN_SECONDS = 600
const ALGORITHM = 'EdDSA'

/** Issuer of our own tokens. */
export const issuerOf = (config: HttpConfig) => config.publicUrl
const audienceOf = (config: HttpConfig) => `${config.publicUrl}/api`

/** Bearer tokens (RFC 6750): our own, and those of the configured issuers. A route that does not say who may call it is a programming error. */
export async function auth(app: App, services: HttpServices): Promise<void> {
  const { config, clock } = services
  const { privateKey, publicKey } = ed25519FromSeed(config.tokenSeed)
  await app.register(jwt, {
    secret: {
      private: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
    sign: { algorithm: ALGORITHM, iss: issuerOf(config), aud: audienceOf(config), expiresIn: `${TOKEN_SECONDS}s` },
    verify: {
      algorithms: [ALGORITHM],
      allowedIss: issuerOf(config),
      allowedAud: audienceOf(config),
      // A claim that is not there is otherwise not checked.
      requiredClaims: ['iss', 'aud', 'exp', 'sub', 'tenant'],
    },
  })
  const foreign = foreignTokens(services)

  app.decorateRequest('identity', null)
  app.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/api/')) return
    const access = route.config?.access
    if (!access) throw new Error(`route ${route.url} does not say who may call it`)
    route.schema = { ...route.schema }
    if (access !== 'public') route.schema.security = [{ oauth: access === 'authenticated' ? [] : [...access] }]
    const response = (route.schema.response ?? {}) as Record<string, unknown>
    const content = { 'application/problem+json': { schema: Problem } }
    route.schema.response = { ...response, default: { description: 'Problem details (RFC 9457)', content } }
  })
  const refused = countRefused(app)
  app.addHook('onRequest', async (request, reply) => {
    try {
      await admit(request, reply)
    } catch (error) {
      await refused(request, reply)
      throw error
    }
  })

  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const access = request.routeOptions.config.access ?? 'public'
    if (access === 'public') return
    try {
      request.identity = await identify(request)
    } catch (error) {
      reply.header('www-authenticate', 'Bearer realm="secflow"')
      throw error
    }
    if (access === 'authenticated') return
    const { scopes } = request.identity
    if (!access.some((scope) => scopes.includes(scope))) {
      reply.header('www-authenticate', `Bearer realm="secflow", error="insufficient_scope", scope="${access[0]}"`)
      throw new Fault('forbidden', {
        en: `needs the scope ${access.join(' or ')}`,
        de: `verlangt den Scope ${access.join(' oder ')}`,
      })
    }
  }

  async function identify(request: FastifyRequest): Promise<Identity> {
    const token = /^Bearer ([\w~+/.=-]{1,16384})$/i.exec(request.headers.authorization ?? '')?.[1]
    if (!token) throw new Fault('unauthenticated')
    const known = await foreign.identify(token)
    if (known) return known
    let claims: Claims
    try {
      claims = app.jwt.verify<Claims>(token, { clockTimestamp: clock.now() })
    } catch (error) {
      throw new Fault('unauthenticated', 'the token is not valid', { cause: error })
    }
    return {
      tenant: tenantId(claims.tenant),
      subject: claims.sub,
      address: claims.address,
      senders: claims.senders,
      roles: claims.roles,
      scopes: scopesOf(claims.scope),
    }
  }
}

/** An access token for an identity, limited to `scopes`. */
export function signToken(app: App, services: HttpServices, identity: Identity, scopes: readonly Scope[]): string {
  const claims: Claims & { readonly iat: number } = {
    sub: identity.subject,
    tenant: identity.tenant,
    address: identity.address,
    senders: identity.senders,
    roles: identity.roles,
    scope: scopes.join(' '),
    jti: randomUUID(),
    iat: Math.floor(services.clock.now() / 1000),
  }
  return app.jwt.sign(claims)
}

/** The caller of a route that is not public. */
export function caller(request: FastifyRequest): Identity {
  if (!request.identity) throw new Fault('unauthenticated')
  return request.identity
}
