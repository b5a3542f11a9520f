import type { Damage, LayerKind, LayerState, VerdictState } from '../../../../shared/domain/index.ts'
import type { Harvest } from '../../../keys/harvest.ts'
import type { Entity } from '../../../mime/entity.ts'
import type { ByteSource } from '../../../ports/bytes.ts'

export interface Words {
  readonly de: string
  readonly en: string
}

/** Who the signature names; a claim unless the layer is `good`. Without control characters. */
export interface OpenedSigner {
  /** Mail address the certificate or key stands for; null when that is not known. */
  readonly address: string | null
  readonly name: string | null
  readonly issuer: string | null
  /** SHA-256 of the certificate, or OpenPGP fingerprint or key id; hex, lower case. */
  readonly fingerprint: string | null
}

export interface OpenedLayer {
  readonly kind: LayerKind
  /** As an auditor reads it; null where nothing is known. */
  readonly algorithm: string | null
  /** Signatures only. */
  readonly signer: OpenedSigner | null
  /** The signer's claim, epoch ms. */
  readonly signedAt: number | null
  readonly state: LayerState
  readonly words: Words
}

export interface Verdict {
  readonly state: VerdictState
  readonly words: Words
  /** Only of a good signature. */
  readonly signer: OpenedSigner | null
  /** null unless the verdict may come from it. */
  readonly damage: Damage | null
}

/** An entity whose body can be read from any place. */
export interface OpenedContent extends Entity {
  readonly bodySource: ByteSource
}

/** Contents are readable until it is disposed of. */
export interface OpenedMail extends AsyncDisposable {
  /** From the outside in. */
  readonly layers: readonly OpenedLayer[]
  /** The innermost readable entity; null while any layer around it is broken or closed. */
  readonly content: OpenedContent | null
  /**
   * The entity that a mail reader without our keys needs: without encryption and opaque signatures, with the clear signatures
   * inside of them, which it can verify itself. null where the mail as received is that already, and where nothing is released.
   */
  readonly readable: OpenedContent | null
  /** Subject from the protected header (RFC 9788) that the protection covers; null without one. */
  readonly subject: string | null
  /** Of a good S/MIME signature: the signer's certificate and what his program can do; null without one. */
  readonly harvest: Harvest | null
  readonly verdict: Verdict
}
