/** What the claims of a foreign access token have to be, once its signature, issuer, audience and times hold. Pure. */
import type { JWTPayload } from 'jose'
import { isMailAddress } from '../../shared/contract/index.ts'
import { canonicalAddress } from '../../shared/words/address.ts'
import type { ForeignIssuer } from './config.ts'

type Expected = Pick<ForeignIssuer, 'issuer' | 'directory' | 'scope' | 'clients' | 'addressClaim'>

/** RFC 9068 says `at+jwt`; Entra and Keycloak say `JWT`. Logout tokens and proofs of possession say something else. */
const TYPES: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt', 'jwt'])

/**
 * What stands in ID tokens (OpenID Connect Core 3.1.3.6, 3.3.2.11) and in messages about sessions (RFC 8417 2.2) of the same provider,
 * in no access token.
 */
const NOT_FOR_APIS = ['at_hash', 'c_hash', 'events'] as const

/** Why this is no access token for us, in words for our log; null when it is one. */
export function objectionTo(
  { directory, scope, clients = [] }: Expected,
  payload: JWTPayload,
  type: string | undefined,
): string | null {
  if (type !== undefined && !TYPES.has(type.toLowerCase())) return 'another kind of token'
  if (NOT_FOR_APIS.some((claim) => payload[claim] !== undefined)) return 'another kind of token'
  // Keycloak says it in a claim, and `JWT` in the header of them all.
  if (payload.typ !== undefined && text(payload.typ)?.toLowerCase() !== 'bearer') return 'another kind of token'
  // Bound to a key of its holder (RFC 7800): worth nothing without the proof, and we ask for none.
  if (payload.cnf !== undefined) return 'a token bound to a key'
  if (directory !== undefined) {
    if (payload.ver !== '2.0') return 'not a token of version 2.0'
    if (text(payload.tid)?.toLowerCase() !== directory.toLowerCase()) return 'a token of another directory'
    if (!text(payload.oid)) return 'a token without oid'
  }
  if (scope !== undefined && !scopesIn(payload).includes(scope)) return 'a token without the scope'
  const client = text(payload.azp) ?? text(payload.client_id)
  if (clients.length > 0 && (client === null || !clients.includes(client))) return 'a token for another client'
  return null
}

/**
 * The user's key: what the provider never gives to another user, behind who says so, because the same `sub` means somebody else at
 * another provider. Entra's `sub` differs by client, its `oid` does not; its issuer holds the directory.
 */
export function subjectIn({ issuer, directory }: Expected, { oid, sub }: JWTPayload): string {
  return `${issuer}#${directory === undefined ? sub! : text(oid)!}`
}

/** The address the provider vouches for, canonical; null when it vouches for none. */
export function addressIn({ addressClaim = 'preferred_username' }: Expected, payload: JWTPayload): string | null {
  const claim = text(payload[addressClaim])
  if (claim === null || !isMailAddress(claim)) return null
  if (addressClaim === 'email' && payload.email_verified !== true) return null
  return canonicalAddress(claim)
}

/** `scp` is a text with Entra, `scope` one in RFC 9068; some providers write lists. */
function scopesIn({ scp, scope }: JWTPayload): string[] {
  return [scp, scope].flatMap((value) =>
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [],
  )
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
