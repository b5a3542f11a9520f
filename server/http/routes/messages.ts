import { z } from 'zod'
import { Address, MessagePage, MessageStatus, Recalled, type Scope } from '../../../shared/contract/index.ts'
import type { MessageId, MessageRecord } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { findOwn } from '../find-own.ts'
import { isOwn, statusOf } from '../message-status.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { type HttpServices, type Identity, maySendAs } from '../services.ts'
import { typed } from '../typed.ts'

const ById = z.object({ id: z.uuid() })

/** What became of a mail, and taking it back. The sender sees their own; others need the scope for all of the tenant's. */
export const messageRoutes: Routes = (instance, services) => {
  const app = typed(instance)
  app.get(
    '/api/v1/messages',
    {
      config: { access: ['messages:read'] },
      schema: {
        summary: 'Own mail and what became of it, the newest first',
        description:
          'A page may hold fewer than `limit`, and none, while `next` still leads on: each request looks at a bounded number of mails.',
        operationId: 'findMessages',
        tags: ['mail'],
        querystring: z.object({
          query: z.string().max(200).optional().describe('Stands in the subject or in the address of a recipient.'),
          messageId: z.string().max(1000).optional().describe('Message-ID of the mail (RFC 5322).'),
          sender: Address.optional().describe('One of the own addresses; the own when left out.'),
          cursor: z.uuid().optional().describe('`next` of the page before.'),
          limit: z.coerce.number().int().min(1).max(50).default(20),
        }),
        response: { 200: MessagePage },
      },
    },
    async (request) => {
      const identity = caller(request)
      const sender = request.query.sender ?? identity.address
      if (sender === null) throw new Fault('request-invalid', 'name the sender')
      if (!maySendAs(identity, sender)) throw new Fault('sender-not-allowed', sender)
      const { read } = services.store.tenant(identity.tenant)
      const { found, next } = await findOwn(read, identity, { ...request.query, sender })
      const messages: MessageStatus[] = []
      for (const message of found) messages.push(statusOf(message, await read.recipients(message.id)))
      return { messages, next }
    },
  )
  app.get(
    '/api/v1/messages/:id',
    {
      config: { access: ['messages:read', 'messages:read-all'] },
      schema: {
        summary: 'State and receipt per recipient',
        operationId: 'getMessage',
        tags: ['mail'],
        params: ById,
        response: { 200: MessageStatus },
      },
    },
    async (request) => {
      const identity = caller(request)
      const message = await visible(services, identity, request.params.id, 'messages:read-all')
      const { read } = services.store.tenant(identity.tenant)
      return statusOf(message, await read.recipients(message.id))
    },
  )
  app.post(
    '/api/v1/messages/:id/recall',
    {
      config: { access: ['messages:recall', 'messages:recall-all'] },
      schema: {
        summary: 'Take back links and portal messages',
        description: 'What was delivered into a mailbox stays there; files and portal messages no longer open.',
        operationId: 'recallMessage',
        tags: ['mail'],
        params: ById,
        response: { 200: Recalled },
      },
    },
    async (request) => {
      const identity = caller(request)
      const { id } = await visible(services, identity, request.params.id, 'messages:recall-all')
      const time = services.clock.now()
      const revoked = await services.store.tenant(identity.tenant).write(async (tx) => {
        const count = await tx.revokeGrants(id, time)
        await tx.appendAudit({
          time,
          type: 'message.recalled',
          message: id,
          actor: identity.subject,
          detail: { revoked: count },
        })
        return count
      })
      return { id, revoked }
    },
  )
}

/** The message, if this identity may see it. Another's is `not-found`, so that ids tell nothing. */
async function visible(services: HttpServices, identity: Identity, id: string, all: Scope): Promise<MessageRecord> {
  const message = await services.store.tenant(identity.tenant).read.message(id as MessageId)
  if (!message) throw new Fault('not-found')
  if (!isOwn(message, identity) && !identity.scopes.includes(all)) throw new Fault('not-found')
  return message
}
