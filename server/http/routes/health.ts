import type { Routes } from '../app.ts'

/** `/healthz`: the process answers. `/readyz`: it can take mail now. Public, and they say nothing else. */
export const healthRoutes: Routes = (app, services) => {
  app.get('/healthz', { config: { rateLimit: false } }, async () => ({ status: 'ok' }))
  app.get('/readyz', { config: { rateLimit: false } }, async (_request, reply) => {
    const { ready, checks } = await services.ready()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks })
  })
}

/** `/metrics` in the Prometheus text format; operator's listener only. */
export const metricsRoute: Routes = (app, services) => {
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await services.exposition()
    return reply.header('content-type', contentType).send(body)
  })
}
