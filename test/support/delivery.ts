/** One delivery with a real transport and next hop over a store and blobs in memory. */
import { afterEach } from 'vitest'
import { createDelivery, type DeliveryDeps } from '../../server/journey/deliver/deliver.ts'
import { messageId, uuidv7 } from '../../server/platform/ids.ts'
import { createSmtpTransport } from '../../server/platform/smtp/transport.ts'
import { noMetrics, silentLog } from '../../server/ports/log.ts'
import type { Route } from '../../server/ports/transport.ts'
import { type Envelope, type EnvelopeRecipient, type Job, type MessageId, tenantId } from '../../shared/domain/index.ts'
import { claimDue } from './claim.ts'
import { memoryBlobs } from './memory-blobs.ts'
import { memoryStore } from './memory-store.ts'
import { type Script, startSmtpServer } from './smtp-server.ts'

export const tenant = tenantId('acme')
const SPOOL =
  'Received: from x by y; now\r\nSubject: Offer\r\nX-Secflow-Classification: secret\r\nX-Secflow-Protection: pdf;\r\n\tsms="+4915112345678"\r\nBcc: hidden@p.example\r\nMessage-ID: <m1@acme.example>\r\n\r\nThe original body\r\n'
export const COPY = 'Subject: Offer\r\n\r\nprotected\r\n'

export const SCHEDULE = { pauses: [1_000, 5_000], further: 10_000, giveUpAfter: 60_000, jitter: 0 }

/** What a test works with. */
export type Delivery = Awaited<ReturnType<ReturnType<typeof deliveries>>>

/** Makes deliveries for the tests of this file, and ends after each what it made. */
export function deliveries() {
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  /** A delivery over a next hop that follows `script`, with one message of three recipients whose copy is due. */
  return async function setup(
    script: Script = {},
    settings: {
      recipients?: EnvelopeRecipient[]
      envelope?: Partial<Envelope>
      copy?: { mailFrom?: string; recipients?: string[]; owned?: boolean }
      deps?: Partial<DeliveryDeps>
    } = {},
  ) {
    const server = await startSmtpServer(script)
    const transport = createSmtpTransport({
      name: 'gw.acme.example',
      log: silentLog,
      timeouts: { connectMs: 500, greetingMs: 500, commandMs: 500, dataEndMs: 500 },
    })
    closers.push(server.close, transport.close)
    let now = Date.UTC(2026, 10, 23)
    const store = memoryStore(() => now)
    const blobs = memoryBlobs()
    const route: Route = { name: '', host: '127.0.0.1', port: server.port, tls: 'none', connections: 2 }
    const deps: DeliveryDeps = {
      store,
      blobs,
      transport,
      tenant: () => ({ domains: ['acme.example'], language: 'de', routes: { '': route } }),
      newId: () => uuidv7(now),
      name: 'gw.acme.example',
      clock: { now: () => now },
      log: silentLog,
      metrics: noMetrics,
      schedule: SCHEDULE,
      warnAfter: 5_000,
      ...settings.deps,
    }
    const deliver = createDelivery(deps)
    const recipients = settings.recipients ?? [
      { address: 'a@p.example' },
      { address: 'b@p.example' },
      { address: 'c@p.example' },
    ]
    const id = messageId(now)
    const addresses = settings.copy?.recipients ?? recipients.map(({ address }) => address)
    const put = (kind: 'spool' | 'copy', name: string, text: string) =>
      blobs.put(
        tenant,
        kind,
        name,
        (async function* () {
          yield Buffer.from(text)
        })(),
      )
    await put('spool', id, SPOOL)
    await put('copy', 'copy-1', COPY)
    await store.tenant(tenant).write(async (tx) => {
      await tx.insertMessage(
        {
          id,
          state: 'planned',
          envelope: {
            mailFrom: 'ann@acme.example',
            recipients,
            body: '7BIT',
            smtputf8: false,
            requireTls: false,
            ...settings.envelope,
          },
          origin: {
            channel: 'smtp',
            authenticated: 'auth',
            identity: 'ann',
            peer: '192.0.2.1',
            helo: 'laptop',
            tls: null,
          },
          blob: id,
          size: SPOOL.length,
          digest: '',
          rfcMessageId: 'm1@acme.example',
          subject: 'Offer',
          acceptedAt: now,
          decision: null,
        },
        recipients.map(({ address }) => address),
      )
      await tx.insertCopy({
        id: 'copy-1',
        message: id,
        recipients: addresses,
        steps: [],
        blob: 'copy-1',
        head: null,
        bodyStart: null,
        size: COPY.length,
        route: '',
        mailFrom: settings.copy?.mailFrom ?? 'ann@acme.example',
        createdAt: now,
      })
      if (settings.copy?.owned !== false)
        for (const address of addresses) await tx.updateRecipient(id, address, { copy: 'copy-1', at: now })
      await tx.enqueue([
        {
          queue: 'deliver',
          message: id,
          lane: '',
          step: 'copy-1',
          payload: { copyId: 'copy-1', recipients: addresses },
          runAt: now,
        },
      ])
    })
    return {
      server,
      store,
      blobs,
      deliver,
      id,
      advance: (ms: number) => {
        now += ms
      },
      claim: async () => (await claimDue(store.queue, ['deliver'], 9, 30_000)) as [Job, ...Job[]],
      /** Runs what is due, once each. */
      async round() {
        const jobs = await claimDue(store.queue, ['deliver'], 9, 30_000)
        for (const job of jobs) await deliver(job, new AbortController().signal)
        return jobs.length
      },
      states: async () =>
        Object.fromEntries(
          (await store.tenant(tenant).read.recipients(id as MessageId)).map((r) => [r.address[0], r.state]),
        ),
      audit: async () =>
        (await store.tenant(tenant).read.audit({ limit: 99 })).map((event) =>
          `${event.type} ${String(event.detail.recipient ?? event.detail.to ?? '')}`.trim(),
        ),
      reports: () => server.received.filter(({ mail }) => mail.startsWith('MAIL FROM:<>')),
    }
  }
}

/** Answers at RCPT by the first letter of the address. */
export const answerTo =
  (answers: Record<string, string>): Script['answer'] =>
  (_line, { recipient }) =>
    recipient?.endsWith('@p.example') ? answers[recipient[0]!] : undefined
