import { Readable } from 'node:stream'
import { z } from 'zod'
import { Address } from '../../../shared/contract/index.ts'
import type { MessageId } from '../../../shared/domain/index.ts'
import { Fault, toFault } from '../../../shared/fault/index.ts'
import { sameAddress } from '../../../shared/words/address.ts'
import type { TenantReads } from '../../ports/store.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

const MAIL = z.string().meta({ description: 'A whole mail (RFC 5322).' })

/** Archived mail by id. Not even the sender may fetch it without the scope, and every reading stands in the audit before the first byte leaves. */
export const archiveRoute: Routes = (instance, services) => {
  typed(instance).get(
    '/api/v1/messages/:id/archive',
    {
      config: { access: ['messages:read-all'] },
      exposeHeadRoute: false,
      schema: {
        summary: 'The archived mail',
        description:
          'The mail as it was received, from the archive. Where the policy archives it as sent, name the recipient whose copy you want. ' +
          'Each reading is recorded in the audit.',
        operationId: 'getArchivedMessage',
        tags: ['mail'],
        params: z.object({ id: z.uuid() }),
        querystring: z.object({
          recipient: Address.optional().describe(
            'The copy that went to this recipient, where it was archived as sent.',
          ),
        }),
        response: { 200: { description: 'The mail', content: { 'message/rfc822': { schema: MAIL } } } },
      },
    },
    async (request, reply) => {
      const { tenant, subject } = caller(request)
      const store = services.store.tenant(tenant)
      const message = await store.read.message(request.params.id as MessageId)
      if (!message) throw new Fault('not-found')
      const { recipient } = request.query
      const archive = recipient === undefined ? message.id : await copyInArchive(store.read, message.id, recipient)
      const source = await services.openArchive(tenant, archive).catch((error: unknown) => {
        throw toFault(error).code === 'blob-missing' ? new Fault('not-found', 'not in the archive in this form') : error
      })
      try {
        await store.write((tx) =>
          tx.appendAudit({
            time: services.clock.now(),
            type: 'archive.read',
            message: message.id,
            actor: subject,
            detail: { archive, ...(recipient === undefined ? {} : { recipient }) },
          }),
        )
      } catch (error) {
        await source[Symbol.asyncDispose]()
        throw error
      }
      const content = Readable.from(source.stream(), { objectMode: false, highWaterMark: 262_144 })
      // Also when the client is gone before the first byte was read.
      content.once('close', () => void source[Symbol.asyncDispose]())
      reply.type('message/rfc822').headers({
        'content-length': source.size,
        'content-disposition': `attachment; filename="${message.id}.eml"`,
        'cache-control': 'no-store',
      })
      return reply.send(content as never)
    },
  )
}

/** Archive id of the copy that went to a recipient (journey/outside.ts gives it). */
async function copyInArchive(read: TenantReads, message: MessageId, recipient: string): Promise<string> {
  const row = (await read.recipients(message)).find(({ address }) => sameAddress(address, recipient))
  if (!row?.copy) throw new Fault('not-found', 'this recipient has no copy')
  return `${message}-${row.copy}`
}
