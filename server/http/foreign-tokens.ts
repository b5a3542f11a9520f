import { createLocalJWKSet, createRemoteJWKSet, customFetch, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Role } from '../../shared/contract/index.ts'
import { ROLES } from '../../shared/contract/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { TOKEN_ALGORITHMS } from '../../shared/words/token-algorithms.ts'
import type { ForeignIssuer } from './config.ts'
import { fetchKeys } from './fetch-keys.ts'
import { grantedScopes } from './scopes.ts'
import type { HttpServices, Identity } from './services.ts'
import { addressIn, objectionTo, subjectIn } from './token-claims.ts'

const DEFAULT_ALGORITHMS = ['RS256', 'ES256', 'EdDSA']
const KNOWN_ALGORITHMS: ReadonlySet<string> = new Set(TOKEN_ALGORITHMS)
/** How long keys are believed: one that its provider withdrew counts no longer than this. */
const KEYS_MS = 10 * 60_000
/** A key id that nobody knows leads to one look at the provider in this time, however many tokens name one. */
const COOLDOWN_MS = 5_000
const KEY_SERVER_MS = 3_000
const CLOCK_TOLERANCE_S = 60

/**
 * Access tokens of foreign OpenID providers. The unverified `iss` only selects whose keys to try; signature, audience and
 * times are then checked with that issuer's keys and pinned algorithms. The holder has to be a user of the tenant's directory.
 */
export function foreignTokens({ config, clock, store, log }: HttpServices) {
  const trusted = config.issuers.map((issuer) => {
    const algorithms = [...(issuer.algorithms ?? DEFAULT_ALGORITHMS)]
    const weak = algorithms.find((algorithm) => !KNOWN_ALGORITHMS.has(algorithm))
    if (weak) throw new Fault('config-invalid', `issuer ${issuer.issuer}: algorithm ${weak} is not allowed`)
    return { issuer, algorithms, keys: keysOf(issuer) as Parameters<typeof jwtVerify>[1] }
  })

  return {
    /**
     * null when the token is of no foreign issuer. Raises `unauthenticated` when it is and does not hold, `sign-in-away` while
     * nobody can say: the keys of its issuer cannot be had.
     */
    async identify(token: string): Promise<Identity | null> {
      if (trusted.length === 0) return null
      const { iss, aud } = unverified(token)
      const audiences = Array.isArray(aud) ? aud : [aud]
      const same = trusted.filter(({ issuer }) => issuer.issuer === iss)
      // Two organisations at one provider differ in the audience.
      const of = same.find(({ issuer }) => audiences.includes(issuer.audience)) ?? same[0]
      if (!of) return null
      return identityOf(of.issuer, await verified(token, of))
    },
  }

  async function verified(token: string, { issuer, algorithms, keys }: (typeof trusted)[number]): Promise<JWTPayload> {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(clock.now()),
      })
      const objection = objectionTo(issuer, payload, protectedHeader.typ)
      if (objection === null) return payload
      throw new Fault('unauthenticated', objection)
    } catch (error) {
      if (error instanceof Fault) throw error
      if (isOfToken(error)) throw new Fault('unauthenticated', 'the token is not valid', { cause: error })
      log.warn('sign-in.keys-away', { tenant: issuer.tenant, issuer: issuer.issuer, cause: String(error) })
      throw new Fault('sign-in-away', '', { cause: error })
    }
  }

  async function identityOf(issuer: ForeignIssuer, payload: JWTPayload): Promise<Identity> {
    const address = addressIn(issuer, payload)
    const person = address === null ? null : await store.tenant(issuer.tenant).read.person(address)
    if (!address || !person?.user) throw new Fault('unauthenticated', 'the token names no user of this organisation')
    const claimed: unknown[] = Array.isArray(payload.roles) ? payload.roles : []
    const roles: Role[] = [...new Set<Role>(['user', ...ROLES.filter((role) => claimed.includes(role))])]
    return {
      tenant: issuer.tenant,
      subject: subjectIn(issuer, payload),
      address,
      senders: person.sendsAs,
      roles,
      scopes: grantedScopes({ roles, scopes: [] }),
    }
  }
}

function keysOf({ jwks }: ForeignIssuer) {
  if (!('url' in jwks)) return createLocalJWKSet({ keys: [...jwks.keys] })
  return createRemoteJWKSet(new URL(jwks.url), {
    timeoutDuration: KEY_SERVER_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: KEYS_MS,
    [customFetch]: fetchKeys,
  })
}

/** Whether the token is at fault; else its provider's keys are. */
function isOfToken(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false
  return error.code !== 'ERR_JOSE_GENERIC' && error.code !== 'ERR_JWKS_TIMEOUT' && error.code !== 'ERR_JWKS_INVALID'
}

function unverified(token: string): Pick<JWTPayload, 'iss' | 'aud'> {
  try {
    return decodeJwt(token)
  } catch {
    return {}
  }
}
