import { readPrivateKey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import { pgpConfig } from './config.ts'

/**
 * The armored public part of an armored private key, and its fingerprint (hex, lower case). Raises `key-unusable` when it
 * cannot be read or is locked with a passphrase.
 */
export async function pgpPublicPart(armoredPrivate: string): Promise<{ armoredPublic: string; fingerprint: string }> {
  const key = await readPrivateKey({ armoredKey: armoredPrivate, config: pgpConfig }).catch((cause) => {
    throw new Fault('key-unusable', 'the private key cannot be read', { cause })
  })
  if (!key.isDecrypted()) throw new Fault('key-unusable', 'the private key is locked with a passphrase')
  return { armoredPublic: key.toPublic().armor(pgpConfig), fingerprint: key.getFingerprint() }
}
