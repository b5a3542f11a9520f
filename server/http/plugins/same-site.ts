import type { FastifyRequest } from 'fastify'
import { Fault } from '../../../shared/fault/index.ts'
import type { HttpConfig } from '../config.ts'
import type { App } from '../route.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses forms that another site sent in a visitor's name. Browsers say where a request comes from by `Sec-Fetch-Site` (Fetch
 * Metadata), older ones by `Origin`; what has neither comes from no browser and carries nobody's cookies. Raises `cross-site`.
 */
export function sameSite(app: App, config: HttpConfig): void {
  const own = new URL(config.publicUrl).origin
  app.addHook('onRequest', async (request) => {
    if (!SAFE.has(request.method) && !isOwn(request, own)) throw new Fault('cross-site')
  })
}

function isOwn(request: FastifyRequest, own: string): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const { origin } = request.headers
  return origin === undefined || origin === own || origin === `${request.protocol}://${request.host}`
}
