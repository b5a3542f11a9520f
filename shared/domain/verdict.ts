/**
 * The one list of what may be found when a mail is opened. A layer is one signature or encryption; the verdict is what all
 * layers come to.
 */

/** Findings that a layer may have and that may be the verdict on the whole mail, `good` apart. */
const SHORT_OF_GOOD = [
  /** Encryption: opened, but nothing that is believed proves that the content was not altered (RFC 8551 2.8, EFAIL). */
  'no-integrity',
  'unknown-signer',
  'from-differs',
  'expired',
  'revoked',
  /** The key is too short, or the digest is one that can be forged. */
  'weak',
  /** The certificate or key may not sign mail. */
  'unusable',
  'broken',
  /** Only a part of the mail is signed or encrypted. */
  'not-covered',
  'undecryptable',
  /** A form this version does not read. */
  'not-opened',
  'too-deep',
  /** A protected mail is attached to this one: what it proves, it proves of itself. */
  'forwarded',
] as const

export type LayerState =
  /** Signature: right, trusted, valid when signed and received, by the address in From. */
  | 'good'
  /** Encryption: opened, and its integrity held. */
  | 'decrypted'
  | (typeof SHORT_OF_GOOD)[number]

export const VERDICT_STATES = [
  /** There was nothing to open. */
  'plain',
  /** Encrypted and nothing more. */
  'unsigned',
  'good',
  ...SHORT_OF_GOOD,
] as const
export type VerdictState = (typeof VERDICT_STATES)[number]

export const LAYER_KINDS = [
  'smime-signed',
  'smime-encrypted',
  'smime-other',
  'pgp-signed',
  'pgp-encrypted',
  'pgp-inline',
  'content',
] as const
export type LayerKind = (typeof LAYER_KINDS)[number]

/** What, by the header, changed a mail on its way. A claim: it explains a verdict and improves none. */
export const DAMAGES = ['mailing-list', 'forwarding'] as const
export type Damage = (typeof DAMAGES)[number]
