import { base64Size, foldInto } from '../../../mime/encode.ts'
import type { SmimeIdentity } from '../../../ports/keyring.ts'
import type { SignatureScheme } from './signature-scheme.ts'
import {
  type Attributes,
  attributesOf,
  detachedSignedData,
  filled,
  type Signing,
  signatureOver,
} from './signed-data.ts'

/** Octets of one line of 76 characters (RFC 2045 6.8). */
const LINE = 57

/**
 * The signatures of one identity in one second differ in two places: the digest of the content and the signature itself.
 * Everything else is encoded once, and what stands in front of the digest (the certificates, most of it) is base64 already.
 */
interface Form {
  readonly scheme: SignatureScheme
  readonly second: number
  readonly attributes: Attributes
  /** By the length of the signature, which varies with ECDSA by some octets and shows in the lengths of what is around it. */
  readonly prints: Map<number, Print>
}

interface Print {
  /** Finished lines of base64. */
  readonly lines: Buffer
  /** What follows, with blanks; the signature is its end. */
  readonly rest: Buffer
  readonly digestAt: number
}

const forms = new WeakMap<SmimeIdentity, Form>()

function formOf(identity: SmimeIdentity, signing: Signing): Form {
  const { scheme, time } = signing
  const second = Math.floor(time / 1000)
  const known = forms.get(identity)
  if (known?.second === second && known.scheme === scheme) return known
  const made: Form = { scheme, second, attributes: attributesOf(identity, signing), prints: new Map() }
  forms.set(identity, made)
  return made
}

function printOf(identity: SmimeIdentity, { scheme, attributes, prints }: Form, length: number): Print {
  const known = prints.get(length)
  if (known) return known
  const whole = detachedSignedData(identity, scheme, attributes.encoded, Buffer.alloc(length))
  // Behind the attributes stand the algorithm and the signature. The first octet is another one where they are written.
  const written = whole.lastIndexOf(attributes.encoded.subarray(1)) - 1
  const digestAt = written + attributes.digestAt
  const from = digestAt - (digestAt % LINE)
  const lines = Buffer.allocUnsafe(base64Size(from))
  foldInto(lines, 0, whole.subarray(0, from))
  const made = { lines, rest: whole.subarray(from), digestAt: digestAt - from }
  prints.set(length, made)
  return made
}

/** US-ASCII around the lines of a signature, so that all of it is one buffer. */
interface Frame {
  readonly before: string
  readonly after: string
}

/**
 * A detached SignedData over content with this digest, in lines of base64; a promise where the thread pool signs. Raises
 * `key-unusable`, see `counterCheck`.
 */
export function detachedSignature(
  identity: SmimeIdentity,
  digest: Buffer,
  signing: Signing,
  frame: Frame = { before: '', after: '' },
): Buffer | Promise<Buffer> {
  const form = formOf(identity, signing)
  return signatureOver(identity, form.scheme, filled(form.attributes, digest), (made) =>
    print(printOf(identity, form, made.length), digest, made, frame),
  )
}

function print({ lines, rest, digestAt }: Print, digest: Buffer, signature: Buffer, { before, after }: Frame): Buffer {
  const end = Buffer.from(rest)
  end.set(digest, digestAt)
  end.set(signature, end.length - signature.length)
  const linesAt = before.length
  const endAt = linesAt + lines.length
  const afterAt = endAt + base64Size(end.length)
  const out = Buffer.allocUnsafe(afterAt + after.length)
  out.write(before, 'latin1')
  out.set(lines, linesAt)
  foldInto(out, endAt, end)
  out.write(after, afterAt, 'latin1')
  return out
}
