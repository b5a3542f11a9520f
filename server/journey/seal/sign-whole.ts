import { parseHeader } from '../../mime/header.ts'
import { headerBytes } from '../../mime/write.ts'
import { hashOf } from './body-hash.ts'
import { keysFor, signHeader } from './dkim.ts'
import type { DkimKey } from './signing-key.ts'

/**
 * A small mail in memory, signed by the keys of its author's domain; the very same bytes where there is none. Raises
 * `key-unusable`.
 */
export async function signWhole(keys: readonly DkimKey[], message: Buffer, at: number): Promise<Buffer> {
  const end = message.indexOf('\r\n\r\n')
  const header = end < 0 ? message : message.subarray(0, end + 2)
  const { fields } = parseHeader(header)
  const own = keysFor(keys, fields)
  if (own.length === 0) return message
  const body = end < 0 ? Buffer.alloc(0) : message.subarray(end + 4)
  const signatures = await signHeader(fields, await hashOf(once(body)), own, at)
  // `headerBytes` ends with the empty line, which here does not follow yet.
  return Buffer.concat([headerBytes(signatures).subarray(0, -2), message])
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
