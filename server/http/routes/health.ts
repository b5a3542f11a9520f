import { z } from 'zod'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

const Health = z.object({ status: z.string() })
const Readiness = z.object({ status: z.string(), checks: z.record(z.string(), z.boolean()) })

/** `/healthz`: the process answers. `/readyz`: it can take mail now. Public, and they say nothing else. */
export const healthRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  const tags = ['operation']
  app.get(
    '/healthz',
    {
      config: { rateLimit: false },
      schema: { summary: 'The process answers', operationId: 'getHealth', tags, response: { 200: Health } },
    },
    async () => ({ status: 'ok' }),
  )
  app.get(
    '/readyz',
    {
      config: { rateLimit: false },
      schema: {
        summary: 'It can take mail now',
        operationId: 'getReadiness',
        tags,
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const { ready, checks } = await services.ready()
      return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready', checks })
    },
  )
}

/** `/metrics` in the Prometheus text format; operator's listener only. */
export const metricsRoute: Routes = (app, services) => {
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await services.exposition()
    return reply.header('content-type', contentType).send(body)
  })
}
