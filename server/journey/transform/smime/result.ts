import type { X509Certificate } from 'node:crypto'
import type { FaultCode } from '../../../../shared/fault/index.ts'
import type { OpenByteSource } from '../../../ports/bytes.ts'

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
  /** Object identifiers of what the signer's program says it can do (RFC 8551 2.5.2), best first; empty when it says nothing. */
  readonly capabilities: readonly string[]
  /** null: chains to an anchor, and the certificate may sign mail at the time asked about. */
  readonly trust: FaultCode | null
}

/** A signed-data whose content lies in a spool: of any size. */
export interface VerifiedOpaque extends Omit<VerifiedContent, 'content'> {
  /** The signed MIME entity; to be disposed of. */
  readonly content: OpenByteSource
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

/** What an encrypted container held, released because its integrity held as far as its form goes. */
interface Opened {
  /** False for CBC: nothing but an inner signature can tell whether it was altered; mark it, load nothing remote. */
  readonly authenticated: boolean
  /** Whose key opened it. */
  readonly certificate: X509Certificate
  /** One line for a receipt. */
  readonly layer: string
}

export interface DecryptedContent extends Opened {
  /** The MIME entity inside. */
  readonly content: Buffer
}

export interface OpenedContent extends Opened {
  /** The MIME entity inside; to be disposed of. */
  readonly content: OpenByteSource
}
