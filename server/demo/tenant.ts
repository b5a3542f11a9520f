/** The demo tenant: an own CA, users, correspondents with and without keys and phone. Everything is made once, inside the data folder. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { tenantId } from '../../shared/domain/index.ts'
import type { Config, TenantConfig } from '../config.ts'
import { generatePgpKey } from '../journey/transform/openpgp/index.ts'
import { DEFAULT_SMIME } from '../journey/transform/smime/index.ts'
import { type Authority, createAuthority, issueCertificate } from '../keys/authority.ts'
import { hashPassword } from '../people/passwords.ts'

export const DEMO_DOMAIN = 'demo.example'

const YEAR = 365 * 86_400_000

/** Own people; the local part is the name of their files. */
export const USERS = [
  { name: 'Dr. Rosa Roth', address: 'dr.roth@demo.example', department: 'radiology', language: 'de' },
  { name: 'Leitstelle', address: 'leitstelle@demo.example', department: 'operations', language: 'de' },
  { name: 'Eva Lang', address: 'e.lang@demo.example', department: 'engineering', language: 'en' },
  { name: 'Viktor Kern', address: 'v.kern@demo.example', department: 'sales', language: 'de' },
] as const

/** Whom visitors of the demo may be. */
export const DEMO = {
  tenant: tenantId('demo'),
  domains: [DEMO_DOMAIN],
  persons: USERS.map(({ address, name }) => ({ address, name })),
} as const

/** Correspondents, one of each kind. */
export const PEERS = [
  { name: 'Radiologie Uniklinik', address: 'radiologie@uniklinik.example', language: 'de' },
  { name: 'Meldestelle', address: 'meldestelle@behoerde.example', language: 'de', phone: '+4915100000002' },
  { name: 'Design office', address: 'design@supplier.example', language: 'en', phone: '+4915100000003' },
  { name: 'Familie Berger', address: 'familie.berger@privat.example', language: 'de', groups: ['consumers'] },
  { name: 'Partner with certificate', address: 'cert@partner.example', language: 'en', smime: true },
  { name: 'Partner with OpenPGP key', address: 'pgp@partner.example', language: 'en', pgp: true },
  { name: 'Partner with phone only', address: 'phone@partner.example', language: 'en', phone: '+4915100000006' },
  { name: 'Partner without anything', address: 'nothing@partner.example', language: 'en' },
] as const

export interface DemoFiles {
  readonly directory: string
  /** Trust anchor of the tenant, PEM. */
  readonly ca: string
  /** Facts file of the tenant. */
  readonly people: string
  /** Passwords of the users, JSON `{ address: password }`. */
  readonly passwords: string
  /** Credentials of the demo's API client, JSON `{ client_id, client_secret, hash }`: it may do what the users may. */
  readonly client: string
  /** Key of the incident webhook's signature (Standard Webhooks), for whoever checks what the demo's sink receives. */
  readonly webhookSecret: string
  /** Private keys of a correspondent, for opening what it gets: the demo plays both sides. */
  peer(address: string): { readonly certificate: string; readonly key: string; readonly pgp: string }
}

export function demoFiles(dataDir: string): DemoFiles {
  const directory = join(dataDir, 'demo')
  return {
    directory,
    ca: join(directory, 'ca.pem'),
    people: join(directory, 'people.yaml'),
    passwords: join(directory, 'passwords.json'),
    client: join(directory, 'client.json'),
    webhookSecret: join(directory, 'webhook.secret'),
    peer: (address) => ({
      certificate: join(directory, 'peers', `${address}.pem`),
      key: join(directory, 'peers', `${address}.key.pem`),
      pgp: join(directory, 'peers', `${address}.asc`),
    }),
  }
}

/** The configuration with the demo tenant in it; its keys are made on the first call. */
export async function withDemoTenant(config: Config): Promise<Config> {
  const files = demoFiles(config.dataDir)
  if (!existsSync(files.people)) await makeFiles(files, Date.now())
  const shared = await sharedSecrets(files)
  const others = config.tenants.filter(({ id }) => id !== 'demo')
  return { ...config, tenants: [...others, demoTenant(config, files, shared)] }
}

interface SharedSecrets {
  readonly webhook: string
  readonly client: TenantConfig['clients'][number]
}

/** What the world around the demo shares with the gateway: random, made once. */
async function sharedSecrets(files: DemoFiles): Promise<SharedSecrets> {
  if (!existsSync(files.webhookSecret)) {
    await secretFile(files.webhookSecret, `whsec_${randomBytes(32).toString('base64')}`)
  }
  if (!existsSync(files.client)) {
    const secret = randomBytes(24).toString('base64url')
    const credentials = { client_id: 'demo', client_secret: secret, hash: await hashPassword(secret) }
    await secretFile(files.client, JSON.stringify(credentials, null, 2))
  }
  const client = JSON.parse(await readFile(files.client, 'utf8')) as { client_id: string; hash: string }
  return {
    webhook: await readFile(files.webhookSecret, 'utf8'),
    client: {
      id: client.client_id,
      secretHash: client.hash,
      senders: [`@${DEMO_DOMAIN}`],
      scopes: [],
      roles: ['user'],
    },
  }
}

function demoTenant(config: Config, files: DemoFiles, { webhook, client }: SharedSecrets): TenantConfig {
  const sink = config.demoSink.replace(/\/+$/, '')
  return {
    id: 'demo' as TenantConfig['id'],
    name: 'Demo GmbH',
    domains: [DEMO_DOMAIN] as TenantConfig['domains'],
    language: 'de',
    policyDir: policies(),
    policyTrust: [],
    revocation: { fetch: false, hosts: [], required: false },
    lists: { directory: null, hosts: [], ldap: {} },
    policyTwoPersons: false,
    people: files.people,
    relays: [],
    clientCertificates: [],
    routes: { '': config.relay },
    routeByDomain: {},
    dkim: [],
    dkimWhen: 'always',
    authentication: { always: false },
    inbound: { open: 'decrypt', signatures: 'keep', marks: {}, report: 'none', tripleDes: false, harvest: true },
    smime: DEFAULT_SMIME,
    loopRoutes: [],
    archive: { journal: { kind: 'blobs', retention: 10 * YEAR } },
    webhooks: { soc: { url: `${sink}/incidents`, secret: webhook, allowPrivate: true } },
    apis: {},
    sms: {
      kind: 'http',
      url: `${sink}/sms`,
      method: 'POST',
      headers: {},
      json: { to: '{to}', text: '{text}', key: '{key}' },
      timeout: 10_000,
    },
    clients: [client],
    issuers: [],
    offlinePreview: true,
    subjectTags: [],
    foreignIntent: { products: [], mapping: [], labels: {}, unsafe: false },
    fileLink: { expires: 14 * 86_400_000, access: 'link-code' },
  }
}

/** The example policies: beside the sources, or two levels above the compiled files of the package. */
function policies(): string {
  const candidates = ['../../examples/demo/policies', '../../../examples/demo/policies'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  )
  return candidates.find((path) => existsSync(path)) ?? candidates[0]!
}

async function makeFiles(files: DemoFiles, now: number): Promise<void> {
  await mkdir(join(files.directory, 'users'), { recursive: true, mode: 0o700 })
  await mkdir(join(files.directory, 'peers'), { recursive: true, mode: 0o700 })
  const [own, partner] = await Promise.all([
    createAuthority({ organisation: 'Demo GmbH', now }),
    createAuthority({ organisation: 'Partner AG', now }),
  ])
  await writeFile(files.ca, own.certificate.toString())
  const anchors = [own, partner].map(({ certificate }) => certificate.toString())

  const passwords: Record<string, string> = {}
  const identities: Record<string, unknown>[] = []
  const people: Record<string, unknown>[] = []
  for (const user of USERS) {
    const password = randomBytes(12).toString('base64url')
    passwords[user.address] = password
    const base = join(files.directory, 'users', user.address)
    await issue(own, user, `${base}.pem`, `${base}.key.pem`, now)
    identities.push({
      address: user.address,
      certificate: `users/${user.address}.pem`,
      key: `users/${user.address}.key.pem`,
    })
    people.push({ ...user, user: true, password: await hashPassword(password) })
  }
  const gateway = await generatePgpKey({
    name: 'Demo GmbH',
    address: `gateway@${DEMO_DOMAIN}`,
    time: now,
    kind: 'ecc',
    gateway: true,
  })
  await secretFile(join(files.directory, 'users', 'gateway.asc'), gateway.armoredPrivate)
  identities.push({ gateway: true, address: `gateway@${DEMO_DOMAIN}`, pgpPrivate: 'users/gateway.asc' })
  await writeFile(join(files.directory, 'gateway.asc'), gateway.armoredPublic)
  people.push({
    address: `security-team@${DEMO_DOMAIN}`,
    name: 'Security team',
    user: true,
    role: 'security',
    groups: ['on-call'],
    language: 'en',
  })

  for (const peer of PEERS) {
    const { smime, pgp, ...person } = { smime: false, pgp: false, ...peer }
    const own = files.peer(peer.address)
    if (smime) await issue(partner, peer, own.certificate, own.key, now)
    const key = pgp ? await generatePgpKey({ name: peer.name, address: peer.address, time: now, kind: 'ecc' }) : null
    if (key) await secretFile(own.pgp, key.armoredPrivate)
    people.push({
      ...person,
      ...(smime ? { smime: `peers/${peer.address}.pem` } : {}),
      ...(key ? { pgp: key.armoredPublic } : {}),
    })
  }
  await secretFile(files.passwords, JSON.stringify(passwords, null, 2))
  // Last, and whole: its presence says that everything else is there.
  await secretFile(`${files.people}.part`, stringify({ people, anchors, identities }))
  await rename(`${files.people}.part`, files.people)
}

async function issue(
  authority: Authority,
  person: { readonly address: string; readonly name: string },
  certificate: string,
  key: string,
  now: number,
): Promise<void> {
  const { address, name } = person
  const issued = await issueCertificate(authority, {
    address,
    name,
    keyType: 'rsa2048',
    notBefore: now - 3_600_000,
    notAfter: now + YEAR,
  })
  await writeFile(certificate, issued.certificate)
  await secretFile(key, issued.privateKey)
}

async function secretFile(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600 })
  await chmod(path, 0o600)
}
