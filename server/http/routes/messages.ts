import { z } from 'zod'
import { MessageStatus, Recalled, type Scope } from '../../../shared/contract/index.ts'
import type { MessageId, MessageRecord, RecipientRecord } from '../../../shared/domain/index.ts'
import { Fault } from '../../../shared/fault/index.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { type HttpServices, type Identity, maySendAs } from '../services.ts'
import { typed } from '../typed.ts'

const ById = z.object({ id: z.uuid() })

/** What became of a mail, and taking it back. The sender sees their own; others need the scope for all of the tenant's. */
export const messageRoutes: Routes = (instance, services) => {
  const app = typed(instance)
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
  const { envelope, origin } = message
  const own =
    // A stranger who writes as ours sends nothing of ours.
    (origin.authenticated !== 'none' && envelope.mailFrom !== '' && maySendAs(identity, envelope.mailFrom)) ||
    (origin.channel === 'api' && origin.identity === identity.subject)
  if (!own && !identity.scopes.includes(all)) throw new Fault('not-found')
  return message
}

function statusOf(message: MessageRecord, recipients: readonly RecipientRecord[]): MessageStatus {
  return {
    id: message.id,
    state: message.state,
    from: message.envelope.mailFrom,
    subject: message.subject,
    size: message.size,
    acceptedAt: iso(message.acceptedAt),
    decisionId: message.decision?.decisionId ?? null,
    revision: message.decision?.revision ?? null,
    recipients: recipients.map(({ address, state, detail, updatedAt, receipt }) => ({
      address,
      state,
      detail,
      updatedAt: iso(updatedAt),
      receipt: receipt && {
        method: receipt.method,
        layers: [...receipt.layers],
        rules: [...receipt.rules],
        links: receipt.links.map((link) => ({ ...link, expiresAt: iso(link.expiresAt) })),
      },
    })),
  }
}

const iso = (time: number) => new Date(time).toISOString()
