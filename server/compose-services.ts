/** What the HTTP side asks of the house, answered by its parts. */
import type { Draft } from '../shared/contract/index.ts'
import { tenantId } from '../shared/domain/index.ts'
import { writtenRecipients } from '../shared/words/given-numbers.ts'
import type { Policies } from './compose-policies.ts'
import type { Config } from './config.ts'
import { DEMO } from './demo/tenant.ts'
import { systemClients } from './http/clients.ts'
import { defaultLimits } from './http/config.ts'
import type { HttpServices } from './http/services.ts'
import { vocabularyOf } from './http/vocabulary.ts'
import type { Knowledge } from './journey/evaluate/given.ts'
import type { Acceptor } from './journey/ingress/accept.ts'
import { createDesk } from './journey/operate/desk.ts'
import { measureQueue } from './journey/operate/measure.ts'
import { preview, simulateDraft, type UnsentMail } from './journey/preview.ts'
import type { SealedSending } from './journey/send-sealed.ts'
import { simulateMail } from './journey/simulate.ts'
import type { TenantProfile } from './journey/tenant.ts'
import { openFile } from './journey/transform/filelink/store-files.ts'
import type { Workers } from './journey/worker.ts'
import { createKeyDesk } from './keys/desk.ts'
import type { Revocations } from './keys/revocations.ts'
import { answeredClasses } from './people/answered.ts'
import type { PrometheusMetrics } from './platform/metrics.ts'
import { deriveKey } from './platform/secrets.ts'
import { offlinePolicies } from './policies/offline.ts'
import { openPortalMessage } from './portal/open-message.ts'
import type { BlobStore } from './ports/blobs.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { TenantSecrets } from './ports/secrets.ts'
import type { Store } from './ports/store.ts'
import { foreignIssuersOf } from './profile.ts'

/** The parts that answer. */
export interface ServiceParts {
  readonly store: Store
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly newId: () => string
  readonly secrets: TenantSecrets
  readonly log: Log
  readonly metrics: PrometheusMetrics
  readonly acceptor: Acceptor
  readonly knowledge: Knowledge
  readonly policies: Policies
  readonly revocations: Revocations
  readonly sealed: SealedSending
  readonly workers: Workers
  /** Raises `config-missing` for a tenant that there is not. */
  readonly tenant: (id: string) => TenantProfile
}

export function httpServices(config: Config, parts: ServiceParts): HttpServices {
  const { store, blobs, clock, newId, secrets, log, metrics, knowledge, policies, sealed, workers, tenant } = parts
  const { acceptor, revocations } = parts
  const { registry } = policies
  const tenants = config.tenants.map(({ id }) => tenantId(id))
  const measure = measureQueue({ store, tenants, lanes: () => workers.lanes(), clock, metrics, log })

  return {
    config: {
      publicUrl: config.http.publicUrl,
      trustProxy: config.http.trustProxy,
      tokenSeed: deriveKey(config.secrets.master, 'http/access-token'),
      issuers: config.tenants.flatMap(foreignIssuersOf),
      limits: { ...defaultLimits, message: config.smtp.maxSize },
      addin: config.addin,
      ...(config.demo ? { demo: DEMO } : {}),
    },
    store,
    clock,
    secrets,
    log,
    metrics,
    async accept(submission) {
      // As at SMTP time: nobody is told 202 while there is no policy to decide by (`policy-none`).
      registry.active(submission.tenant)
      return acceptor.accept(submission)
    },
    async preview(id, draft, isAsker) {
      const profile = tenant(id)
      const known = { ...knowledge, answered: answeredClasses(store, isAsker) }
      return preview(unsent(draft), profile, registry.active(profile.id), known)
    },
    async simulate(id, mail) {
      const profile = tenant(id)
      const policy = registry.active(profile.id)
      if ('draft' in mail) return simulateDraft(unsent(mail.draft), profile, policy, knowledge)
      return simulateMail({ ...mail, now: clock.now() }, profile, policy, knowledge)
    },
    policies: policies.rollOut,
    offlinePolicy: offlinePolicies(
      { registry, store, secrets },
      config.tenants.map(({ id, policyDir, domains, offlinePreview }) => ({
        id: tenantId(id),
        policyDir,
        domains,
        offered: offlinePreview,
      })),
    ),
    vocabulary: async (id, _sender, language) => vocabularyOf(registry.active(id), language),
    authenticate: systemClients(config.tenants),
    async ready() {
      const free = await blobs.free()
      const checks = {
        policies: config.tenants.every(({ id }) => policies.ready(tenantId(id))),
        disk: free === null || free > config.blobs.reserve,
        database: await store.queue.available().then(
          () => true,
          () => false,
        ),
      }
      return { ready: Object.values(checks).every(Boolean), checks }
    },
    async exposition() {
      await measure()
      return metrics.exposition()
    },
    desk: createDesk({ store, blobs, clock, newId, uuid: newId, name: config.smtp.hostname, tenant }),
    keyDesk: createKeyDesk({ store, clock, reload: (id) => revocations.reload(id) }),
    lanes: () => workers.lanes(),
    openArchive: (id, archive) => blobs.open(id, 'archive', archive),
    openFile: (id, file) => openFile({ blobs, secrets, tenant: id }, file),
    openPortalMessage: (id, grant) => openPortalMessage({ blobs, secrets }, id, grant),
    sendMail: sealed.mail,
    sendSms: sealed.sms,
  }

  function unsent(draft: Draft): UnsentMail {
    return { ...draft, recipients: writtenRecipients(draft.recipients), now: clock.now() }
  }
}
