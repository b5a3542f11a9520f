import { Fault } from '../../../shared/fault/index.ts'
import type { Resolver } from '../../ports/dns.ts'
import type { Route } from '../../ports/transport.ts'
import type { HostAddresses } from './addresses.ts'
import { usableTlsa } from './certificate.ts'
import { stsAllows } from './mta-sts.ts'
import type { TlsDemand } from './session.ts'
import type { StsFound } from './sts-policies.ts'

/** What the domain that a server stands for says of TLS. */
export interface DomainWish {
  readonly domain: string
  /** The MX answer was validated. */
  readonly secure: boolean
  readonly sts: StsFound | null
}

/** The policy that a session is counted under in TLS-RPT (RFC 8460 4.2). */
export interface CountedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found'
  readonly strings: readonly string[]
  readonly mx: readonly string[]
}

export interface HostDemand {
  readonly demand: TlsDemand
  readonly counted: CountedPolicy
}

/** A server that the recipient's domain does not let us use. The fault is `tls-required`. */
export class HostForbidden extends Fault {
  readonly failure: 'tlsa-invalid' | 'dnssec-invalid' | 'validation-failure'
  readonly counted: CountedPolicy
  constructor(failure: HostForbidden['failure'], counted: CountedPolicy, detail: string, cause?: unknown) {
    super('tls-required', detail, cause === undefined ? {} : { cause })
    this.failure = failure
    this.counted = counted
  }
}

const NO_POLICY: CountedPolicy = { type: 'no-policy-found', strings: [], mx: [] }

/**
 * What TLS to one server has to be. The strictest of: the route's own level, DANE (RFC 7672), MTA-STS (RFC 8461). DANE wins
 * over MTA-STS where it has records. Raises HostForbidden: DANE records that cannot be looked up forbid the server for now,
 * for an attacker would suppress them (RFC 7672 2.1.2); so does MTA-STS when it does not name the server.
 *
 * @param level the least that is wanted: the route's, raised by REQUIRETLS
 * @param wish null for a next hop of the operator's own
 */
export async function demandFor(
  resolver: Resolver,
  level: Route['tls'],
  { host, port, found }: { readonly host: string; readonly port: number; readonly found: HostAddresses },
  wish: DomainWish | null,
): Promise<HostDemand> {
  const byDane = await daneDemand(resolver, level, host, port, found, wish)
  if (byDane) return byDane
  const sts = wish?.sts?.policy
  if (wish && sts && sts.mode !== 'none') return stsDemand(level, host, wish.domain, sts)
  // What proves a server of a domain that says nothing: a certificate for the domain itself, or for a name that was signed.
  const names = wish ? [wish.domain, ...(wish.secure ? [host] : [])] : [host]
  return { demand: plainDemand(level, host, names), counted: NO_POLICY }
}

/** The route's own level. */
function plainDemand(level: Route['tls'], host: string, names: readonly string[]): TlsDemand {
  const proved = level === 'verified' || level === 'implicit'
  return {
    start: (
      {
        none: 'never',
        opportunistic: 'if-offered',
        required: 'required',
        verified: 'required',
        implicit: 'implicit',
      } as const
    )[level],
    proof: proved ? { by: 'name', names } : null,
    binding: proved,
    servername: host,
    policy: level,
  }
}

function stsDemand(
  level: Route['tls'],
  host: string,
  domain: string,
  policy: NonNullable<StsFound['policy']>,
): HostDemand {
  const counted: CountedPolicy = {
    type: 'sts',
    strings: [
      'version: STSv1',
      `mode: ${policy.mode}`,
      ...policy.mx.map((mx) => `mx: ${mx}`),
      `max_age: ${policy.maxAge}`,
    ],
    mx: policy.mx,
  }
  const allowed = stsAllows(policy, host)
  if (policy.mode === 'enforce') {
    if (!allowed)
      throw new HostForbidden('validation-failure', counted, `${host} is not in the MTA-STS policy of ${domain}`)
    const demand: TlsDemand = {
      start: 'required',
      proof: { by: 'mta-sts', names: [host] },
      binding: true,
      servername: host,
      policy: 'mta-sts enforce',
    }
    return { demand, counted }
  }
  // `testing` binds nobody: the route's own level does, and what would have failed is reported.
  const own = plainDemand(level, host, [domain])
  if (own.binding) return { demand: own, counted }
  const start = own.start === 'never' ? 'if-offered' : own.start
  const demand: TlsDemand = {
    ...own,
    start,
    // A name that the policy does not have is never the certificate's: it is reported as a mismatch.
    proof: { by: 'mta-sts', names: allowed ? [host] : [] },
    policy: 'mta-sts testing',
  }
  return { demand, counted }
}

async function daneDemand(
  resolver: Resolver,
  level: Route['tls'],
  host: string,
  port: number,
  found: HostAddresses,
  wish: DomainWish | null,
): Promise<HostDemand | null> {
  // RFC 7672 2.2: names and addresses must be signed; a next hop that the operator wrote down needs no MX.
  if (!resolver.validating || !found.secure || (wish && !wish.secure) || level === 'none' || level === 'implicit')
    return null
  const bases = found.name === host ? [host] : [found.name, host]
  for (const base of bases) {
    const name = `_${port}._tcp.${base}`
    const answer = await resolver.tlsa(name).catch((cause: unknown) => {
      throw new HostForbidden(
        'dnssec-invalid',
        { type: 'tlsa', strings: [], mx: [host] },
        `the DANE records of ${host} cannot be looked up`,
        cause,
      )
    })
    if (!answer.secure || answer.records.length === 0) continue
    const records = usableTlsa(answer.records)
    const counted: CountedPolicy = {
      type: 'tlsa',
      strings: answer.records.map(
        (one) => `${one.usage} ${one.selector} ${one.matchingType} ${one.data.toString('hex')}`,
      ),
      mx: [host],
    }
    if (records.length === 0) {
      // Records that nobody can use still say that there is TLS (RFC 7672 2.2); who wants more gets more.
      const own = plainDemand(level, host, wish ? [wish.domain, host] : [host])
      const demand: TlsDemand = own.binding ? own : { ...own, start: 'required', policy: 'dane, records unusable' }
      return { demand, counted }
    }
    const names = [...new Set([base, host, ...(wish ? [wish.domain] : [])])]
    return {
      demand: {
        start: 'required',
        proof: { by: 'dane', names, records },
        binding: true,
        servername: base,
        policy: 'dane',
      },
      counted,
    }
  }
  return null
}
