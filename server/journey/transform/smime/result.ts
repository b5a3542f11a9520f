import type { X509Certificate } from 'node:crypto'
import type { FaultCode } from '../../../../shared/fault/index.ts'

/** What the readers of this room answer. A result exists only when the cryptography held; everything else is a Fault. */

/** One signature that is mathematically valid over exactly the content. Whether to believe the signer is `trust`. */
export interface VerifiedSigner {
  readonly certificate: X509Certificate
  /** Mail addresses the certificate vouches for; the From must be among them before anybody says "good". */
  readonly addresses: readonly string[]
  /** The signer's claim, epoch ms; null when it makes none. Never used for deciding validity. */
  readonly signedAt: number | null
  /** `ecdsa sha384` and the like. */
  readonly algorithm: string
  /** null: chains to an anchor, and the certificate may sign mail at the time asked about. */
  readonly trust: FaultCode | null
}

export interface VerifiedContent {
  readonly signers: readonly VerifiedSigner[]
  /** What was signed, an object identifier: a MIME entity is id-data. */
  readonly contentType: string
  /** Certificates that came along: what a directory may harvest. */
  readonly certificates: readonly X509Certificate[]
  /** The signed MIME entity of opaque signed-data; null for a detached signature, whose content the caller has. */
  readonly content: Buffer | null
}

export interface DecryptedContent {
  /** The MIME entity inside. */
  readonly content: Buffer
  /** False for AES-CBC: nothing but an inner signature can tell whether it was altered; mark it, load nothing remote. */
  readonly authenticated: boolean
  /** Whose key opened it. */
  readonly certificate: X509Certificate
  /** One line for a receipt. */
  readonly layer: string
}
