import type { X509Certificate } from 'node:crypto'
import type { MimeIndex } from '../../../mime/index-mime.ts'
import type { PgpIdentity, SmimeIdentity, VerificationKeys } from '../../../ports/keyring.ts'
import type { Unpacking } from '../openpgp/index.ts'
import type { Legacy } from '../smime/enveloped-read.ts'

export interface OpenKeys {
  readonly smime: readonly SmimeIdentity[]
  readonly pgp: readonly PgpIdentity[]
  readonly anchors: readonly X509Certificate[]
  /** What is known for verifying signatures of an address in canonical form. */
  verification(address: string): Promise<VerificationKeys>
}

export interface OpenOptions {
  /** Time of receipt, epoch ms: when certificates and keys must hold. */
  readonly at: number
  /** The sender as the caller shows it; nothing is `good` unless the mail's From says the same, and says it clearly. */
  readonly from: string
  /** Ciphers that are too weak to be opened without being asked; none by default. */
  readonly legacy?: Legacy
  /** What may still come out of compression in this mail, over all that it is opened for; by its size when left out. */
  readonly unpacking?: Unpacking
  /** Of `source`, where the caller has it already. */
  readonly index?: MimeIndex
}
