import { BlockList, isIP, isIPv6 } from 'node:net'

/** Whether an address is in one of the networks (`192.0.2.0/24`, `2001:db8::/32`, or one address). */
export type Networks = (address: string) => boolean

export function networksOf(cidr: readonly string[]): Networks {
  if (cidr.length === 0) return () => false
  const list = new BlockList()
  for (const text of cidr) {
    const [address = '', bits] = text.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** Without the prefix that a listener for both families puts before an IPv4 peer. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/**
 * Whom limits by peer count as one: an IPv4 address, or the /64 of an IPv6 address, which is what one customer of a provider
 * has at least (RFC 6177).
 */
export function peerKey(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const before = head === '' ? [] : head.split(':')
  // What `::` stands for depends on the groups behind it; a dotted quad at the end is two of them.
  const behind = tail === undefined || tail === '' ? 0 : tail.split(':').length + (tail.includes('.') ? 1 : 0)
  const filled =
    tail === undefined ? before : [...before, ...Array<string>(Math.max(0, 8 - before.length - behind)).fill('0')]
  const groups = tail === undefined || tail === '' ? filled : [...filled, ...tail.split(':')]
  const prefix = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return `${prefix.join(':')}::/64`
}

/** `peer` is an address literal as a socket reports it, IPv4-mapped forms already reduced. */
export function isLoopback(peer: string): boolean {
  return peer === '::1' || (isIP(peer) === 4 && peer.startsWith('127.'))
}
