import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { App } from './route.ts'

/** The same app, with request and response types taken from the zod schemas of each route. */
export function typed(
  app: App,
): FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider> {
  return app.withTypeProvider<ZodTypeProvider>()
}
