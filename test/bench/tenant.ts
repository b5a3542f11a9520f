/** The tenant of the benchmarks: a relay on this machine, one recipient domain per way of protecting. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { generatePgpKey } from '../../server/journey/transform/openpgp/index.ts'
import { createAuthority, issueCertificate } from '../../server/keys/authority.ts'

export const SENDER = 'sender@bench.example'
export const METHODS = ['plain', 'smime', 'pgp', 'pdf'] as const
export type BenchMethod = (typeof METHODS)[number]

/** Correspondents of each kind. */
const PEERS = 4
const DAY = 86_400_000

export const domainOf = (method: BenchMethod): string => `${method}.example`
export const recipientsOf = (method: BenchMethod): readonly string[] =>
  Array.from({ length: PEERS }, (_, number) => `r${number}@${domainOf(method)}`)

export interface BenchTenant extends Disposable {
  /** For `tenants` of secflow.yaml. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** Settings of a gateway for the tenant that hands all mail to the sink. */
export const settingsFor = ({ settings }: BenchTenant, sink: { readonly smtpPort: number }) => ({
  tenants: [settings],
  relay: { url: `smtp://127.0.0.1:${sink.smtpPort}?tls=none&connections=20` },
  logLevel: 'warn',
})

/** Makes keys, people and policy in a folder of their own; `further` rules beside its own look at every mail and never fire. */
export async function benchTenant(smsUrl: string, further = 0): Promise<BenchTenant> {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-bench-'))
  mkdirSync(join(folder, 'policies'))
  writeFileSync(join(folder, 'policies/tenant.yaml'), stringify(policyWith(further)))
  writeFileSync(join(folder, 'people.yaml'), stringify(await people()), { mode: 0o600 })
  return {
    settings: {
      id: 'bench',
      name: 'Bench GmbH',
      domains: ['bench.example'],
      policyDir: join(folder, 'policies'),
      people: join(folder, 'people.yaml'),
      relays: [{ name: 'load', cidr: ['127.0.0.0/8'] }],
      sms: { kind: 'http', url: smsUrl, json: { to: '{to}', text: '{text}', key: '{key}' } },
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const to = (method: BenchMethod) => ({ 'recipient.domain': domainOf(method) })
const rule = (id: string, when: unknown, actions: readonly unknown[]) => ({
  id,
  title: { de: id, en: id },
  when,
  // biome-ignore lint/suspicious/noThenProperty: the language's key; nobody awaits a rule
  then: actions,
})

/** Conditions as organisations write them, over what every mail has. */
function idle(number: number): unknown {
  const conditions = [
    { 'message.subject': { contains: `Project ${number}` } },
    { 'recipient.domain': [`partner${number}.example`, `branch${number}.example`] },
    { 'sender.address': `robot${number}@bench.example` },
    { attachment: { any: { name: { contains: `invoice-${number}` } } } },
    { all: [{ 'message.size': { gt: '50 MB' } }, { 'recipient.domain': `region${number}.example` }] },
  ]
  return rule(`idle-${number}`, conditions[number % conditions.length], [
    { stripHeader: { names: [`x-idle-${number}`] } },
  ])
}

const policyWith = (further: number) => ({
  ...policy,
  spec: {
    ...policy.spec,
    rules: [...policy.spec.rules, ...Array.from({ length: further }, (_, number) => idle(number))],
  },
})

const policy = {
  apiVersion: 'secflow/v1',
  kind: 'RuleSet',
  metadata: { name: 'bench', layer: 'tenant', owner: SENDER },
  spec: {
    labels: [
      { id: 'public', title: { de: 'Öffentlich', en: 'Public' } },
      { id: 'internal', title: { de: 'Intern', en: 'Internal' } },
    ],
    defaultLabel: 'internal',
    rules: [
      rule('programs', { attachment: { any: { type: ['exe', 'docm', 'xlsm'] } } }, [
        { quarantine: { text: 'a program' } },
      ]),
      rule('internal-headers', { 'message.direction': 'outbound' }, [{ stripHeader: { names: ['x-internal-*'] } }]),
      rule('smime', to('smime'), [{ sign: { with: 'smime' } }, { protect: { anyOf: ['smime'] } }]),
      rule('pgp', to('pgp'), [{ sign: { with: 'pgp' } }, { protect: { anyOf: ['pgp'] } }]),
      rule('pdf', to('pdf'), [{ protect: { anyOf: ['pdf'], password: { channel: 'sms' } } }]),
    ],
  },
}

/** RSA-2048 and Curve25519: what most correspondents have. */
async function people(): Promise<unknown> {
  const now = Date.now()
  const authority = await createAuthority({ organisation: 'Bench', now })
  const issue = (address: string) =>
    issueCertificate(authority, {
      address,
      name: address,
      keyType: 'rsa2048',
      notBefore: now - DAY,
      notAfter: now + DAY,
    })
  const pgpKey = (address: string, gateway = false) =>
    generatePgpKey({ name: address, address, time: now - DAY, kind: 'ecc', ...(gateway ? { gateway } : {}) })
  const own = await issue(SENDER)
  const ownPgp = await pgpKey(SENDER)
  const all = METHODS.flatMap((method) => recipientsOf(method).map((address, number) => ({ method, address, number })))
  return {
    people: [
      { address: SENDER, name: 'Sender', user: true },
      ...(await Promise.all(
        all.map(async ({ method, address, number }) => ({
          address,
          ...(method === 'smime' ? { smime: (await issue(address)).certificate } : {}),
          ...(method === 'pgp' ? { pgp: (await pgpKey(address)).armoredPublic } : {}),
          ...(method === 'pdf' ? { phone: `+4915100000${number}00` } : {}),
        })),
      )),
    ],
    anchors: [authority.certificate.toString()],
    identities: [
      { address: SENDER, certificate: own.certificate, key: own.privateKey, pgpPrivate: ownPgp.armoredPrivate },
    ],
  }
}
