import { decodedBody } from '../../../mime/decode.ts'
import { type MimePart, partsOf } from '../../../mime/part.ts'
import type { Inside } from './open-layers.ts'

const NAMED = /\.(?:pgp|gpg|asc)$/i
/** Files that are looked at; a mail with more has been named one by then, or is none of an honest sender. */
const LOOKED_AT = 50
/** Octets from which a container is known. */
const BEGINNING = 64
/** Session keys and encrypted data (RFC 9580 5.1, 5.3, 5.7, 5.13, 5.16). */
const ENCRYPTED: ReadonlySet<number> = new Set([1, 3, 9, 18, 20])

/** Files whose name says OpenPGP; those in attached messages protect nothing of this one. */
export function pgpFiles(root: MimePart): readonly MimePart[] {
  const inMessages = new Set<MimePart>()
  const found: MimePart[] = []
  for (const part of partsOf(root)) {
    if (part.shape === 'message' || inMessages.has(part)) for (const child of part.children) inMessages.add(child)
    else if (part.shape === 'leaf' && NAMED.test(part.fileName)) found.push(part)
  }
  return found.slice(0, LOOKED_AT)
}

/**
 * Whether an encrypted OpenPGP file is attached (keys and detached signatures have the same names). It stays closed: what is beside it
 * is from anybody, and a file is opened by whoever it is for.
 */
export async function hasEncryptedFile({ source, index }: Inside): Promise<boolean> {
  for (const part of pgpFiles(index.root)) {
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of decodedBody(source, part)) {
      pieces.push(piece)
      size += piece.length
      if (size >= BEGINNING) break
    }
    if (isEncrypted(Buffer.concat(pieces))) return true
  }
  return false
}

function isEncrypted(bytes: Buffer): boolean {
  const first = bytes[0] ?? 0
  if ((first & 0x80) === 0) return /^\s*-----BEGIN PGP MESSAGE-----/.test(bytes.toString('latin1', 0, BEGINNING))
  return ENCRYPTED.has((first & 0x40) !== 0 ? first & 0x3f : (first & 0x3c) >> 2)
}
