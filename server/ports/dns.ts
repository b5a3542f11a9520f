/** What the DNS says about one name and type. */
export interface DnsAnswer<T> {
  readonly records: readonly T[]
  /** False for NXDOMAIN: nothing of any type stands at the name. */
  readonly exists: boolean
  /** The answer, or that there is none, was validated by a resolver we trust to do so (AD, RFC 4035 3.2.3). */
  readonly secure: boolean
  /** The name that the records stand at after CNAMEs (RFC 1034 3.6.2); lower case, without the last dot. */
  readonly name: string
}

export interface MxRecord {
  readonly preference: number
  /** Lower case, without the last dot; '' in a null MX (RFC 7505). */
  readonly exchange: string
}

/** Association of a name with a certificate or key (RFC 6698 2.1). */
export interface TlsaRecord {
  readonly usage: number
  readonly selector: number
  readonly matchingType: number
  readonly data: Buffer
}

/**
 * Look-ups. Every method raises `dns-unavailable` when there is no answer (SERVFAIL, REFUSED, timeout, garbage): that is not
 * the same as an answer that says there is nothing.
 */
export interface Resolver {
  /** `secure` can be true at all. */
  readonly validating: boolean
  mx(name: string): Promise<DnsAnswer<MxRecord>>
  /** Text form of IPv4 or IPv6 addresses. */
  addresses(name: string, family: 4 | 6): Promise<DnsAnswer<string>>
  /** The strings of each record joined (RFC 7208 3.3, RFC 8461 3.1). */
  txt(name: string): Promise<DnsAnswer<string>>
  /** Host names that an address stands for: `name` is its name below in-addr.arpa or ip6.arpa. */
  ptr(name: string): Promise<DnsAnswer<string>>
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>>
}
