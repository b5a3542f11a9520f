import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Fault } from '../../../../shared/fault/index.ts'

/** AES-256 key wrap with padding (RFC 5649, id-aes256-wrap-pad) and its fixed alternative initial value. */
const ALGORITHM = 'id-aes256-wrap-pad'
const INITIAL_VALUE = Buffer.from('a65959a6', 'hex')

/** A fresh data key for one stored object: 32 random bytes, never used for a second one. */
export function newDataKey(): Buffer {
  return randomBytes(32)
}

/** Wraps a data key under the tenant's key encryption key; base64, 40 bytes inside. */
export function wrapDataKey(keyEncryptionKey: Uint8Array, dataKey: Uint8Array): string {
  const cipher = createCipheriv(ALGORITHM, keyEncryptionKey, INITIAL_VALUE)
  return Buffer.concat([cipher.update(dataKey), cipher.final()]).toString('base64')
}

/** Raises `blob-damaged` when the text was altered or belongs to another tenant. */
export function unwrapDataKey(keyEncryptionKey: Uint8Array, wrapped: string): Buffer {
  const decipher = createDecipheriv(ALGORITHM, keyEncryptionKey, INITIAL_VALUE)
  try {
    const dataKey = Buffer.concat([decipher.update(Buffer.from(wrapped, 'base64')), decipher.final()])
    // OpenSSL unwraps the empty text to the empty key without a word.
    if (dataKey.length === 32) return dataKey
  } catch (cause) {
    throw new Fault('blob-damaged', 'the data key cannot be unwrapped', { cause })
  }
  throw new Fault('blob-damaged', 'the data key has another length')
}
