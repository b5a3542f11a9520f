/** The HTTP face on one page. The order of the plugins is part of their meaning: what stands first sees a request first. */
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import fastify from 'fastify'
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { auth } from './plugins/auth.ts'
import { errors } from './plugins/errors.ts'
import { jsonBody } from './plugins/json-body.ts'
import { largeBodies } from './plugins/large-bodies.ts'
import { openapi } from './plugins/openapi.ts'
import { rateLimit } from './plugins/rate-limit.ts'
import { requestId, requestLog } from './plugins/request-log.ts'
import { securityHeaders } from './plugins/security-headers.ts'
import type { App, Routes } from './route.ts'
import { addinRoutes } from './routes/addin.ts'
import { archiveRoute } from './routes/archive.ts'
import { docsRoutes } from './routes/docs.ts'
import { evaluateRoute } from './routes/evaluate.ts'
import { healthRoutes, metricsRoute } from './routes/health.ts'
import { keyRoutes } from './routes/keys.ts'
import { meRoutes } from './routes/me.ts'
import { messageRoutes } from './routes/messages.ts'
import { offlineRoute } from './routes/offline.ts'
import { policyRoutes } from './routes/policies.ts'
import { portalRoutes } from './routes/portal.ts'
import { queueRoutes } from './routes/queue.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { simulationRoute } from './routes/simulations.ts'
import { submitRoutes } from './routes/submit.ts'
import { tokenRoute } from './routes/token.ts'
import { verdictRoute } from './routes/verdicts.ts'
import type { HttpServices } from './services.ts'
import { badAddress, unreadable } from './unread.ts'

export type { App, Routes } from './route.ts'

/** The public listener: API, portal, documents. The caller listens and closes. */
export async function createHttpApp(services: HttpServices, extra: readonly Routes[] = []): Promise<App> {
  const { config } = services
  const app = bare(services)
  await securityHeaders(app, config)
  await rateLimit(app, config.limits)
  await openapi(app)
  await auth(app, services)
  largeBodies(app)
  jsonBody(app)
  await app.register(cookie)
  await app.register(formbody, { bodyLimit: 65_536 })

  for (const routes of [
    healthRoutes,
    tokenRoute,
    meRoutes,
    evaluateRoute,
    verdictRoute,
    submitRoutes,
    messageRoutes,
    archiveRoute,
    offlineRoute,
    policyRoutes,
    queueRoutes,
    keyRoutes,
    simulationRoute,
    portalRoutes,
    signInRoutes,
    addinRoutes,
    docsRoutes,
    ...extra,
  ])
    await app.register(async (scope) => routes(scope, services))
  await app.ready()
  return app
}

/** The operator's listener: metrics and health, never on a public address. */
export async function createOperatorApp(services: HttpServices): Promise<App> {
  const app = bare(services)
  await healthRoutes(app, services)
  await metricsRoute(app, services)
  await app.ready()
  return app
}

function bare(services: HttpServices): App {
  const { config } = services
  const app = fastify({
    bodyLimit: config.limits.body,
    trustProxy: config.trustProxy.length > 0 ? [...config.trustProxy] : false,
    genReqId: requestId,
    requestIdHeader: false,
    logger: false,
    // Slow senders hold a connection, not a worker: the header has to arrive within half a minute.
    connectionTimeout: 0,
    requestTimeout: 0,
    http: { headersTimeout: 30_000, keepAliveTimeout: 65_000 },
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle',
    frameworkErrors: badAddress,
    clientErrorHandler: unreadable,
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.removeContentTypeParser('text/plain')
  requestLog(app, services)
  errors(app, services.log)
  return app as unknown as App
}
