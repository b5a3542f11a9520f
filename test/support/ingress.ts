import { createAcceptor } from '../../server/journey/ingress/accept.ts'
import type { AcceptLimits } from '../../server/journey/ingress/receive.ts'
import type { SessionPolicy } from '../../server/journey/ingress/session-policy.ts'
import { createSmtpIngress, type SmtpIngress, type SmtpIngressOptions } from '../../server/journey/ingress/smtp.ts'
import { messageId } from '../../server/platform/ids.ts'
import type { Log, Metrics } from '../../server/ports/log.ts'
import { type MessageRecord, tenantId } from '../../shared/domain/index.ts'
import { selfSigned } from './certificate.ts'
import { memoryBlobs } from './memory-blobs.ts'
import { memoryStore } from './memory-store.ts'
import { type SmtpClient, smtpClient } from './smtp-client.ts'

/** The SMTP ingress on a real socket, over a store and blobs in memory; what it logs and counts is there to look at. */

export const acme = tenantId('acme')
export const other = tenantId('other')
export const certificate = selfSigned()

const running: { ingress: SmtpIngress; clients: SmtpClient[] }[] = []

/** Ends every ingress that a test started. */
export async function stopIngresses(): Promise<void> {
  for (const { ingress, clients } of running.splice(0)) {
    for (const client of clients) client.destroy()
    await ingress.close()
  }
}

export async function startIngress(
  options: Partial<SmtpIngressOptions> = {},
  settings: {
    policy?: Partial<SessionPolicy>
    accept?: Partial<AcceptLimits>
    freeBytes?: number
    withoutTls?: boolean
  } = {},
) {
  const lines: { level: string; event: string; code?: unknown; peer?: unknown }[] = []
  const counted = new Map<string, number>()
  const write = (level: string) => (event: string, fields?: object) => void lines.push({ level, event, ...fields })
  const log: Log = {
    child: () => log,
    debug: () => {},
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  const metrics: Metrics = {
    count(name, labels = {}, by = 1) {
      const key = [name, ...Object.values(labels)].join(' ')
      counted.set(key, (counted.get(key) ?? 0) + by)
    },
    observe: () => {},
    gauge: () => {},
  }
  const store = memoryStore()
  const blobs = memoryBlobs({ freeBytes: settings.freeBytes ?? null })
  const acceptor = createAcceptor({
    store,
    blobs,
    clock: { now: Date.now },
    ids: () => messageId(Date.now()),
    name: 'gw.acme.example',
    log,
    metrics,
    ...(settings.accept ? { limits: settings.accept } : {}),
  })
  const policy: SessionPolicy = {
    authenticate: async (user, password) =>
      user === 'ann' && password === 'secret'
        ? { tenant: acme, identity: 'ann', addresses: ['ann@acme.example', '@team.acme.example'] }
        : null,
    clientCertificate: async () => null,
    relay: async () => null,
    inboundTenant: async (domain) => ({ 'acme.example': acme, 'other.example': other })[domain] ?? null,
    policyReady: () => true,
    ...settings.policy,
  }
  const ingress = createSmtpIngress(
    {
      host: '127.0.0.1',
      port: 0,
      name: 'gw.acme.example',
      clearTextAuthFromLoopback: true,
      ...(settings.withoutTls ? {} : { tls: certificate }),
      ...options,
    },
    { acceptor, policy, log, metrics },
  )
  const { port } = await ingress.listen()
  const clients: SmtpClient[] = []
  running.push({ ingress, clients })
  return {
    ingress,
    port,
    /** Refusals and failures that were written of. */
    lines: () => lines.filter(({ event }) => event.startsWith('smtp.')),
    counted: (key: string) => counted.get(key) ?? 0,
    store,
    blobs,
    /** Connected, without the greeting read. */
    async connect(from = '127.0.0.1') {
      const client = await smtpClient(port, '127.0.0.1', from)
      clients.push(client)
      return client
    },
    /** Greeted and after EHLO. */
    async session(from?: string) {
      const client = await this.connect(from)
      await client.reply()
      await client.say('EHLO client.example')
      return client
    },
    messages: async (): Promise<MessageRecord[]> => [
      ...(await store.tenant(acme).read.messages({ limit: 99 })),
      ...(await store.tenant(other).read.messages({ limit: 99 })),
    ],
    /** Messages as they are stored, in rows and as blobs. */
    spool: () => [...store.contents(), ...blobs.bytes.values()].map((bytes) => bytes.toString('latin1')),
  }
}
