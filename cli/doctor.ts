import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type Config, loadConfig } from '../server/config.ts'
import { Fault } from '../shared/fault/index.ts'
import { checkBlobs } from './doctor/blobs.ts'
import { checkDatabase } from './doctor/database.ts'
import { checkDelivery } from './doctor/delivery.ts'
import { checkDkim } from './doctor/dkim.ts'
import { error, type Finding, findingIn, ok } from './doctor/finding.ts'
import { checkKeys } from './doctor/keys.ts'
import { checkLists } from './doctor/lists.ts'
import { checkClock, checkDisk, checkNode, checkSecretFiles } from './doctor/machine.ts'
import { checkPorts, checkRoutes } from './doctor/network.ts'
import { findingsOfPolicy } from './doctor/policy.ts'
import { checkProxies } from './doctor/proxy.ts'
import { checkRevocation } from './doctor/revocation.ts'
import type { CliIo } from './io.ts'
import { type Language, language } from './language.ts'

export interface DoctorParts {
  readonly env: Readonly<Record<string, string | undefined>>
  now(): number
  /** What is wrong with the policy of a folder, a line each; empty when it loads. */
  policy(dir: string): Promise<readonly string[]>
}

const machine: DoctorParts = { env: process.env, now: () => Date.now(), policy: findingsOfPolicy }

const SIGN = {
  en: { ok: 'ok     ', warning: 'WARNING', error: 'ERROR  ', mend: 'mend' },
  de: { ok: 'ok     ', warning: 'WARNUNG', error: 'FEHLER ', mend: 'Abhilfe' },
} as const
const COLOR = { ok: 32, warning: 33, error: 31 } as const

/** `secflow doctor`: what is wrong with this installation, and how to mend it. Changes nothing. */
export function registerDoctor(program: Command, io: CliIo, parts: DoctorParts = machine): void {
  program
    .command('doctor')
    .description('check configuration, ports, next hops, disk, keys, revocation lists, clock and policies')
    .option('--config <file>', 'configuration (default: secflow.yaml here, or SECFLOW_CONFIG)')
    .option('--json', 'print the findings as JSON')
    .option('--lang <language>', 'de or en', language, 'en')
    .addHelpText('after', '\nExample:\n  secflow doctor --config /etc/secflow/secflow.yaml')
    .action(async (options: { config?: string; json?: true; lang: Language }) => {
      const found = await examine(options.config, io.cwd, parts)
      const findings = found.map((one) => findingIn(options.lang, one))
      const errors = findings.filter(({ status }) => status === 'error').length
      if (options.json) io.out(JSON.stringify({ ok: errors === 0, findings }))
      else for (const finding of findings) io.out(written(finding, io.color, options.lang))
      io.exit(errors > 0 ? 1 : 0)
    })
}

async function examine(option: string | undefined, cwd: string, parts: DoctorParts): Promise<Finding[]> {
  const path = resolve(cwd, option ?? parts.env.SECFLOW_CONFIG ?? 'secflow.yaml')
  const file = existsSync(path) ? path : null
  const now = parts.now()
  const findings = [checkNode()]
  let config: Config
  try {
    config = loadConfig({ ...(option === undefined ? {} : { file: option }), env: parts.env, cwd })
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown
    const mend =
      thrown.code === 'config-missing' ? 'secflow init writes a configuration' : 'docs/operate/configuration.md'
    for (const line of thrown.detail.split('\n')) findings.push(error('configuration', line, mend))
    return [...findings, ...checkSecretFiles(file), checkClock(null, file, now)]
  }
  findings.push(
    ok('configuration', `${file ?? 'from the environment'}, ${config.tenants.length} tenant(s)`),
    ...checkSecretFiles(file),
    ...(await checkPorts(config)),
    ...checkProxies(config),
    ...(await checkRoutes(config)),
    ...(await checkDelivery(config)),
    ...(await checkDkim(config)),
    ...checkDisk(config),
    ...(await checkDatabase(config, parts.now)),
    ...(await checkBlobs(config)),
    ...checkKeys(config, now),
    ...(await checkRevocation(config, now)),
    checkClock(config, file, now),
  )
  for (const tenant of config.tenants) {
    const { id, policyDir } = tenant
    const wrong = await parts.policy(policyDir)
    if (wrong.length === 0) findings.push(ok(`policy ${id}`, `${policyDir} loads`))
    for (const line of wrong) findings.push(error(`policy ${id}`, line, `secflow policy check ${policyDir}`))
    findings.push(...(await checkLists(tenant)))
  }
  return findings
}

function written(
  { check, status, text, mend }: ReturnType<typeof findingIn>,
  color: boolean,
  language: Language,
): string {
  const word = SIGN[language][status]
  const sign = color ? `\x1b[${COLOR[status]}m${word}\x1b[0m` : word
  return `${sign} ${check}: ${text}${mend === undefined ? '' : `\n        ${SIGN[language].mend}: ${mend}`}`
}
