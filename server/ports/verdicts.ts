import type { Damage, LayerKind, LayerState, TenantId, VerdictState } from '../../shared/domain/index.ts'

/** What was found at one layer of a mail, as a client is told of it. */
export interface VerdictLayer {
  readonly kind: LayerKind
  readonly state: LayerState
  /** Fingerprint of the key that signed; null where none is known. */
  readonly key: string | null
}

/** What is said of a mail. */
export interface VerdictClaims {
  /** `internal`: mail of our own, which nobody had to open; the statement carries its class. */
  readonly state: VerdictState | 'internal'
  readonly damage: Damage | null
  /** Of a good signature alone. */
  readonly signer: {
    readonly address: string | null
    readonly name: string | null
    readonly issuer: string | null
  } | null
  readonly layers: readonly VerdictLayer[]
  /** Label id that answers keep; null for the tenant's default. */
  readonly classification: string | null
}

/** What a verdict is bound to. */
export interface VerdictMail {
  /** Address in From. */
  readonly from: string
  /** Without brackets, '' for none. */
  readonly messageId: string
  /** Id of the copy that is delivered. */
  readonly copy: string
}

/** What is signed for one copy. */
export interface VerdictStatement extends VerdictMail, VerdictClaims {}

export interface VerdictSigner {
  /** Signs with the tenant's key, at `time` (epoch ms); at most 960 characters without white space. */
  sign(tenant: TenantId, statement: VerdictStatement, time: number): Promise<string>
  /** Whether a token is ours, about this mail, and was written for this copy. */
  holds(tenant: TenantId, token: string, mail: VerdictMail): Promise<boolean>
}
