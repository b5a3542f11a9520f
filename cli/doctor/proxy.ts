import type { Config } from '../../server/config.ts'
import { networksOf } from '../../server/journey/ingress/networks.ts'
import { type Finding, ok, warning } from './finding.ts'

/** Nobody who sends mail by himself is taken for a load balancer: without a PROXY header he would be refused. */
export function checkProxies({ smtp, tenants }: Pick<Config, 'smtp' | 'tenants'>): Finding[] {
  if (smtp.proxyFrom.length === 0) return []
  const proxies = networksOf(smtp.proxyFrom)
  const both = tenants.flatMap(({ id, relays }) =>
    relays
      .filter(({ cidr }) => cidr.some((network) => proxies(network.split('/', 1)[0]!)))
      .map(({ name }) => `${id}/${name}`),
  )
  if (both.length === 0) return [ok('proxies', `the PROXY protocol is expected from ${smtp.proxyFrom.join(', ')}`)]
  return [
    warning(
      'proxies',
      `smtp.proxyFrom has addresses of the relays ${both.join(', ')}: their mail is refused unless it starts with a PROXY header`,
      'only the addresses of load balancers in smtp.proxyFrom',
    ),
  ]
}
