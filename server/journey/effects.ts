import type { Decision, JobSpec, MessageId, OnceStep } from '../../shared/domain/index.ts'
import type { DeliverPayload } from './deliver/payload.ts'
import { lanesOf } from './route-of.ts'
import type { TenantProfile } from './tenant.ts'
import type { RenderedCopy } from './transform/mail.ts'

/** Payloads of the jobs that act outside. Secrets (`sealed`) are under the tenant's key; see `keys/seal.ts`. */
export interface SmsPayload {
  /** Whose message it is, for the audit. */
  readonly recipient: string
  /** JSON of `{ to, text }`, sealed. */
  readonly sealed: string
  /** When the password in it was made that its recipient is to keep, epoch ms. */
  readonly keptSince?: number
}

/** Begins the step of an SMS that carries the password of a recipient's PDF. */
export const PASSWORD_STEP = 'password:'

/** A one-time code, or word of a dead job to the sender: sent straight from the job, no copy is left behind. */
export interface MailPayload {
  /** JSON of `{ to, subject, text, html? }`, or of `{ to, message }` with a whole mail in base64; sealed. */
  readonly sealed: string
}

export interface WebhookPayload {
  readonly webhook: string
  readonly event: Readonly<Record<string, unknown>>
}

export interface ApiPayload {
  readonly endpoint: string
  readonly copy: string
}

/** The mail as it came in, or one copy as it left. */
export type ArchivePayload =
  | { readonly store: string; readonly form: 'plain' }
  | { readonly store: string; readonly form: 'as-sent'; readonly copy: string }

/** What a message's jobs share. */
interface Common {
  readonly message: MessageId
  readonly runAt: number
}

/** Delivery of one copy: a job for each next hop. Raises nothing: a route that is not there is for the job to say. */
export function deliverJobs(
  tenant: Pick<TenantProfile, 'routes' | 'routeByDomain'>,
  copy: { readonly id: string; readonly route: string },
  recipients: readonly string[],
  step: string,
  common: Common,
): JobSpec[] {
  return lanesOf(tenant, copy.route, recipients).map((leg): JobSpec => {
    const payload: DeliverPayload = { copyId: copy.id, recipients: leg.recipients }
    return { ...common, queue: 'deliver', lane: leg.lane, step, payload }
  })
}

/** Jobs of one rendered copy: its delivery and the API hand-overs. */
export function copyJobs(
  tenant: Pick<TenantProfile, 'routes' | 'routeByDomain'>,
  copy: RenderedCopy,
  common: Common,
): JobSpec[] {
  const addresses = copy.recipients.map(({ address }) => address)
  return [
    ...deliverJobs(tenant, copy, addresses, copy.id, common),
    ...copy.apis.map(
      (endpoint): JobSpec => ({
        ...common,
        queue: 'api',
        lane: endpoint,
        step: copy.id,
        payload: { endpoint, copy: copy.id } satisfies ApiPayload,
      }),
    ),
  ]
}

/**
 * Jobs that a message causes once, whatever the number of recipients. Their step names do not change between evaluations,
 * so a message that is evaluated again (a deferral, a release) does not raise its incident twice.
 */
export function onceJobs(
  decision: Decision,
  tenant: Pick<TenantProfile, 'archives' | 'routes' | 'routeByDomain'>,
  about: { readonly tenant: string; readonly sender: string; readonly subject: string; readonly acceptedAt: number },
  copies: readonly RenderedCopy[],
  common: Common,
): JobSpec[] {
  const jobsOf = (step: OnceStep): JobSpec[] => {
    switch (step.do) {
      case 'incident': {
        const event = {
          type: 'secflow.incident',
          tenant: about.tenant,
          message: common.message,
          time: new Date(about.acceptedAt).toISOString(),
          category: step.category,
          severity: step.severity,
          ...(step.text === undefined ? {} : { text: step.text }),
          ...(step.reportWithin === undefined
            ? {}
            : { reportBy: new Date(about.acceptedAt + step.reportWithin * 1000).toISOString() }),
          rules: step.rules,
          sender: about.sender,
          subject: about.subject,
          recipients: decision.recipients.map(({ address, outcome, method }) => ({ address, outcome, method })),
        }
        const payload: WebhookPayload = { webhook: step.webhook, event }
        return [{ ...common, queue: 'webhook', lane: step.webhook, step: `incident:${step.category}`, payload }]
      }
      case 'archive': {
        // A store that is a mailbox gets a copy by SMTP instead (transform/blind-copy.ts).
        if (tenant.archives[step.store]?.kind === 'smtp') return []
        const { store, form } = step
        const job = { ...common, queue: 'archive', lane: store } as const
        if (form === 'plain') {
          const payload: ArchivePayload = { store, form }
          return [{ ...job, step: 'archive:plain', payload }]
        }
        // One a copy: whoever is evaluated later has a copy of his own, which the archive must get as well.
        return copies.map(({ id }): JobSpec => {
          const payload: ArchivePayload = { store, form, copy: id }
          return { ...job, step: `archive:${id}`, payload }
        })
      }
      case 'bcc':
        if (step.form === 'plain') return []
        return copies.flatMap((copy) => deliverJobs(tenant, copy, step.to, `bcc:${copy.id}`, common))
      // Both are mails of their own (notices.ts, transform/blind-copy.ts).
      case 'deliverTo':
      case 'notify':
        return []
    }
  }
  return decision.once.flatMap(jobsOf)
}
