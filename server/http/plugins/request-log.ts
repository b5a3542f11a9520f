import { randomUUID } from 'node:crypto'
import type { Log, Metrics } from '../../ports/log.ts'
import type { App } from '../route.ts'

/** Ids come from us alone: one that a client chose could point the reader of a log at another request. */
export const requestId = () => randomUUID()

/** One line and one observation a request. The route's pattern is logged, never the URL: tokens stand in URLs. */
export function requestLog(app: App, { log, metrics }: { readonly log: Log; readonly metrics: Metrics }): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown'
    const labels = { method: request.method, route, status: String(reply.statusCode) }
    metrics.observe('http_request_seconds', reply.elapsedTime / 1000, labels)
    log.debug('http.request', { request: request.id, ...labels, ms: Math.round(reply.elapsedTime) })
  })
}
