import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Resolver } from '../../ports/dns.ts'
import type { Route } from '../../ports/transport.ts'
import { addressesOf, type HostAddresses, shuffled, systemAddresses } from './addresses.ts'
import { type CountedPolicy, type DomainWish, demandFor } from './demand.ts'
import { type MailHost, mailHosts, type OwnIdentity } from './mail-hosts.ts'
import type { TlsDemand } from './session.ts'
import type { StsFound, StsPolicies } from './sts-policies.ts'

/** One host that may take the mail, in the order to try. */
export interface Candidate {
  readonly host: string
  readonly port: number
  /** What TLS has to be there. Raises HostForbidden, `dns-unavailable`. */
  demand(): Promise<{ readonly demand: TlsDemand; readonly counted: CountedPolicy }>
  /** Raises `dns-unavailable` or `next-hop-unreachable`. */
  addresses(): Promise<readonly string[]>
}

export interface Candidates {
  readonly hosts: readonly Candidate[]
  /** Policy domain of TLS-RPT; null for a next hop of the operator's own. */
  readonly domain: string | null
  readonly sts: StsFound | null
}

/** Hosts of a route's next hop: the first, then by preference, equal ones in random order. */
export function nextHopCandidates(resolver: Resolver, route: Route, level: Route['tls']): Candidates {
  const all = [{ host: route.host, port: route.port, preference: 0 }, ...(route.others ?? [])]
  const hosts = (all.length === 1 ? all : shuffled(all).sort((a, b) => a.preference - b.preference)).map(
    ({ host, port }): Candidate => {
      const look = once(() => addressesOfNextHop(resolver, host))
      // Without DANE the demand needs no look-up: a mail on a kept connection must not wait for the DNS.
      const found = async () =>
        resolver.validating && isIP(host) === 0 ? await look() : { addresses: [], secure: false, name: host }
      return {
        host,
        port,
        demand: async () => demandFor(resolver, level, { host, port, found: await found() }, null),
        addresses: async () => (await look()).addresses,
      }
    },
  )
  return { hosts, domain: null, sts: null }
}

/** Hosts of a recipient's domain, or the reply its recipients get. Raises `dns-unavailable`. */
export async function domainCandidates(
  { resolver, policies, own }: { resolver: Resolver; policies: StsPolicies; own: OwnIdentity },
  route: Route,
  level: Route['tls'],
  domain: string,
): Promise<Candidates | { readonly reply: string }> {
  const found = await mailHosts(resolver, domain, own)
  if ('reply' in found) return found
  const name = domain.startsWith('[') ? null : domainToASCII(domain)
  const sts = name === null ? null : await policies.of(name)
  const hosts = found.hosts.map((one) =>
    candidateOf(resolver, route.port, level, one, { domain: name ?? domain, secure: one.secure, sts }),
  )
  return { hosts, domain: name, sts }
}

function candidateOf(
  resolver: Resolver,
  port: number,
  level: Route['tls'],
  { host }: MailHost,
  wish: DomainWish,
): Candidate {
  const look = once(
    async (): Promise<HostAddresses> =>
      isIP(host) ? { addresses: [host], secure: false, name: host } : await addressesOf(resolver, host),
  )
  return {
    host,
    port,
    demand: async () => demandFor(resolver, level, { host, port, found: await look() }, wish),
    addresses: async () => (await look()).addresses,
  }
}

async function addressesOfNextHop(resolver: Resolver, host: string): Promise<HostAddresses> {
  if (resolver.validating && isIP(host) === 0) {
    const found = await addressesOf(resolver, host).catch(() => null)
    if (found && found.addresses.length > 0) return found
  }
  return { addresses: await systemAddresses(host), secure: false, name: host }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let under: Promise<T> | null = null
  return () => {
    under ??= work()
    return under
  }
}
