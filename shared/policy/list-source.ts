/** Lists whose entries come from outside (a file, HTTP, LDAP): fetched by the gateway beforehand, handed to `decide` as values. */

export type ListType = 'string' | 'domain' | 'address' | 'group' | 'fileType'

export type ListOrigin =
  /** A path below the folder that the gateway's configuration names. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'http'; readonly url: string }
  /** `server` is a name of the gateway's configuration: no address and no password stands in a policy. */
  | {
      readonly kind: 'ldap'
      readonly server: string
      readonly base: string
      readonly filter: string
      readonly attribute: string
    }

/** What a policy says of such a list. */
export interface ListSource {
  readonly type: ListType
  readonly from: ListOrigin
  /** Seconds between two looks. */
  readonly refresh: number
  /** Seconds after which a copy that nobody could renew counts as unknown. */
  readonly maxAge: number
}

/** One copy of a list. */
export interface ListCopy {
  /** Equal content, equal version: hex. */
  readonly version: string
  readonly values: readonly string[]
  /** Epoch ms; from then on, by the time of receipt of the mail, the list is unknown. */
  readonly goodUntil: number
}

/** Copies by `set/list`. */
export type ListCopies = ReadonlyMap<string, ListCopy>

export const NO_LISTS: ListCopies = new Map()
