import type { Lane } from '../ports/store.ts'
import type { TenantProfile } from './tenant.ts'

/**
 * Jobs at once of a lane: twice the connections of its route, so that a connection has its next mail while the last one is
 * recorded. The transport holds the connections themselves to their number. Queues without next hops have no limit of a lane.
 */
export function laneLimit(tenant: Pick<TenantProfile, 'routes'> | null, { queue, lane }: Lane): number {
  if (queue !== 'deliver') return Number.POSITIVE_INFINITY
  const routes = Object.values(tenant?.routes ?? {})
  // A lane is a route's name, or a domain whose own hosts are asked.
  const route = tenant?.routes[lane] ?? routes.find(({ mx }) => mx)
  return 2 * (route?.connections ?? 1)
}
