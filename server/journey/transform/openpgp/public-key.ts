import { type Config, type Key, readKey, type SignaturePacket, type Subkey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import { pgpConfig, revocationConfig } from './config.ts'

/** A key flooded with foreign certifications is refused: each one costs time, and none is looked at. */
const MAX_KEY_CHARS = 1_000_000
/** Keys kept parsed, the ones used longest ago leave first; a larger key is read anew each time. */
const KEPT = 500
const MAX_KEPT_CHARS = 32_768

const kept = new Map<string, Key>()

/**
 * Parses an armored public key; a correspondent's key is parsed and its self-signatures are checked once, which takes
 * longer than encrypting to it. Raises `key-unusable`, for a private key as well: they are never passed around as public ones.
 */
export async function publicKeyOf(armored: string): Promise<Key> {
  const known = kept.get(armored)
  if (known) {
    kept.delete(armored)
    kept.set(armored, known)
    return known
  }
  if (armored.length > MAX_KEY_CHARS) throw new Fault('key-unusable', 'the key is larger than 1 MB')
  const key = await readKey({ armoredKey: armored, config: pgpConfig }).catch((cause) => {
    throw new Fault('key-unusable', 'the text is not an OpenPGP key', { cause })
  })
  if (key.isPrivate()) throw new Fault('key-unusable', 'the text is a private key')
  await dropWeaklyRevoked(key)
  if (armored.length <= MAX_KEPT_CHARS) {
    kept.set(armored, key)
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break
      kept.delete(oldest)
    }
  }
  return key
}

/** The library passes over a revocation whose hash is too weak for it: such a subkey is as if it were not there. */
async function dropWeaklyRevoked(key: Key): Promise<void> {
  for (const subkey of [...key.subkeys]) {
    if (subkey.revocationSignatures.length === 0 || (await isRevoked(subkey, pgpConfig))) continue
    if (await isRevoked(subkey, revocationConfig)) key.subkeys.splice(key.subkeys.indexOf(subkey), 1)
  }
}

/** Whenever that was. The types want the binding that is revoked; without one any revocation of the key counts. */
function isRevoked(subkey: Subkey, config: Config): Promise<boolean> {
  const any = null as unknown as SignaturePacket
  return subkey.isRevoked(any, subkey.mainKey.keyPacket, null as unknown as Date, config)
}

/** The keys that can be read: one broken key must not hide what a good one proves. */
export async function publicKeysOf(armored: readonly string[]): Promise<Key[]> {
  const keys = await Promise.all(armored.map((text) => publicKeyOf(text).catch(() => null)))
  return keys.filter((key) => key !== null)
}
