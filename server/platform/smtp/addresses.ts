import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Fault } from '../../../shared/fault/index.ts'
import type { Resolver } from '../../ports/dns.ts'

/** Addresses of one host, in the order to try them. */
export interface HostAddresses {
  readonly addresses: readonly string[]
  /** The DNS answers about them were validated. What nobody answered has no part in it: else whoever suppresses one family would switch DANE off. */
  readonly secure: boolean
  /** The name they stand at after CNAMEs. */
  readonly name: string
}

/**
 * A and AAAA of a mail server. One family that cannot be looked up is no harm while the other has an address. Raises
 * `dns-unavailable`.
 */
export async function addressesOf(resolver: Resolver, host: string): Promise<HostAddresses> {
  const [six, four] = await Promise.allSettled([resolver.addresses(host, 6), resolver.addresses(host, 4)])
  const good = [six, four].flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const found = good.filter(({ records }) => records.length > 0)
  const failed = [six, four].find((one) => one.status === 'rejected')
  if (found.length === 0 && failed) throw failed.reason
  return {
    addresses: inOrder(
      six.status === 'fulfilled' ? six.value.records : [],
      four.status === 'fulfilled' ? four.value.records : [],
    ),
    secure: found.length > 0 && good.every(({ secure }) => secure),
    name: found[0]?.name ?? host,
  }
}

/** Addresses by the system's own look-up (hosts file included): for names that the operator wrote down. */
export async function systemAddresses(host: string): Promise<readonly string[]> {
  if (isIP(host)) return [host]
  try {
    const found = await lookup(host, { all: true })
    return inOrder(
      found.filter(({ family }) => family === 6).map(({ address }) => address),
      found.filter(({ family }) => family === 4).map(({ address }) => address),
    )
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOTFOUND') throw new Fault('next-hop-unreachable', `${host} has no address`, { cause: error })
    throw new Fault('dns-unavailable', host, { cause: error })
  }
}

/** IPv6 first, then turn by turn (RFC 8305 4); a family that this machine has no address of comes last. */
export function inOrder(six: readonly string[], four: readonly string[], has = families()): string[] {
  const [first, second] = has.six || !has.four ? [six, four] : [four, six]
  if (has.six !== has.four) return [...shuffled(first), ...shuffled(second)]
  const [a, b] = [shuffled(first), shuffled(second)]
  return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => [a[at], b[at]])
    .flat()
    .filter((address) => address !== undefined)
}

/** In random order: equal servers share the load (RFC 5321 5.1). */
export function shuffled<T>(items: readonly T[]): T[] {
  const out = [...items]
  for (let at = out.length - 1; at > 0; at--) {
    const other = Math.floor(Math.random() * (at + 1))
    ;[out[at], out[other]] = [out[other]!, out[at]!]
  }
  return out
}

/** Which families this machine has an address of that reaches further than itself. */
function families(): { six: boolean; four: boolean } {
  const outside = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter(({ internal }) => !internal))
  return {
    six: outside.some(({ family, address }) => family === 'IPv6' && !/^fe[89ab]/i.test(address)),
    four: outside.some(({ family }) => family === 'IPv4'),
  }
}

/** Whether an address is this machine's. */
export function isOwnAddress(address: string): boolean {
  if (address === '::1' || address === '::' || address === '0.0.0.0' || address.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((list) => (list ?? []).some((own) => own.address === address))
}
