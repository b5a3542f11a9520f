import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import { isMailAddress, ROLES, type Role } from '../../shared/contract/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'
import type { ForeignIssuer } from './config.ts'
import { grantedScopes } from './scopes.ts'
import type { HttpServices, Identity } from './services.ts'

const ASYMMETRIC = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']
const DEFAULT_ALGORITHMS = ['RS256', 'ES256', 'EdDSA']

/**
 * Access tokens of foreign OpenID providers. The unverified `iss` only selects whose keys to try; signature, audience and
 * times are then checked with that issuer's keys and pinned algorithms. The holder has to be a user of the tenant's directory.
 */
export function foreignTokens({ config, clock, store }: HttpServices) {
  const trusted = config.issuers.map((issuer) => {
    const algorithms = [...(issuer.algorithms ?? DEFAULT_ALGORITHMS)]
    const weak = algorithms.find((algorithm) => !ASYMMETRIC.includes(algorithm))
    if (weak) throw new Fault('config-invalid', `issuer ${issuer.issuer}: algorithm ${weak} is not allowed`)
    const keys =
      'url' in issuer.jwks
        ? createRemoteJWKSet(new URL(issuer.jwks.url), { timeoutDuration: 5000, cooldownDuration: 30_000 })
        : createLocalJWKSet({ keys: [...issuer.jwks.keys] })
    return { issuer, algorithms, keys }
  })

  return {
    /** null when the token is of no foreign issuer; raises `unauthenticated` when it is and does not hold. */
    async identify(token: string): Promise<Identity | null> {
      if (trusted.length === 0) return null
      const iss = issuerOf(token)
      const of = trusted.find(({ issuer }) => issuer.issuer === iss)
      if (!of) return null
      let payload: JWTPayload
      try {
        const verified = await jwtVerify(token, of.keys as Parameters<typeof jwtVerify>[1], {
          issuer: of.issuer.issuer,
          audience: of.issuer.audience,
          algorithms: of.algorithms,
          requiredClaims: ['exp', 'sub'],
          clockTolerance: 60,
          currentDate: new Date(clock.now()),
        })
        payload = verified.payload
      } catch (error) {
        throw new Fault('unauthenticated', 'the token is not valid', { cause: error })
      }
      return identityOf(of.issuer, payload)
    },
  }

  async function identityOf(issuer: ForeignIssuer, payload: JWTPayload): Promise<Identity> {
    const claim = payload[issuer.addressClaim ?? 'preferred_username']
    const address = typeof claim === 'string' && isMailAddress(claim) ? canonicalAddress(claim) : null
    const person = address ? await store.tenant(issuer.tenant).read.person(address) : null
    if (!address || !person?.user) throw new Fault('unauthenticated', 'the token names no user of this organisation')
    const claimed: unknown[] = Array.isArray(payload.roles) ? payload.roles : []
    const roles: Role[] = [...new Set<Role>(['user', ...ROLES.filter((role) => claimed.includes(role))])]
    return {
      tenant: issuer.tenant,
      subject: payload.sub!,
      address,
      senders: [],
      roles,
      scopes: grantedScopes({ roles, scopes: [] }),
    }
  }
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}
