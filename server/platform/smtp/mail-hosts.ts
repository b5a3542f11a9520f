import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import type { Resolver } from '../../ports/dns.ts'
import { addressesOf, isOwnAddress, shuffled } from './addresses.ts'

/** A server to try for a domain. */
export interface MailHost {
  readonly host: string
  readonly preference: number
  /** The record that names it was validated. */
  readonly secure: boolean
}

/** Servers in the order to try them, or the reply that the domain's recipients get. */
export type MailHosts = { readonly hosts: readonly MailHost[] } | { readonly reply: string }

export interface OwnIdentity {
  /** Names of this installation's mail servers. */
  readonly names: readonly string[]
  /** Addresses of it that this machine does not have itself (behind translation, other nodes). */
  readonly addresses: readonly string[]
  /** Loopback addresses are ours; false where tests put the world there. */
  readonly loopback: boolean
}

const NO_DOMAIN = '550 5.1.2 The domain of the recipient does not exist'
const NO_SERVER = '550 5.1.2 The domain of the recipient has no mail server'
const NULL_MX = '556 5.1.10 The domain of the recipient takes no mail (null MX)'
const LOOP = '554 5.4.6 Mail for the domain of the recipient leads back to this gateway'

/** Servers considered before the loop is looked for; a domain with more has a mistake in its zone. */
const CONSIDERED = 20

/**
 * Where mail for a domain goes (RFC 5321 5.1): its MX, equal ones in random order; itself where it has none; nowhere with a null
 * MX (RFC 7505). Servers that come after ourselves are left out, for they would send it back. Raises `dns-unavailable`.
 */
export async function mailHosts(resolver: Resolver, domain: string, own: OwnIdentity): Promise<MailHosts> {
  const literal = addressLiteral(domain)
  if (literal !== null)
    return literal === '' ? { reply: NO_DOMAIN } : { hosts: [{ host: literal, preference: 0, secure: false }] }
  const name = domainToASCII(domain)
  if (name === '' || (!name.includes('.') && name !== 'localhost')) return { reply: NO_DOMAIN }
  const answer = await resolver.mx(name)
  if (!answer.exists) return { reply: NO_DOMAIN }
  if (answer.records.length === 1 && answer.records[0]!.exchange === '') return { reply: NULL_MX }
  const named = shuffled(answer.records)
    // An address is no host name (RFC 1035 3.3.9); the root among others says nothing.
    .filter(({ exchange }) => exchange !== '' && !isIP(exchange))
    .sort((a, b) => a.preference - b.preference)
    .slice(0, CONSIDERED)
  if (answer.records.length > 0 && named.length === 0) return { reply: NO_SERVER }
  if (named.length === 0) return await implicit(resolver, name, answer.secure, own)
  const hosts = named.map(({ exchange, preference }) => ({ host: exchange, preference, secure: answer.secure }))
  const ours = await firstOwn(resolver, hosts, own)
  const reachable = ours === null ? hosts : hosts.filter(({ preference }) => preference < ours)
  return reachable.length === 0 ? { reply: LOOP } : { hosts: reachable }
}

/** No MX: the domain's own address counts as one (RFC 5321 5.1). */
async function implicit(resolver: Resolver, name: string, secure: boolean, own: OwnIdentity): Promise<MailHosts> {
  const { addresses } = await addressesOf(resolver, name)
  if (addresses.length === 0) return { reply: NO_SERVER }
  if (own.names.includes(name) || addresses.some((address) => isOurs(address, own))) return { reply: LOOP }
  return { hosts: [{ host: name, preference: 0, secure }] }
}

/** Lowest preference at which we stand ourselves; null when we do not. */
async function firstOwn(resolver: Resolver, hosts: readonly MailHost[], own: OwnIdentity): Promise<number | null> {
  const ours = await Promise.all(
    hosts.map(async ({ host, preference }) => {
      if (own.names.includes(host)) return preference
      const found = await addressesOf(resolver, host).catch(() => null)
      return found?.addresses.some((address) => isOurs(address, own)) ? preference : null
    }),
  )
  const found = ours.filter((one) => one !== null)
  return found.length === 0 ? null : Math.min(...found)
}

function isOurs(address: string, own: OwnIdentity): boolean {
  if (own.addresses.includes(address)) return true
  const loopback = address === '::1' || address.startsWith('127.')
  return (own.loopback || !loopback) && isOwnAddress(address)
}

/** The address in `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3); '' when it is none, null for a name. */
function addressLiteral(domain: string): string | null {
  const inside = /^\[(?:IPv6:)?(.+)\]$/i.exec(domain)?.[1]
  if (inside === undefined) return domain.startsWith('[') ? '' : null
  return isIP(inside) ? inside : ''
}
