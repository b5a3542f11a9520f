/** Start, drain, stop: what one process does with a configuration. */

import { type House, openHouse } from './compose.ts'
import type { Config } from './config.ts'
import { demoFiles, withDemoTenant } from './demo/tenant.ts'
import { createHttpApp, createOperatorApp, type Routes } from './http/app.ts'
import { keepTidy } from './journey/tidy.ts'
import { keepCurrent } from './policies/load.ts'
import type { Log } from './ports/log.ts'

export type Role = 'smtp' | 'worker' | 'http'
export const ROLES: readonly Role[] = ['smtp', 'worker', 'http']

/** How long running work may take to finish after a signal, ms. */
const DRAIN_MS = 25_000

export interface Running {
  readonly house: House
  /** Ports that were taken; 0 in the configuration takes a free one. */
  readonly ports: { readonly smtp: number | null; readonly http: number | null; readonly admin: number | null }
  /** Refuses new work, finishes what runs, gives leases back; at most half a minute. */
  stop(): Promise<void>
}

/**
 * Starts the roles. `failed` hears of the death of a part without which the process can do nothing: it should be ended and
 * started again; what was accepted is not lost. Raises what the configuration or a taken port gives; whatever was started is stopped again then. */
export async function start(
  config: Config,
  roles: readonly Role[] = ROLES,
  options: { readonly log?: Log; readonly failed?: (error: Error) => void } = {},
): Promise<Running> {
  const house = await openHouse(config.demo ? await withDemoTenant(config) : config, options)
  const drains: (() => Promise<unknown>)[] = []
  const ports = { smtp: null as number | null, http: null as number | null, admin: null as number | null }
  const stop = async () => {
    // All at once, so that together they take no longer than one.
    await Promise.allSettled(drains.splice(0).map((drain) => drain()))
    await house.close()
  }
  try {
    drains.push(keepCurrent(house.catchUpPolicies, house.log))
    if (roles.includes('worker')) {
      house.workers.start()
      drains.push(() => house.workers.drain(DRAIN_MS))
      drains.push(keepTidy(house.tidy))
      if (house.tlsReports) drains.push(house.tlsReports.keep())
    }
    if (roles.includes('http')) {
      const app = await createHttpApp(house.services, config.demo ? await demoRoutes(config, () => ports.smtp) : [])
      drains.push(() => closeWithin(app, DRAIN_MS))
      await app.listen({ host: config.http.host, port: config.http.port })
      ports.http = portOf(app.server.address())
    }
    const operator = await createOperatorApp(house.services)
    drains.push(() => closeWithin(operator, DRAIN_MS))
    await operator.listen({ host: config.admin.host, port: config.admin.port })
    ports.admin = portOf(operator.server.address())
    if (roles.includes('smtp')) {
      drains.push(() => house.smtp.close())
      ports.smtp = (await house.smtp.listen()).port
    }
  } catch (error) {
    await stop()
    throw error
  }
  house.log.info('started', { roles, ...ports })
  return { house, ports, stop }
}

/** What only the demo serves; a production gateway never loads it. */
async function demoRoutes(config: Config, smtpPort: () => number | null): Promise<Routes[]> {
  const { simulatorRoutes } = await import('./http/routes/simulator.ts')
  return [simulatorRoutes({ files: demoFiles(config.dataDir), sink: config.demoSink, smtpPort })]
}

/** Lets running answers finish, then cuts those off that do not: a slow download must not keep the process. */
async function closeWithin(app: Awaited<ReturnType<typeof createHttpApp>>, ms: number): Promise<void> {
  const late = setTimeout(() => app.server.closeAllConnections(), ms)
  await app.close()
  clearTimeout(late)
}

const portOf = (address: ReturnType<import('node:net').Server['address']>): number | null =>
  address && typeof address === 'object' ? address.port : null
