import { z } from 'zod'
import {
  type AddinConfig,
  AddinConfig as AddinConfigSchema,
  DemoTokenRequest,
  TokenResponse,
} from '../../../shared/contract/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { aLabel } from '../../../shared/policy/text/domain.ts'
import { canonicalAddress } from '../../../shared/words/address.ts'
import type { ForeignIssuer, HttpConfig } from '../config.ts'
import { signToken, TOKEN_SECONDS } from '../plugins/auth.ts'
import { sameSite } from '../plugins/same-site.ts'
import type { Routes } from '../route.ts'
import { grantedScopes } from '../scopes.ts'
import { typed } from '../typed.ts'
import { BODY_MAX } from './token.ts'

/** How users of the Outlook add-in come to their token. Public: it is what comes before. */
export const signInRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  const { config, store } = services
  app.get(
    '/addin/config.json',
    {
      schema: {
        summary: 'How users of the Outlook add-in sign in',
        operationId: 'getAddinConfig',
        tags: ['identity'],
        querystring: z.object({
          domain: z.string().max(255).optional().describe('Mail domain of the user.'),
        }),
        response: { 200: AddinConfigSchema },
      },
    },
    async (request, reply) => {
      const way = wayIn(config, request.query.domain)
      if (!way) throw new Fault('not-found', 'nobody signs in here')
      reply.header('cache-control', 'no-cache').header('cross-origin-resource-policy', 'same-origin')
      return way
    },
  )

  const { demo } = config
  if (!demo) return
  // Outside of demo mode this does not exist. In it, a page of another site must not get a token in its visitor's name.
  sameSite(instance, config)
  app.post(
    '/addin/demo-token',
    {
      bodyLimit: BODY_MAX,
      config: { rateLimit: { max: config.limits.tokens, timeWindow: 60_000 } },
      schema: { hide: true, body: DemoTokenRequest, response: { 200: TokenResponse } },
    },
    async (request, reply) => {
      const address = canonicalAddress(request.body.address)
      const offered = demo.persons.some((one) => one.address === address)
      const person = offered ? await store.tenant(demo.tenant).read.person(address) : null
      if (!person?.user) throw new Fault('forbidden', 'no person of the demo')
      const identity = {
        tenant: demo.tenant,
        subject: `demo#${address}`,
        address,
        senders: person.sendsAs,
        roles: ['user' as const],
        scopes: [],
      }
      const scopes = grantedScopes(identity)
      reply.header('cache-control', 'no-store')
      return {
        access_token: signToken(instance, services, identity, scopes),
        token_type: 'Bearer' as const,
        expires_in: TOKEN_SECONDS,
        scope: scopes.join(' '),
      }
    },
  )
}

/** By the domain of the user; where it is not known, the only way there is. */
function wayIn({ issuers, demo }: HttpConfig, written: string | undefined): AddinConfig | null {
  const domain = written === undefined ? null : aLabel(written)
  const providers = issuers.filter(({ addIn }) => addIn)
  const named = domain === null ? undefined : providers.find(({ domains }) => domains?.includes(domain))
  if (named) return configOf(named)
  const demoConfig: AddinConfig | null = demo ? { mode: 'demo', persons: [...demo.persons] } : null
  if (domain !== null && demo?.domains.includes(domain)) return demoConfig
  const [first, second] = providers
  if (demoConfig) return first ? null : demoConfig
  return first && !second ? configOf(first) : null
}

function configOf({ issuer, directory, addIn }: ForeignIssuer): AddinConfig {
  const { clientId, scope, resource } = addIn!
  if (directory !== undefined)
    return { mode: 'entra', authority: issuer.replace(/\/v2\.0$/, ''), clientId, scope, tenant: directory }
  return { mode: 'oidc', authority: issuer, clientId, scope, ...(resource === undefined ? {} : { resource }) }
}
