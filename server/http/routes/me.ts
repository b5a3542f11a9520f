import { z } from 'zod'
import { Address, Me, Vocabulary } from '../../../shared/contract/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { languageOf } from '../language.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { maySendAs } from '../services.ts'
import { typed } from '../typed.ts'

/** Who the caller is, and what they may choose. */
export const meRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  app.get(
    '/api/v1/me',
    {
      config: { access: 'authenticated' },
      schema: { summary: 'Who am I', operationId: 'getMe', tags: ['identity'], response: { 200: Me } },
    },
    async (request) => {
      const { tenant, subject, address, roles, scopes } = caller(request)
      return { tenant, subject, address, roles: [...roles], scopes: [...scopes] }
    },
  )
  app.get(
    '/api/v1/vocabulary',
    {
      config: { access: ['vocabulary'] },
      schema: {
        summary: 'Labels and protections for a sender',
        operationId: 'getVocabulary',
        tags: ['identity'],
        querystring: z.object({
          sender: Address.optional().describe('Default: the own address.'),
          language: z.enum(['de', 'en']).optional().describe('Default: by Accept-Language.'),
        }),
        response: { 200: Vocabulary },
      },
    },
    async (request) => {
      const identity = caller(request)
      const sender = request.query.sender ?? identity.address
      if (sender && !maySendAs(identity, sender)) throw new Fault('sender-not-allowed', sender)
      return services.vocabulary(identity.tenant, sender, request.query.language ?? languageOf(request))
    },
  )
}
