import type { JWK } from 'jose'
import type { TenantId } from '../../shared/domain/index.ts'

export interface HttpConfig {
  /** Base of every URL that leaves the house, without a trailing slash; `https:` makes cookies `Secure` and `__Host-`. */
  readonly publicUrl: string
  /** Addresses or CIDR ranges of the reverse proxies whose `X-Forwarded-*` count. */
  readonly trustProxy: readonly string[]
  /** 32 bytes: seed of the Ed25519 key that signs our access tokens. */
  readonly tokenSeed: Uint8Array
  readonly issuers: readonly ForeignIssuer[]
  readonly limits: HttpLimits
  /** In demo mode: whom everybody may be. */
  readonly demo?: {
    readonly tenant: TenantId
    readonly domains: readonly string[]
    readonly persons: readonly { readonly address: string; readonly name: string }[]
  }
  /** What the manifests of the Outlook add-in say; what is left out follows from `publicUrl`. */
  readonly addin?: {
    /** GUID. */
    readonly id?: string | undefined
    readonly supportUrl?: string | undefined
  }
}

/** An OpenID provider whose access tokens count as well (Entra and the like). */
export interface ForeignIssuer {
  readonly tenant: TenantId
  /** Mail domains of the tenant: the add-in finds its way to sign in by them. */
  readonly domains?: readonly string[]
  /** Compared with `iss` exactly. */
  readonly issuer: string
  readonly audience: string
  /** Entra: the directory's id, which `tid` has to be; users are known by `oid`. */
  readonly directory?: string
  /** A scope that the token has to carry, in `scp` (Entra) or `scope` (RFC 9068). */
  readonly scope?: string
  /** Clients whose tokens count; every one when there are none. */
  readonly clients?: readonly string[]
  /** How the Outlook add-in signs its users in here. */
  readonly addIn?: { readonly clientId: string; readonly scope: string; readonly resource?: string | undefined }
  /** Where the keys are, or the keys themselves (RFC 7517). */
  readonly jwks: { readonly url: string } | { readonly keys: readonly JWK[] }
  /** Asymmetric ones only; default RS256, ES256 and EdDSA. */
  readonly algorithms?: readonly string[]
  /** Claim that holds the user's address; it has to be one that users cannot choose themselves. Default `preferred_username`. */
  readonly addressClaim?: string
}

export interface HttpLimits {
  /** Bytes of a JSON or form body, which is held in memory. */
  readonly body: number
  /** Bytes of a streamed mail or of all uploads of a reply. */
  readonly message: number
  /** Requests per minute and signed-in identity, or address where nobody is signed in. */
  readonly requests: number
  /** Token requests per minute and address. */
  readonly tokens: number
  /** Code requests and entries in the portal per minute and address. */
  readonly codes: number
}

export const defaultLimits: HttpLimits = {
  body: 16 * 1_048_576,
  message: 256 * 1_048_576,
  requests: 1200,
  tokens: 30,
  codes: 20,
}
