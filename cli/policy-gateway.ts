/** The gateway whose records a command looks at, also while it runs. */
import { InvalidArgumentError } from 'commander'
import { type Config, loadConfig, type TenantConfig } from '../server/config.ts'
import { withDemoTenant } from '../server/demo/tenant.ts'
import { Fault } from '../shared/fault/index.ts'
import type { CliIo } from './io.ts'

export interface WhoseMail {
  readonly config?: string
  readonly tenant?: string
}

/** The configuration, and the tenant whose mail is asked for. Raises `config-missing`. */
export async function gatewayOf(io: CliIo, options: WhoseMail): Promise<{ config: Config; tenant: TenantConfig }> {
  const loaded = loadConfig({
    ...(options.config === undefined ? {} : { file: options.config }),
    env: process.env,
    cwd: io.cwd,
  })
  const config = loaded.demo ? await withDemoTenant(loaded) : loaded
  const tenant = config.tenants.find(({ id }) => id === options.tenant) ?? config.tenants[0]
  if (!tenant || (options.tenant === undefined ? config.tenants.length > 1 : tenant.id !== options.tenant))
    throw new Fault('config-missing', `--tenant: one of ${config.tenants.map(({ id }) => id).join(', ')}`)
  return { config, tenant }
}

export const DAY_MS = 86_400_000
const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: DAY_MS, w: 7 * DAY_MS }

/** Of an option such as `30d`, in ms. */
export function ageOf(value: string): number {
  const match = /^(\d{1,4})([hdw])$/.exec(value)
  if (!match) throw new InvalidArgumentError('use 12h, 30d or 8w')
  return Number(match[1]) * UNIT_MS[match[2]!]!
}
