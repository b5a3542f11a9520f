import fastifyRateLimit from '@fastify/rate-limit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../../../shared/fault/index.ts'
import { peerKey, plainAddress } from '../../journey/ingress/networks.ts'
import type { HttpLimits } from '../config.ts'
import type { App } from '../route.ts'

/**
 * A limit per signed-in identity, so that a house behind one address does not share one, and whoever asks from many addresses
 * has no more; per address (an IPv6 customer is a /64) where nobody is signed in. Counted in this process. It protects the
 * machine; what protects one-time codes is counted in the database (`server/portal/codes.ts`).
 */
export async function rateLimit(app: App, limits: HttpLimits): Promise<void> {
  await app.register(fastifyRateLimit, {
    max: limits.requests,
    timeWindow: 60_000,
    keyGenerator: whose,
    cache: 20_000,
    enableDraftSpec: true,
    errorResponseBuilder: (_request, context) => limited(context.after),
  })
}

/**
 * Counts a request that is refused before its route counts it: as anybody else's of that identity or address. Raises
 * `rate-limited` above the limit.
 */
export function countRefused(app: App): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  const count = app.createRateLimit()
  return async (request, reply) => {
    const seen = await count(request)
    if (seen.isAllowed || !seen.isExceeded) return
    reply.header('retry-after', seen.ttlInSeconds)
    throw limited(`${seen.ttlInSeconds} seconds`)
  }
}

const limited = (after: string) => new Fault('rate-limited', `try again in ${after}`)

/** Never equal for an identity and an address: no address has a space. */
function whose({ identity, ip }: FastifyRequest): string {
  return identity ? `${identity.tenant} ${identity.subject}` : peerKey(plainAddress(ip))
}
