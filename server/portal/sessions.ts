import { createHash, randomBytes } from 'node:crypto'
import { type Factor, type OpenLink, record } from './links.ts'
import type { PortalServices } from './services.ts'

export const SESSION_MS = 2 * 60 * 60_000
const TOKEN = /^[A-Za-z0-9_-]{43}$/

/** A browser's cookie for one link; several links can be open side by side. `__Host-` where the connection is secure (RFC 6265bis 4.1.3). */
export function sessionCookie(link: OpenLink, secure: boolean): string {
  return `${secure ? '__Host-' : ''}secflow-${link.grant.tokenHash.slice(0, 16)}`
}

/** Factors that this browser has proved for this link; none for an unknown, foreign or expired session. */
export async function provedFactors(
  services: PortalServices,
  { tenant, grant }: OpenLink,
  token: string | undefined,
): Promise<readonly Factor[]> {
  if (!token || !TOKEN.test(token)) return []
  const session = await services.store.tenant(tenant).read.portalSession(hashOf(token))
  return session && session.grant === grant.id && session.expiresAt > services.clock.now() ? session.factors : []
}

/** Adds a proved factor under a fresh token (an old one that leaked gains nothing); the 256 bits go into the cookie, their SHA-256 is stored. */
export async function prove(
  services: PortalServices,
  { tenant, grant }: OpenLink,
  token: string | undefined,
  factors: readonly Factor[],
): Promise<string> {
  const fresh = randomBytes(32).toString('base64url')
  const expiresAt = Math.min(grant.expiresAt, services.clock.now() + SESSION_MS)
  await services.store.tenant(tenant).write(async (tx) => {
    if (token && TOKEN.test(token)) await tx.deletePortalSession(hashOf(token))
    await tx.putPortalSession({ tokenHash: hashOf(fresh), grant: grant.id, factors, expiresAt })
  })
  return fresh
}

/** Ends this browser's session. */
export async function endSession(services: PortalServices, link: OpenLink, token: string | undefined): Promise<void> {
  if (!token || !TOKEN.test(token)) return
  await services.store.tenant(link.tenant).write((tx) => tx.deletePortalSession(hashOf(token)))
  await record(services, link, 'portal.left')
}

const hashOf = (token: string) => createHash('sha256').update(token, 'ascii').digest('hex')
