import { createHash } from 'node:crypto'
import type { Job, TenantId } from '../../shared/domain/index.ts'
import { Fault, toFault } from '../../shared/fault/index.ts'
import { domainOf, lookupAddress } from '../../shared/words/address.ts'
import { writeEntity } from '../mime/write.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { bytesOf, gathered } from '../ports/bytes.ts'
import type { Clock } from '../ports/clock.ts'
import type { SmsGateway, WebhookClient } from '../ports/outside.ts'
import type { TenantSecrets } from '../ports/secrets.ts'
import type { Store } from '../ports/store.ts'
import type { MailTransport } from '../ports/transport.ts'
import { copyContent } from './copy-content.ts'
import type { ApiPayload, ArchivePayload, MailPayload, SmsPayload, WebhookPayload } from './effects.ts'
import { streamIntact } from './intact.ts'
import { gatewayMail } from './notices.ts'
import { routeOf } from './route-of.ts'
import { signWhole } from './seal/sign-whole.ts'
import { openPayload } from './sealed-payload.ts'
import { isOwnDomain, type TenantProfile } from './tenant.ts'

export interface OutsideParts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly secrets: TenantSecrets
  readonly webhooks: WebhookClient
  readonly transport: MailTransport
  readonly clock: Clock
  tenant(id: string): TenantProfile
  /** Raises `config-missing` for a tenant without an SMS service. */
  sms(tenant: TenantId): SmsGateway
}

type Handler = (job: Job) => Promise<void>

/**
 * Handlers of the jobs that act outside. Each acts once, then ends the job together with its audit line; a fault that may
 * pass is left to the worker, which tries again. A repeated call carries the same id, so the other side can drop it.
 */
export function createOutside(
  parts: OutsideParts,
): Readonly<Record<'sms' | 'mail' | 'webhook' | 'api' | 'archive', Handler>> {
  const done = async (job: Job, tenant: TenantProfile, type: string, detail: Record<string, unknown>) =>
    parts.store.tenant(tenant.id).write(async (tx) => {
      await tx.appendAudit({ time: parts.clock.now(), type, message: job.message, actor: 'gateway', detail })
      await tx.completeJob(job)
    })

  return {
    async sms(job) {
      const tenant = parts.tenant(job.tenant)
      const { recipient, sealed } = job.payload as SmsPayload
      const { to, text } = openPayload(parts.secrets, tenant.id, sealed) as { to: string; text: string }
      await parts.sms(tenant.id).send({ to, text, key: job.id })
      await done(job, tenant, 'sms.sent', { recipient, to: masked(to), step: job.step })
    },

    async mail(job) {
      const tenant = parts.tenant(job.tenant)
      const content = openPayload(parts.secrets, tenant.id, (job.payload as MailPayload).sealed) as {
        to: string
        subject: string
        text: string
        html?: string
        message?: string
      }
      const route = routeOf(tenant, '', content.to)
      const about = { why: 'code', to: [content.to], id: job.id, time: parts.clock.now() } as const
      const whole =
        content.message === undefined
          ? await gathered(writeEntity(gatewayMail(tenant, { ...content, ...about }).message))
          : Buffer.from(content.message, 'base64')
      const keys = isOwnDomain(tenant, domainOf(lookupAddress(content.to))) ? [] : (tenant.dkim?.keys ?? [])
      const bytes = bytesOf(await signWhole(keys, whole, parts.clock.now()))
      const envelope = {
        mailFrom: '',
        recipients: [{ address: content.to }],
        body: '7BIT',
        smtputf8: false,
        requireTls: false,
      } as const
      const { recipients } = await parts.transport.send(route, envelope, {
        size: bytes.size,
        stream: () => bytes.stream(),
      })
      const [result] = recipients
      if (result?.status === 'temporary') throw new Fault('next-hop-temporary', result.reply)
      if (result?.status !== 'accepted') throw new Fault('next-hop-refused', result?.reply ?? '')
      await done(job, tenant, 'mail.sent', { to: content.to, step: job.step })
    },

    async webhook(job) {
      const tenant = parts.tenant(job.tenant)
      const { webhook, event } = job.payload as WebhookPayload
      const { url, secret } = endpoint(tenant.webhooks, webhook, 'webhook')
      await parts.webhooks.post({ url, secret, id: job.id, time: parts.clock.now(), body: event })
      await done(job, tenant, 'webhook.called', { webhook, step: job.step })
    },

    async api(job) {
      const tenant = parts.tenant(job.tenant)
      const { endpoint: name, copy: copyId } = job.payload as ApiPayload
      const { url, secret } = endpoint(tenant.apis, name, 'API endpoint')
      const copy = await parts.store.tenant(tenant.id).read.copy(copyId)
      const message = copy && (await parts.store.tenant(tenant.id).read.message(copy.message))
      if (!message) throw new Fault('blob-missing', copyId)
      const content = copyContent(parts.blobs, tenant.id, copy, message)
      const hash = createHash('sha256')
      for await (const chunk of content.stream()) hash.update(chunk)
      await parts.webhooks.postMessage({
        url,
        secret,
        id: job.id,
        time: parts.clock.now(),
        sha256: hash.digest('hex'),
        size: content.size,
        content: content.stream(),
      })
      await done(job, tenant, 'api.handed-over', { endpoint: name, copy: copyId })
    },

    async archive(job) {
      const tenant = parts.tenant(job.tenant)
      const payload = job.payload as ArchivePayload
      const { store: name, form } = payload
      const target = tenant.archives[name]
      if (target?.kind !== 'blobs') throw new Fault('config-missing', `archive store ${name}`)
      const store = parts.store.tenant(tenant.id)
      const record = job.message === null ? null : await store.read.message(job.message)
      if (!record) throw new Fault('blob-missing', `message ${job.message}`)
      const retainUntil = record.acceptedAt + target.retentionMs
      const archived =
        payload.form === 'plain' ? await keepSpooled(record.blob, record.id) : await keepCopy(payload.copy)
      await done(job, tenant, 'message.archived', {
        store: name,
        form,
        archived: [archived],
        retainUntil: new Date(retainUntil).toISOString(),
      })

      async function keepCopy(id: string): Promise<{ id: string; sha256?: string }> {
        const copy = await store.read.copy(id)
        if (!copy) throw new Fault('blob-missing', `no copy ${id}`)
        return keep(copyContent(parts.blobs, tenant.id, copy, record!), `${record!.id}-${id}`)
      }

      async function keepSpooled(blob: string, id: string): Promise<{ id: string; sha256?: string }> {
        await using content = await parts.blobs.open(tenant.id, 'spool', blob)
        return await keep({ stream: () => streamIntact(content, record!.digest) }, id)
      }

      async function keep(
        content: { stream(): AsyncIterable<Uint8Array> },
        id: string,
      ): Promise<{ id: string; sha256?: string }> {
        try {
          const { sha256 } = await parts.blobs.put(tenant.id, 'archive', id, content.stream(), { retainUntil })
          return { id, sha256 }
        } catch (error) {
          // There from an earlier try of this job: an archive is written once.
          if (toFault(error).code === 'blob-locked') return { id }
          throw error
        }
      }
    },
  }
}

function endpoint<T>(map: Readonly<Record<string, T>>, name: string, what: string): T {
  const found = map[name]
  if (!found) throw new Fault('config-missing', `${what} ${name}`)
  return found
}

/** Enough of a number to recognise it, for the audit. */
const masked = (phone: string): string => `${phone.slice(0, 4)}…${phone.slice(-2)}`
