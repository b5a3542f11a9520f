/** Where ports meet adapters, with the `compose-` files beside it. Read it as a parts list: what the house is made of, from the ground up. */
import { mkdirSync } from 'node:fs'
import { type MessageId, tenantId } from '../shared/domain/index.ts'
import { Fault } from '../shared/fault/index.ts'
import { composePolicies } from './compose-policies.ts'
import { httpServices } from './compose-services.ts'
import { edgeSettings, internalUrls, smsGateway, standardLog } from './compose-settings.ts'
import { composeTlsReporter } from './compose-tls-reports.ts'
import type { Config } from './config.ts'
import { openEdge } from './edge/edge.ts'
import type { HttpServices } from './http/services.ts'
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
import { createOutside } from './journey/outside.ts'
import { createSealedSending } from './journey/send-sealed.ts'
import type { TenantProfile } from './journey/tenant.ts'
import { createTidy, type Tidy } from './journey/tidy.ts'
import type { Tools } from './journey/transform/mail.ts'
import { pgpKeyState } from './journey/transform/openpgp/index.ts'
import { documentOptions } from './journey/transform/pdf/options.ts'
import { createDocumentRenderer } from './journey/transform/pdf/renderer.ts'
import { createWorkers, type Workers } from './journey/worker.ts'
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
import { createMetrics } from './platform/metrics.ts'
import { tenantSecrets } from './platform/secrets.ts'
import type { TlsReporter } from './platform/smtp/tls-reporter.ts'
import { createWebhooks } from './platform/webhook.ts'
import { collectYoung } from './platform/young.ts'
import type { PolicyRegistry } from './policies/registry.ts'
import { free } from './ports/bytes.ts'
import type { Log } from './ports/log.ts'
import type { Store } from './ports/store.ts'
import { profileOf } from './profile.ts'

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

  const policies = await composePolicies(config, { store, log, clock })
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
      const kept = bytes === null || blobs.keep(tenant, 'spool', id, { bytes, ticket })
      await record(received)
      if (!kept) free(bytes)
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
    policyReady: policies.ready,
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
        policy: (profile) => policies.registry.active(profile.id),
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
  const services = httpServices(config, {
    store,
    blobs,
    clock,
    newId,
    secrets,
    log,
    metrics,
    acceptor,
    knowledge,
    policies,
    revocations,
    sealed,
    workers,
    tenant,
  })

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
    tlsReports: composeTlsReporter(config, { sealed, log }),
    policies: policies.registry,
    reloadPolicies: policies.reload,
    async catchUpPolicies() {
      await policies.follow()
      // Not waited for: a source that is slow must not keep a new policy back.
      void policies.look()
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
