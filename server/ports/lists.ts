import type { ListOrigin } from '../../shared/policy/index.ts'

export interface ReadList {
  readonly values: readonly string[]
  /** By which the source tells whether it changed (ETag, time of change); null when it has no such thing. */
  readonly tag: string | null
}

/** Where lists of a tenant's policy come from. One try a call, bounded in time and size. */
export interface ListReader {
  /**
   * The whole list, or null when it is still what `known` is the tag of. Raises `effect-unreachable` (try again) or
   * `effect-refused` (what the policy names is not allowed here, or what came is no list).
   */
  read(origin: ListOrigin, known: string | null): Promise<ReadList | null>
}

/** Hosts that lists may come from by HTTPS. */
export interface HttpLists {
  /** With a port where it is not 443. */
  readonly hosts: readonly string[]
  /** Trusted beside the system's, PEM. */
  readonly ca: readonly string[]
  /** From the first byte to the last, ms. */
  readonly timeoutMs?: number
}

export interface LdapServer {
  /** `ldaps://host:636`, or `ldap://host` which is turned to TLS before anything is said (RFC 4511 4.14). */
  readonly url: string
  readonly bindDn: string | null
  readonly password: string | null
  /** Trusted beside the system's, PEM. */
  readonly ca: readonly string[]
  readonly timeoutMs?: number
}

/** What the operator allows the policies of one tenant to fetch. */
export interface ListAccess {
  readonly directory: string | null
  readonly http: HttpLists
  readonly ldap: Readonly<Record<string, LdapServer>>
}
