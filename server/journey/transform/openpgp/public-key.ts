import { type Key, readKey } from 'openpgp'
import { Fault } from '../../../../shared/fault/index.ts'
import { pgpConfig } from './config.ts'

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
  if (armored.length <= MAX_KEPT_CHARS) {
    kept.set(armored, key)
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break
      kept.delete(oldest)
    }
  }
  return key
}

/** The keys that can be read: one broken key must not hide what a good one proves. */
export async function publicKeysOf(armored: readonly string[]): Promise<Key[]> {
  const keys = await Promise.all(armored.map((text) => publicKeyOf(text).catch(() => null)))
  return keys.filter((key) => key !== null)
}
