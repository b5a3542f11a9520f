/** The only place where ports meet adapters. Read it as a parts list: what the house is made of, from the ground up. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Draft } from '../shared/contract/index.ts'
import { type MessageId, type TenantId, tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import { writtenRecipients } from '../shared/words/given-numbers.ts'
import { edgeSettings, internalUrls, rollOutTenants, smsGateway, standardLog } from './compose-settings.ts'
import type { Config } from './config.ts'
import { DEMO } from './demo/tenant.ts'
import { openEdge } from './edge/edge.ts'
import { systemClients } from './http/clients.ts'
import { defaultLimits } from './http/config.ts'
import type { HttpServices } from './http/services.ts'
import { vocabularyOf } from './http/vocabulary.ts'
import { createAuthenticator } from './journey/authenticate/authenticate.ts'
import { holdDead, tellLost } from './journey/dead.ts'
import { retryDelay, SMTP_SCHEDULE } from './journey/deliver/backoff.ts'
import { createDelivery } from './journey/deliver/deliver.ts'
import { createTurns } from './journey/inbound/turns.ts'
import { type Acceptor, createAcceptor, createRecorder } from './journey/ingress/accept.ts'
import { recover } from './journey/ingress/recover.ts'
import type { SmtpIngress } from './journey/ingress/smtp.ts'
import { createProcess } from './journey/journey.ts'
import { laneLimit } from './journey/lane-limit.ts'
import { createDesk } from './journey/operate/desk.ts'
import { measureQueue } from './journey/operate/measure.ts'
import { createOutside } from './journey/outside.ts'
import { preview, simulateDraft, type UnsentMail } from './journey/preview.ts'
import { createSealedSending } from './journey/send-sealed.ts'
import { simulateMail } from './journey/simulate.ts'
import type { TenantProfile } from './journey/tenant.ts'
import { createTidy, type Tidy } from './journey/tidy.ts'
import { openFile } from './journey/transform/filelink/store-files.ts'
import type { Tools } from './journey/transform/mail.ts'
import { pgpKeyState } from './journey/transform/openpgp/index.ts'
import { documentOptions } from './journey/transform/pdf/options.ts'
import { createDocumentRenderer } from './journey/transform/pdf/renderer.ts'
import { createWorkers, type Workers } from './journey/worker.ts'
import { createKeyDesk } from './keys/desk.ts'
import { createKeyring } from './keys/keyring.ts'
import { Revocations } from './keys/revocations.ts'
import { answeredClasses } from './people/answered.ts'
import { importPeople } from './people/import.ts'
import { signIn } from './people/sign-in.ts'
import { stampReader } from './people/stamp-reader.ts'
import { createVerdictSigner } from './people/verdict-signer.ts'
import { withRows } from './platform/blobs/in-rows.ts'
import { openBlobs } from './platform/blobs/open.ts'
import { recentBlobs } from './platform/blobs/recent.ts'
import { systemClock } from './platform/clock.ts'
import { crlSource } from './platform/crl-http.ts'
import { openStore } from './platform/database/open.ts'
import { storeDirectory } from './platform/directory.ts'
import { createResolver } from './platform/dns/resolver.ts'
import { messageId, uuidv7 } from './platform/ids.ts'
import { listReader } from './platform/lists/reader.ts'
import { createMetrics } from './platform/metrics.ts'
import { deriveKey, tenantSecrets } from './platform/secrets.ts'
import { createTlsReporter, type TlsReporter } from './platform/smtp/tls-reporter.ts'
import { createWebhooks } from './platform/webhook.ts'
import { collectYoung } from './platform/young.ts'
import { PolicyLists } from './policies/lists.ts'
import { followApplied, loadPolicies, reloadPolicies } from './policies/load.ts'
import { offlinePolicies } from './policies/offline.ts'
import { PolicyRegistry } from './policies/registry.ts'
import { createRollOut } from './policies/roll-out.ts'
import { openPortalMessage } from './portal/open-message.ts'
import type { Log } from './ports/log.ts'
import type { Store } from './ports/store.ts'
import { foreignIssuersOf, listAccessOf, profileOf } from './profile.ts'

export interface House {
  readonly log: Log
  readonly store: Store
  readonly acceptor: Acceptor
  readonly services: HttpServices
  readonly workers: Workers
  readonly tidy: Tidy
  /** Reports on TLS to the domains that ask for them; null where nobody is named to send them. */
  readonly tlsReports: TlsReporter | null
  readonly policies: PolicyRegistry
  /** Reads the policy directories again; one with an error changes nothing and is logged. */
  reloadPolicies(): Promise<void>
  /** Puts in force what another process applied. */
  catchUpPolicies(): Promise<void>
  readonly smtp: SmtpIngress
  close(): Promise<void>
}

/** Bytes of mail whose containers are in memory at the same time; a larger one is alone. */
const OPENED_AT_ONCE = 32 * 1024 * 1024

/**
 * `failed`: a part died without which nothing can be received or sent; the process has to be started again. Whatever was
 * opened is closed again when the house does not come about: a connection would keep a process alive that does nothing.
 */
export async function openHouse(
  config: Config,
  { log = standardLog(config), failed = () => {} }: { log?: Log; failed?: (error: Error) => void } = {},
): Promise<House> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const store = await openStore(config.database, { clock: systemClock, log })
  const stopCollecting = collectYoung()
  try {
    return await furnish(config, store, { log, failed, stopCollecting })
  } catch (error) {
    stopCollecting()
    await store.close()
    throw error
  }
}

async function furnish(
  config: Config,
  store: Store,
  { log, failed, stopCollecting }: { log: Log; failed: (error: Error) => void; stopCollecting: () => void },
): Promise<House> {
  const clock = systemClock
  const newId = () => uuidv7(clock.now())
  const metrics = createMetrics()
  const secrets = tenantSecrets(config.secrets.master)
  const blobs = recentBlobs(withRows(await openBlobs(config.blobs), store), {
    dropped: (ticket) => edge.giveBack(ticket),
  })
  const directory = storeDirectory(store)
  const revocations = new Revocations(
    { store, clock, log },
    config.tenants.map(({ id, revocation: { fetch, hosts, required } }) => ({
      id: tenantId(id),
      required,
      source: fetch ? crlSource(hosts) : null,
    })),
  )
  const keyring = createKeyring(
    (tenant) => store.tenant(tenant).read,
    secrets,
    { state: pgpKeyState },
    {
      postQuantum: (id) => tenant(id).smime?.postQuantum ?? false,
      lists: (id) => revocations.of(id),
    },
  )
  const documents = createDocumentRenderer(documentOptions(config.documents))
  const internal = internalUrls(config)
  const webhooks = createWebhooks({ allowPrivate: (url) => internal.has(url) })

  const profiles = new Map<string, TenantProfile>(
    config.tenants.map((tenant) => [tenant.id, profileOf(tenant, config)]),
  )
  const tenant = (id: string): TenantProfile => {
    const profile = profiles.get(id)
    if (!profile) throw new Fault('config-missing', `tenant ${id}`)
    return profile
  }

  const policies = new PolicyRegistry()
  const policyTenants = rollOutTenants(config)
  const policyParts = { registry: policies, store, log, clock }
  const rollOut = createRollOut(policyParts, policyTenants)
  await loadPolicies(policyParts, policyTenants)
  const readers = new Map(config.tenants.map(({ id, lists }) => [id, listReader(listAccessOf(lists))] as const))
  const policyLists = new PolicyLists(
    { registry: policies, clock, log, reader: (id) => readers.get(id)! },
    policyTenants.map(({ id }) => id),
  )
  void policyLists.look()
  const followPolicies = followApplied(policyParts, policyTenants)
  const policyReady = (id: TenantId) => policies.ready(id)
  for (const { id, people } of config.tenants)
    if (people !== null) await importPeople(store.tenant(tenantId(id)), people, { secrets, now: clock.now() })

  for (const { id } of config.tenants) await revocations.reload(tenantId(id))

  const knowledge = { directory, keyring, stamps: stampReader(secrets), answered: answeredClasses(store) }
  const tools: Tools = { blobs, secrets, keyring, directory, documents, clock, newId }
  const acceptLimits = {
    messageBytes: config.smtp.maxSize,
    recipients: config.smtp.maxRecipients,
    reserveBytes: config.blobs.reserve,
  }
  const foreignIntent = (id: string) => tenant(id).foreignIntent
  const acceptor = createAcceptor({
    store,
    blobs,
    clock,
    ids: () => messageId(clock.now()),
    name: config.smtp.hostname,
    log,
    metrics,
    limits: acceptLimits,
    foreignIntent,
  })
  const record = createRecorder({ store, clock, log, metrics, foreignIntent })
  const edge = openEdge(edgeSettings(config, acceptLimits), {
    async record(received) {
      const { tenant, id, bytes, ticket } = received
      if (bytes) blobs.keep(tenant, 'spool', id, { bytes, ticket })
      await record(received)
    },
    async taken({ tenant, kind, blob }) {
      if (kind !== 'spool') return null
      const held = blobs.take(tenant, kind, blob)
      if (held) return held
      // The edge reads files; what stands in a row has to be brought to it.
      const bytes = await store.tenant(tenant).read.content(blob as MessageId)
      return bytes && { bytes, ticket: 0, fromDisk: true }
    },
    authenticate: signIn(config.tenants, store),
    policyReady,
    log,
    metrics,
    failed,
  })
  const { transport } = edge
  const smsOf = new Map(config.tenants.flatMap(({ id, sms }) => (sms ? [[id, smsGateway(sms)] as const] : [])))
  const outside = createOutside({
    store,
    blobs,
    secrets,
    webhooks,
    transport,
    clock,
    tenant,
    sms(id) {
      const gateway = smsOf.get(id)
      if (!gateway) throw new Fault('config-missing', `an SMS service for tenant ${id}`)
      return gateway
    },
  })
  const tenants = config.tenants.map(({ id }) => tenantId(id))
  const tidy = createTidy({
    store,
    blobs,
    tenants,
    clock,
    inputsKept: config.policyReplay.days * 86_400_000,
    log,
    metrics,
  })
  const workers = createWorkers({
    store,
    onDead: holdDead({ clock, secrets, tenant }),
    laneLimit: (lane) => laneLimit(profiles.get(lane.tenant) ?? null, lane),
    clock,
    log,
    metrics,
    handlers: {
      ...outside,
      process: createProcess({
        store,
        blobs,
        knowledge,
        tools,
        log,
        metrics,
        verdicts: createVerdictSigner(secrets),
        turns: createTurns(OPENED_AT_ONCE),
        authenticate: createAuthenticator({ resolver: createResolver(config.dns), name: config.smtp.hostname }),
        name: config.smtp.hostname,
        tenant,
        policy: (profile) => policies.active(profile.id),
        keepInputs: config.policyReplay.days > 0,
        retryAt: (attempt, now) => now + retryDelay(attempt),
        letGo: (id, blob) => blobs.letGo(id, 'spool', blob),
      }),
      deliver: createDelivery({
        store,
        blobs,
        transport,
        clock,
        log,
        metrics,
        tenant,
        settled: tidy.settled,
        newId,
        name: config.smtp.hostname,
        warnAfter: config.delivery.warnAfter,
        schedule: { ...SMTP_SCHEDULE, giveUpAfter: config.delivery.giveUpAfter },
      }),
    },
  })

  const sealed = createSealedSending({ store, secrets, clock })
  const measure = measureQueue({ store, tenants, lanes: () => workers.lanes(), clock, metrics, log })

  const services: HttpServices = {
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
      policies.active(submission.tenant)
      return acceptor.accept(submission)
    },
    async preview(id, draft, isAsker) {
      const profile = tenant(id)
      const known = { ...knowledge, answered: answeredClasses(store, isAsker) }
      return preview(unsent(draft), profile, policies.active(profile.id), known)
    },
    async simulate(id, mail) {
      const profile = tenant(id)
      const policy = policies.active(profile.id)
      if ('draft' in mail) return simulateDraft(unsent(mail.draft), profile, policy, knowledge)
      return simulateMail({ ...mail, now: clock.now() }, profile, policy, knowledge)
    },
    policies: rollOut,
    offlinePolicy: offlinePolicies(
      { registry: policies, store, secrets },
      config.tenants.map(({ id, policyDir, domains, offlinePreview }) => ({
        id: tenantId(id),
        policyDir,
        domains,
        offered: offlinePreview,
      })),
    ),
    vocabulary: async (id, _sender, language) => vocabularyOf(policies.active(id), language),
    authenticate: systemClients(config.tenants),
    async ready() {
      const free = await blobs.free()
      const checks = {
        policies: config.tenants.every(({ id }) => policyReady(tenantId(id))),
        disk: free === null || free > config.blobs.reserve,
        database: await store.queue.counts().then(
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

  /** Each node reports what it saw itself. The mails are the contact's tenant's. */
  function tlsReporterOf(): TlsReporter | null {
    const { tlsReports: contact } = config.delivery
    const sender = config.tenants.find(({ domains }) => domains.includes(contact?.split('@')[1]?.toLowerCase() ?? ''))
    if (contact === undefined || !sender) return null
    return createTlsReporter({
      reporter: { organisation: sender.name, contact, name: config.smtp.hostname },
      directory: join(config.dataDir, 'tls', 'tls-rpt'),
      resolver: createResolver(config.dns),
      async enqueue({ to, key, message }) {
        await sealed.mail(tenantId(sender.id), { to, key, message: message.toString('base64') })
      },
      log,
    })
  }

  for (const { id } of config.tenants) {
    const told = tellLost({ clock, secrets, tenant }, tenantId(id))
    await recover(tenantId(id), { store, blobs, clock, log, metrics, tellLost: told })
  }

  return {
    log,
    store,
    acceptor,
    services,
    workers,
    tidy,
    tlsReports: tlsReporterOf(),
    policies,
    reloadPolicies: () => reloadPolicies(policyParts, policyTenants),
    async catchUpPolicies() {
      await followPolicies()
      // Not waited for: a source that is slow must not keep a new policy back.
      void policyLists.look()
      void revocations.look()
    },
    smtp: edge.smtp,
    async close() {
      await transport.close()
      await edge.close()
      await documents.close()
      await store.close()
      stopCollecting()
    },
  }
}
