import { domainToASCII } from 'node:url'
import { Fault } from '../../shared/fault/index.ts'
import type { Route } from '../ports/transport.ts'
import type { TenantProfile } from './tenant.ts'

type Routes = Pick<TenantProfile, 'routes' | 'routeByDomain'>

/** Recipients who share a transaction: one next hop, one lane of the queue. */
export interface Leg {
  readonly route: Route
  /** The route's name, or the recipients' domain with MX delivery: what shares limits, back-off and breaker. */
  readonly lane: string
  readonly recipients: readonly string[]
}

/**
 * The route of one recipient: what the policy chose, or what the tenant set for the domain (exactly, else the longest
 * `*.suffix`, else `*`), or the default relay. Raises `route-unknown`. Pure.
 */
export function routeOf(tenant: Routes, chosen: string, address: string): Route {
  const route = findRoute(tenant, chosen, address)
  if (!route) throw new Fault('route-unknown', chosen || 'the default route')
  return route
}

/** The same, undefined where there is none of the name. */
export function findRoute(tenant: Routes, chosen: string, address: string): Route | undefined {
  return tenant.routes[chosen === '' ? nameByDomain(tenant.routeByDomain ?? {}, domainOf(address)) : chosen]
}

/** Recipients parted by where they go, in their order. Raises `route-unknown`. Pure. */
export function legsOf(tenant: Routes, chosen: string, recipients: readonly string[]): Leg[] {
  const legs = new Map<string, { route: Route; lane: string; recipients: string[] }>()
  for (const address of recipients) {
    const route = routeOf(tenant, chosen, address)
    const lane = route.mx ? domainOf(address) : route.name
    const key = JSON.stringify([route.name, lane])
    const leg = legs.get(key) ?? { route, lane, recipients: [] }
    legs.set(key, leg)
    leg.recipients.push(address)
  }
  return [...legs.values()]
}

/** Like `legsOf`, for jobs: a route that is not there is the deliver job's fault, not that of the message's planning. */
export function lanesOf(
  tenant: Routes,
  chosen: string,
  recipients: readonly string[],
): { readonly lane: string; readonly recipients: readonly string[] }[] {
  try {
    return legsOf(tenant, chosen, recipients)
  } catch {
    return [{ lane: chosen, recipients }]
  }
}

function nameByDomain(names: Readonly<Record<string, string>>, domain: string): string {
  const exact = Object.hasOwn(names, domain) ? names[domain] : undefined
  if (exact !== undefined) return exact
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    const pattern = `*${domain.slice(dot)}`
    if (Object.hasOwn(names, pattern)) return names[pattern]!
  }
  return names['*'] ?? ''
}

/** As A-labels, lower case; an address literal as it stands. */
function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  return domain.startsWith('[') ? domain : domainToASCII(domain) || domain
}
