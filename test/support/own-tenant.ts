/** The demo's people and keys under a tenant whose settings, policies and facts a test may change. */
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { loadConfig } from '../../server/config.ts'
import { type DemoFiles, demoFiles, withDemoTenant } from '../../server/demo/tenant.ts'

export interface OwnTenant extends Disposable {
  /** For `startGateway({ folder })`. */
  readonly folder: string
  readonly files: DemoFiles
  readonly policyDir: string
  /** `tenants` of secflow.yaml: this one, with `changes` over it. */
  settings(changes?: Readonly<Record<string, unknown>>): { readonly tenants: readonly unknown[] }
  /** Rewrites the facts file; read when the gateway starts. */
  people(edit: (facts: Facts) => void): void
}

export interface Facts {
  people: Record<string, unknown>[]
  anchors: string[]
  identities: Record<string, unknown>[]
}

const POLICIES = join(import.meta.dirname, '../../examples/demo/policies')

/** `outside` is where text messages (`/sms`) and incidents (`/incidents`) go. */
export async function ownTenant(options: {
  readonly outside: string
  readonly rules?: readonly string[]
}): Promise<OwnTenant> {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-tenant-'))
  const master = randomBytes(32).toString('base64')
  writeFileSync(join(folder, 'master.key'), master, { mode: 0o600 })
  const outside = options.outside.replace(/\/$/, '')
  await withDemoTenant(
    loadConfig({ env: { SECFLOW_DEMO: '1', SECFLOW_DATA_DIR: folder, SECFLOW_SECRETS_MASTER: master }, cwd: folder }),
  )
  const files = demoFiles(folder)
  const policyDir = join(folder, 'policies')
  cpSync(POLICIES, policyDir, { recursive: true })
  for (const [at, rules] of (options.rules ?? []).entries()) writeFileSync(join(policyDir, `own-${at}.yaml`), rules)
  return {
    folder,
    files,
    policyDir,
    settings: (changes = {}) => ({
      tenants: [
        {
          id: 'demo',
          name: 'Demo GmbH',
          domains: ['demo.example'],
          language: 'en',
          policyDir,
          people: files.people,
          archive: { journal: { kind: 'smtp', to: 'journal@archive.example' } },
          webhooks: { soc: { url: `${outside}/incidents`, secret: 'a secret of the test', allowPrivate: true } },
          sms: {
            kind: 'http',
            url: `${outside}/sms`,
            json: { to: '{to}', text: '{text}', key: '{key}' },
            timeout: '5s',
          },
          ...changes,
        },
      ],
    }),
    people(edit) {
      const facts = parse(readFileSync(files.people, 'utf8')) as Facts
      edit(facts)
      writeFileSync(files.people, stringify(facts))
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
