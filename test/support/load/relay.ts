/** A gateway under load: a relay on this machine hands in, one rule that changes nothing, everything goes to one hop. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gateway, type GatewayOptions, startGateway } from '../gateway.ts'
import { ruleSet, rules } from '../policy.ts'

export const SENDER = 'sender@own.example'
export const TENANT = 'own'

export interface LoadRelay extends Disposable {
  readonly folder: string
  /** Starts it on the same folder as before. */
  start(more?: Pick<GatewayOptions, 'env'>): Promise<Gateway>
}

export interface LoadRelayOptions {
  readonly settings?: Readonly<Record<string, unknown>>
  /** Of the tenant. */
  readonly tenant?: Readonly<Record<string, unknown>>
  /** On a disk that the test has made; a folder of its own when left out. */
  readonly folder?: string
  /** Of another node: both read what is stored with the same master key. */
  readonly master?: string
}

export function loadRelay(relayPort: number, options: LoadRelayOptions = {}): LoadRelay {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'secflow-load-'))
  const master = options.master ?? randomBytes(32).toString('base64')
  writeFileSync(join(folder, 'master.key'), master, { mode: 0o600 })
  mkdirSync(join(folder, 'policies'), { recursive: true })
  const { name, text } = ruleSet(
    `  labels: [{id: internal, title: {de: Intern, en: Internal}}]\n  defaultLabel: internal\n${rules('{id: none, title: {de: nichts, en: nothing}, when: {message.subject: {containsTag: "#NEVER"}}, then: [quarantine]}')}`,
  )
  writeFileSync(join(folder, 'policies', name), text)
  const tenants = [
    {
      id: TENANT,
      name: 'Own',
      domains: ['own.example'],
      policyDir: join(folder, 'policies'),
      relays: [{ name: 'load', cidr: ['127.0.0.0/8'] }],
      ...options.tenant,
    },
  ]
  const settings = { logLevel: 'warn', ...options.settings, tenants }
  return {
    folder,
    start: (more = {}) => startGateway({ folder, relayPort, settings, ...more }),
    [Symbol.dispose]: () => {
      if (!options.folder) rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Nodes of one installation: one database, one object store, each a folder of its own. */
export function loadNodes(count: number, relayPort: number, shared: Readonly<Record<string, unknown>>): LoadRelay[] {
  const master = randomBytes(32).toString('base64')
  return Array.from({ length: count }, () => loadRelay(relayPort, { master, settings: shared }))
}
