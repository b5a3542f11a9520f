import fastifyRateLimit from '@fastify/rate-limit'
import { Fault } from '../../../shared/fault/index.ts'
import type { HttpLimits } from '../config.ts'
import type { App } from '../route.ts'

/**
 * A limit per address (an IPv6 customer is a /64), counted in this process. It protects the machine; what protects one-time
 * codes is counted in the database (`server/portal/codes.ts`).
 */
export async function rateLimit(app: App, limits: HttpLimits): Promise<void> {
  await app.register(fastifyRateLimit, {
    max: limits.requests,
    timeWindow: 60_000,
    ipv6Subnet: 64,
    cache: 20_000,
    enableDraftSpec: true,
    errorResponseBuilder: (_request, context) => new Fault('rate-limited', `try again in ${context.after}`),
  })
}
