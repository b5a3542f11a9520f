import { SCOPES, SCOPES_OF_ROLE, type Scope } from '../../shared/contract/index.ts'
import type { Identity } from './services.ts'

/** Scopes granted directly and by role. */
export function grantedScopes(identity: Pick<Identity, 'roles' | 'scopes'>): Scope[] {
  return [...new Set([...identity.scopes, ...identity.roles.flatMap((role) => SCOPES_OF_ROLE[role])])]
}

/** The known scopes of a space-separated list (RFC 6749 3.3). */
export function scopesOf(text: string): Scope[] {
  const wanted = new Set(text.split(' '))
  return SCOPES.filter((scope) => wanted.has(scope))
}
