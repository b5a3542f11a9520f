/** A key that vouches for a domain; its public half stands at `<selector>._domainkey.<domain>`. */
export interface SigningKey {
  /** A-labels. */
  readonly domain: string
  readonly selector: string
  /** PKCS#8 or PKCS#1 PEM. */
  readonly key: string
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256'
}

/** When a copy is signed or sealed: each that leaves, or only one whose signatures we broke (or that came with none). */
export type SignWhen = 'always' | 'changed'

export interface DkimKey extends SigningKey {
  /** Fields that are signed, in place of the usual ones. */
  readonly headers?: readonly string[]
}
