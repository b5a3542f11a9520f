import type { X509Certificate } from 'node:crypto'
import type { PgpIdentity, SmimeIdentity } from '../../../ports/keyring.ts'

export interface OpenKeys {
  readonly smime: readonly SmimeIdentity[]
  readonly pgp: readonly PgpIdentity[]
  readonly anchors: readonly X509Certificate[]
  /** Armored OpenPGP keys that are known for an address in canonical form. */
  verification(address: string): Promise<readonly string[]>
}

export interface OpenOptions {
  /** Time of receipt, epoch ms: when certificates and keys must hold. */
  readonly at: number
  /** The sender as the caller shows it; nothing is `good` unless the mail's From says the same, and says it clearly. */
  readonly from: string
}
