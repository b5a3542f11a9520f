import type { Harvest } from '../../../keys/harvest.ts'
import type { Entity } from '../../../mime/entity.ts'
import type { ByteSource } from '../../../ports/bytes.ts'

/** What was found at one layer of a mail. */
export type LayerState =
  /** Signature: right, trusted, valid when signed and received, by the address in From. */
  | 'good'
  /** Encryption: opened, and its integrity held. */
  | 'decrypted'
  /** Encryption: opened, but nothing that is believed proves that the content was not altered (RFC 8551 2.8, EFAIL). */
  | 'no-integrity'
  | 'unknown-signer'
  | 'from-differs'
  | 'expired'
  | 'revoked'
  /** The key is too short, or the digest is one that can be forged. */
  | 'weak'
  /** The certificate or key may not sign mail. */
  | 'unusable'
  | 'broken'
  /** Only a part of the mail is signed or encrypted. */
  | 'not-covered'
  | 'undecryptable'
  /** A form this version does not read. */
  | 'not-opened'
  | 'too-deep'
  /** A protected mail is attached to this one: what it proves, it proves of itself. */
  | 'forwarded'

/** Of the mail as a whole: `plain` had nothing to open, `unsigned` was encrypted and nothing more. */
export type VerdictState = Exclude<LayerState, 'decrypted'> | 'unsigned' | 'plain'

/** What, by the header, changed a mail on its way. A claim: it explains a verdict and improves none. */
export type Damage = 'mailing-list' | 'forwarding'

export type LayerKind =
  | 'smime-signed'
  | 'smime-encrypted'
  | 'smime-other'
  | 'pgp-signed'
  | 'pgp-encrypted'
  | 'pgp-inline'
  | 'content'

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
