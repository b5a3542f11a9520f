import {
  ImportRevocationList,
  RenewedPassword,
  RenewPassword,
  RevocationList,
  RevocationLists,
} from '../../../shared/contract/index.ts'
import type { CrlView } from '../../keys/desk.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

const tags = ['keys']
/** Base64 of the largest list in PEM, and the rest of its request. */
const LARGEST_LIST = 17 * 1024 * 1024

/** Keys of a tenant in the hand of its operator. */
export const keyRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  const { keyDesk } = services
  app.post(
    '/api/v1/keys/passwords/renew',
    {
      config: { access: ['passwords:renew'] },
      schema: {
        summary: 'Renew the standing PDF password of a correspondent',
        description: 'The next mail makes a new one and sends it. Documents that were sent keep the old one.',
        operationId: 'renewPassword',
        tags,
        body: RenewPassword,
        response: { 200: RenewedPassword },
      },
    },
    async (request) => {
      const { tenant, subject } = caller(request)
      const { address, reason } = request.body
      return keyDesk.renewPassword(tenant, address, { subject, reason })
    },
  )
  app.get(
    '/api/v1/keys/crls',
    {
      config: { access: ['keys:read'] },
      schema: {
        summary: 'Revocation lists of authorities',
        operationId: 'listRevocationLists',
        tags,
        response: { 200: RevocationLists },
      },
    },
    async (request) => ({ lists: (await keyDesk.crls(caller(request).tenant)).map(shown) }),
  )
  app.post(
    '/api/v1/keys/crls',
    {
      config: { access: ['keys:write'] },
      bodyLimit: LARGEST_LIST,
      schema: {
        summary: 'Import a revocation list',
        description: 'It takes the place of an older one. An authority that is stored must have signed it.',
        operationId: 'importRevocationList',
        tags,
        body: ImportRevocationList,
        response: { 200: RevocationList },
      },
    },
    async (request) => {
      const { tenant, subject } = caller(request)
      const { list, reason } = request.body
      return shown(await keyDesk.importCrl(tenant, Buffer.from(list, 'base64'), { subject, reason }))
    },
  )
}

const shown = ({ thisUpdate, nextUpdate, ...view }: CrlView): RevocationList => ({
  ...view,
  thisUpdate: new Date(thisUpdate).toISOString(),
  nextUpdate: new Date(nextUpdate).toISOString(),
})
