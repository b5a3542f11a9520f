import { createHash } from 'node:crypto'
import { z } from 'zod'
import { OfflinePolicy } from '../../../shared/contract/index.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

/** `GET /api/v1/policies/offline`: what the task pane of Outlook previews by while it cannot ask. */
export const offlineRoute: Routes = (instance, services) => {
  typed(instance).get(
    '/api/v1/policies/offline',
    {
      config: { access: ['evaluate'] },
      schema: {
        summary: 'The policy in force, for previews without a connection',
        description:
          'Signed by the service with a key of the tenant that serves nothing else. Lists from outside (files, LDAP, HTTP) and keys of people are not in it. With `If-None-Match` 304 while nothing changed.',
        operationId: 'getOfflinePolicy',
        tags: ['policies'],
        response: { 200: OfflinePolicy, 304: z.null().describe('Nothing changed.') },
      },
    },
    async (request, reply) => {
      const offline = await services.offlinePolicy(caller(request).tenant)
      const etag = `"${createHash('sha256').update(offline.bundle).digest('base64url').slice(0, 22)}"`
      reply.header('etag', etag).header('cache-control', 'private, no-cache')
      if (request.headers['if-none-match'] === etag) return reply.code(304).send(null)
      return { ...offline, keys: [...offline.keys], domains: [...offline.domains] }
    },
  )
}
