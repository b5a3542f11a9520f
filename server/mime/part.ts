import type { HeaderField } from './entity.ts'

/** RFC 2045 6: what stands between the body on the wire and its content; `unknown` is any other token. */
export type TransferEncoding = '7bit' | '8bit' | 'binary' | 'quoted-printable' | 'base64' | 'unknown'

/**
 * One part of a message with its byte ranges in the source (ends are exclusive):
 *
 *     line       --boundary CRLF        the delimiter line that opens the part; equals `start` where there is none
 *     start      header fields
 *                CRLF                   the empty line
 *     bodyStart  body
 *     bodyEnd    CRLF                   belongs to the next delimiter (RFC 2046 5.1.1)
 *     end        --boundary CRLF        the next delimiter line; for the root: the end of the source
 */
export interface MimePart {
  /** Position in document order, the root is 0: the name of a part everywhere else. */
  readonly id: number
  readonly parent: number | null
  readonly depth: number
  readonly line: number
  readonly start: number
  readonly bodyStart: number
  readonly bodyEnd: number
  readonly end: number
  readonly fields: readonly HeaderField[]
  /** `type/subtype` in lower case; the default of RFC 2045 5.2 or RFC 2046 5.1.5 where the header says nothing usable. */
  readonly type: string
  /** Decoded parameters of Content-Type, names in lower case. */
  readonly parameters: ReadonlyMap<string, string>
  readonly encoding: TransferEncoding
  /** `inline`, `attachment`, another token in lower case, or null. */
  readonly disposition: string | null
  /** Decoded file name without any path, '' when there is none. */
  readonly fileName: string
  /** Further names that some reader shows for it. */
  readonly otherNames: readonly string[]
  /** Content-ID without brackets. */
  readonly contentId: string | null
  /** How the body was indexed: `multipart` and `message` have children, a `leaf` has bytes. */
  readonly shape: 'leaf' | 'multipart' | 'message'
  /** Signed or encrypted, or inside of such: no byte of it may change. */
  readonly opaque: boolean
  readonly children: readonly MimePart[]
  /** `multipart` only: start of the closing delimiter line, null when it is missing. */
  readonly closeLine: number | null
}

/** Where everything is in one message. `defects` names each ambiguity once; two mail readers may show such a mail differently. */
export interface MimeIndex {
  readonly size: number
  readonly root: MimePart
  /** All parts in document order, by `MimePart.id`. */
  readonly parts: readonly MimePart[]
  readonly defects: readonly string[]
}

export interface MimeLimits {
  /** Bytes of all headers together; above it `header-too-large`. */
  readonly headerBytes: number
  /** Above it `mime-too-complex`. */
  readonly parts: number
  /** Levels below the root; above it `mime-too-complex`. */
  readonly depth: number
}

export const DEFAULT_LIMITS: MimeLimits = { headerBytes: 1_048_576, parts: 1_000, depth: 50 }

/** The part and everything inside of it, in document order. */
export function* partsOf(part: MimePart): Generator<MimePart> {
  const stack: MimePart[] = [part]
  for (let next = stack.pop(); next; next = stack.pop()) {
    yield next
    stack.push(...next.children.toReversed())
  }
}
