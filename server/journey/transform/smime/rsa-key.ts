import { constants, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** What an RSA operation takes beside the key. */
interface RsaOptions {
  readonly padding: number
  readonly oaepHash?: string
  readonly saltLength?: number
}

export const PKCS1: RsaOptions = { padding: constants.RSA_PKCS1_PADDING }
/** RSASSA-PSS with SHA-256 and a salt as long as it. */
export const PSS_SHA256: RsaOptions = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
export const OAEP_SHA256: RsaOptions = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }

const carriers = new WeakMap<RsaOptions, WeakMap<KeyObject, KeyObject>>()

/**
 * A key that carries the options itself. node:crypto reads `padding` and `oaepHash` from its key argument; of an object
 * that wraps key and options it first finds out, with two exceptions it catches, that the wrapper is no key: 17 µs, a
 * third of an encryption. The key is a copy, because for signing the same options would mean something else.
 */
export function carrying(key: KeyObject, options: RsaOptions): KeyObject {
  let known = carriers.get(options)
  if (!known) {
    known = new WeakMap()
    carriers.set(options, known)
  }
  const found = known.get(key)
  if (found) return found
  const made = Object.assign(copyOf(key), options)
  known.set(key, made)
  return made
}

function copyOf(key: KeyObject): KeyObject {
  return key.type === 'private'
    ? createPrivateKey({ key: key.export({ type: 'pkcs8', format: 'der' }), format: 'der', type: 'pkcs8' })
    : createPublicKey({ key: key.export({ type: 'spki', format: 'der' }), format: 'der', type: 'spki' })
}
