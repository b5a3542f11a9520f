/** A gateway of the campaigns: a relay on this machine hands in, one rule that changes nothing, everything goes to one hop. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { ruleSet, rules } from '../support/policy.ts'

export const SENDER = 'sender@own.example'
export const TENANT = 'own'

export interface NightlyRelay extends Disposable {
  /** Starts it on the same folder as before. */
  start(): Promise<Gateway>
}

export function nightlyRelay(relayPort: number, settings: Readonly<Record<string, unknown>> = {}): NightlyRelay {
  const folder = mkdtempSync(join(tmpdir(), 'secflow-nightly-'))
  writeFileSync(join(folder, 'master.key'), randomBytes(32).toString('base64'), { mode: 0o600 })
  mkdirSync(join(folder, 'policies'))
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
    },
  ]
  return {
    start: () => startGateway({ folder, relayPort, settings: { logLevel: 'warn', ...settings, tenants } }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}
