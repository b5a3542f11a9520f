/** Services for tests of HTTP and the portal: real store, real accept, stored files in memory; what would be sent is kept to look at. */
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultLimits } from '../../server/http/config.ts'
import type { HttpServices, Identity } from '../../server/http/services.ts'
import { createAcceptor } from '../../server/journey/ingress/accept.ts'
import { createDesk } from '../../server/journey/operate/desk.ts'
import { newGrant } from '../../server/journey/transform/filelink/grant.ts'
import { createKeyDesk } from '../../server/keys/desk.ts'
import { withRows } from '../../server/platform/blobs/in-rows.ts'
import { openSqliteStore } from '../../server/platform/database/sqlite/open.ts'
import { bundleSigner, trustRoots } from '../../server/policies/bundle-sign.ts'
import { offlinePolicies } from '../../server/policies/offline.ts'
import { PolicyRegistry } from '../../server/policies/registry.ts'
import { createRollOut } from '../../server/policies/roll-out.ts'
import type { PortalMessage } from '../../server/portal/services.ts'
import { bytesOf, type OpenByteSource } from '../../server/ports/bytes.ts'
import { noMetrics, silentLog } from '../../server/ports/log.ts'
import {
  type Access,
  type Decision,
  type GrantRecord,
  type MessageId,
  type TenantId,
  tenantId,
} from '../../shared/domain/index.ts'
import { Fault } from '../../shared/fault/index.ts'
import { explain } from '../../shared/policy/index.ts'
import { memoryBlobs } from './memory-blobs.ts'
import { mail as policyMail, recipient as policyRecipient, ruleSet, rules } from './policy.ts'

export const tenant = tenantId('demo')

/** Signs bundles that the house trusts, as `editor@klinik.example`; whoever applies them has to be somebody else. */
const policyPair = generateKeyPairSync('ed25519')
export const policySigner = bundleSigner(policyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const policyTrust = trustRoots([
  { id: 'editor@klinik.example', publicKey: policyPair.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
])
/** What is in force before a bundle was applied. */
export const startPolicy = ruleSet(rules('{id: start, when: {message.subject: secret}, then: [{reject: {text: no}}]}'))

type Sent = { readonly to: string; readonly text: string; readonly key: string; readonly subject?: string }

export interface TestHouse extends AsyncDisposable {
  readonly services: HttpServices
  readonly mails: Sent[]
  readonly texts: Sent[]
  readonly opened: { count: number }
  advance(ms: number): void
  /** Puts bytes into the archive. */
  archive(id: string, content: Buffer): Promise<unknown>
  /** Raw bytes of an accepted mail. */
  stored(id: string): Promise<Buffer>
  /** A grant for a recipient with the given files; the path of its link. */
  link(of: LinkSpec): Promise<{ readonly path: string; readonly grant: GrantRecord }>
  events(type: string): Promise<readonly Record<string, unknown>[]>
}

export interface LinkSpec {
  readonly access: Access
  readonly files?: readonly { readonly name: string; readonly content: Buffer; readonly mediaType?: string }[]
  readonly mail?: Omit<PortalMessage, 'attachments'> & {
    readonly attachments?: readonly { readonly name: string; readonly content: Buffer }[]
  }
  readonly reply?: boolean
  readonly receipt?: boolean
  readonly phone?: string
  readonly expiresIn?: number
}

export async function testHouse(override: Partial<HttpServices> = {}): Promise<TestHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-http-'))
  let offset = 0
  const clock = { now: () => Date.now() + offset }
  const store = await openSqliteStore({ file: join(folder, 'secflow.db'), clock })
  const blobs = withRows(memoryBlobs(), store)
  const acceptor = createAcceptor({
    store,
    blobs,
    clock,
    ids: () => randomUUID() as string as MessageId,
    name: 'gateway.example',
    log: silentLog,
    metrics: noMetrics,
  })
  const mails: Sent[] = []
  const texts: Sent[] = []
  const opened = { count: 0 }
  const files = new Map<string, Buffer>()
  const messages = new Map<string, PortalMessage>()

  const policyDir = join(folder, 'policies')
  mkdirSync(policyDir)
  writeFileSync(join(policyDir, startPolicy.name), startPolicy.text)
  const registry = new PolicyRegistry()
  registry.load(tenant, [startPolicy])
  const rollOut = createRollOut({ registry, store, log: silentLog, clock }, [
    { id: tenant, policyDir, trust: policyTrust, twoPersons: true },
  ])

  const secrets = { keyEncryptionKey: () => Buffer.alloc(32, 1), macKey: () => Buffer.alloc(32, 2) }
  const services: HttpServices = {
    config: {
      publicUrl: 'http://127.0.0.1:8080',
      trustProxy: [],
      tokenSeed: Buffer.alloc(32, 7),
      issuers: [],
      limits: { ...defaultLimits, tokens: 1000, codes: 1000 },
    },
    store,
    clock,
    secrets,
    log: silentLog,
    metrics: noMetrics,
    accept: (submission) => acceptor.accept(submission),
    preview: async (_tenant, draft) =>
      decisionFor(draft.recipients.map((one) => (typeof one === 'string' ? one : one.address))),
    async simulate(of, mail) {
      const named =
        'draft' in mail
          ? mail.draft.recipients.map((one) => (typeof one === 'string' ? one : one.address))
          : mail.envelope.recipients.map(({ address }) => address)
      const input = policyMail({
        message: { subject: 'draft' in mail ? mail.draft.subject : 'whole' },
        recipients: named.map((address) => policyRecipient({ address })),
      })
      const explanation = explain(registry.active(of), input)
      return { decision: explanation.decision, explanation }
    },
    policies: rollOut,
    offlinePolicy: offlinePolicies({ registry, store, secrets }, [
      { id: tenant, policyDir, domains: ['klinik.example'], offered: true },
    ]),
    desk: createDesk({
      store,
      blobs,
      clock,
      newId: randomUUID,
      uuid: randomUUID,
      name: 'gateway.example',
      tenant: () => ({ domains: ['klinik.example'], language: 'en', routes: {} }),
    }),
    keyDesk: createKeyDesk({ store, clock, reload: async () => {} }),
    lanes: () => [],
    vocabulary: async (_tenant, _sender, language) => ({
      language,
      labels: [
        { id: 'confidential', name: language === 'de' ? 'Vertraulich' : 'Confidential', description: '', rank: 2 },
      ],
      defaultLabel: null,
      protections: [],
    }),
    authenticate: async ({ client, secret }) => (secret === 'right' ? (CLIENTS[client] ?? null) : null),
    ready: async () => ({ ready: true, checks: { database: true } }),
    exposition: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'secflow_up 1\n' }),
    async openArchive(of, id) {
      const source = await blobs.open(of, 'archive', id)
      opened.count++
      return {
        ...source,
        async [Symbol.asyncDispose]() {
          opened.count--
        },
      }
    },
    openFile: async (_tenant, file) => counted(files.get(file.id) ?? missing(), opened),
    openPortalMessage: async (_tenant, grant) => messages.get(grant.id) ?? missing(),
    sendMail: async (_tenant, mail) => void mails.push(mail),
    sendSms: async (_tenant, sms) => void texts.push(sms),
    ...override,
  }

  async function link(of: LinkSpec) {
    const { id: message } = await acceptor.accept({
      tenant,
      envelope: {
        mailFrom: 'anna@klinik.example',
        recipients: [{ address: 'praxis@partner.example' }],
        body: '7BIT',
        smtputf8: false,
        requireTls: false,
      },
      origin: { channel: 'smtp', authenticated: 'auth', identity: 'anna', peer: '127.0.0.1', tls: null },
      content: bytesOf(
        Buffer.from('From: anna@klinik.example\r\nSubject: Befund\r\nMessage-ID: <m1@klinik.example>\r\n\r\nx\r\n'),
      ).stream(),
    })
    const now = clock.now()
    const records = (of.files ?? []).map(({ name, content, mediaType }) => {
      const id = randomUUID()
      files.set(id, content)
      return {
        id,
        message,
        name,
        mediaType: mediaType ?? 'application/octet-stream',
        size: content.length,
        sha256: createHash('sha256').update(content).digest('hex'),
        blob: id,
        wrappedKey: randomBytes(40).toString('base64'),
        createdAt: now,
      }
    })
    const { grant, token } = newGrant({
      message,
      recipient: 'praxis@partner.example',
      access: of.access,
      kind: of.mail ? 'message' : 'files',
      files: records.map(({ id }) => id),
      content: of.mail ? { blob: 'b', wrappedKey: 'w' } : null,
      reply: of.reply ?? false,
      receipt: of.receipt ?? false,
      phone: of.phone ?? null,
      expiresAt: now + (of.expiresIn ?? 14 * 86_400_000),
      now,
    })
    if (of.mail)
      messages.set(grant.id, {
        ...of.mail,
        attachments: (of.mail.attachments ?? []).map(({ name, content }) => ({
          name,
          size: content.length,
          mediaType: 'application/pdf',
          open: async () => counted(content, opened),
        })),
      })
    await store.tenant(tenant).write(async (tx) => {
      for (const record of records) await tx.insertLinkFile(record)
      await tx.insertGrant(grant)
    })
    return { path: `/portal/${tenant}/${token}`, grant }
  }

  return {
    services,
    mails,
    texts,
    opened,
    advance: (ms) => {
      offset += ms
    },
    archive: (id, content) => blobs.put(tenant, 'archive', id, bytesOf(content).stream()),
    async stored(id) {
      await using source = await blobs.open(tenant, 'spool', id)
      return source.read(0, source.size)
    },
    link,
    async events(type) {
      const all = await store.tenant(tenant).read.audit({ limit: 1000 })
      return all.filter((event) => event.type === type).map(({ detail }) => detail)
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const client = (of: Partial<Identity> & Pick<Identity, 'subject'>): Identity => ({
  tenant: of.tenant ?? tenant,
  address: null,
  senders: [],
  roles: [],
  scopes: [],
  ...of,
})

export const CLIENTS: Readonly<Record<string, Identity>> = {
  erp: client({
    subject: 'erp',
    senders: ['@klinik.example'],
    scopes: ['evaluate', 'messages:send', 'messages:read', 'messages:recall', 'vocabulary'],
  }),
  anna: client({ subject: 'anna', address: 'anna@klinik.example', roles: ['user'] }),
  ben: client({ subject: 'ben', address: 'ben@klinik.example', roles: ['user'] }),
  editor: client({ subject: 'editor', address: 'editor@klinik.example', roles: ['policy-editor', 'policy-approver'] }),
  reader: client({ subject: 'reader', roles: ['policy-editor'] }),
  approver: client({ subject: 'approver', roles: ['policy-approver'] }),
  auditor: client({ subject: 'auditor', roles: ['auditor'] }),
  keeper: client({ subject: 'keeper', roles: ['key-manager'] }),
  helpdesk: client({ subject: 'helpdesk', address: 'help@klinik.example', roles: ['helpdesk'] }),
  stranger: client({
    subject: 'stranger',
    tenant: 'other' as string as TenantId,
    roles: ['owner'],
    address: 'anna@klinik.example',
  }),
}

const REASON = { rule: 'default', layer: 'tenant', text: { de: 'Standard', en: 'Default' } } as const

function decisionFor(addresses: readonly string[]): Decision {
  return {
    decisionId: 'd1',
    revision: 'r1',
    recipients: addresses.map((address) => ({
      address,
      outcome: 'deliver',
      method: 'smime',
      steps: [{ do: 'sign', with: 'smime' }],
      reasons: [REASON],
      missing: [{ field: 'phone', text: { de: 'Telefon fehlt', en: 'No phone' } }],
      simulated: [],
    })),
    copies: [{ recipients: addresses.map((_, index) => index), steps: [{ do: 'sign', with: 'smime' }] }],
    once: [],
  }
}

/** A source that knows whether it was given back. */
function counted(content: Buffer, opened: { count: number }): OpenByteSource {
  opened.count++
  return {
    ...bytesOf(content),
    async [Symbol.asyncDispose]() {
      opened.count--
    },
  }
}

function missing(): never {
  throw new Fault('blob-missing')
}
