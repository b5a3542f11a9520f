import type { ByteStream } from '../ports/bytes.ts'

/**
 * A MIME entity as it will stand on the wire (RFC 2045): header lines and a body that is produced when it is written.
 * Bodies are already transfer-encoded, with CRLF line ends; nothing is held in memory.
 */
export interface Entity {
  readonly header: readonly HeaderField[]
  /** Body bytes after the empty line. Can be started again and yields the same bytes, unless `once` says otherwise. */
  readonly body: ByteStream
  /** The body can be produced a single time (fresh random numbers, one-pass encryption). */
  readonly once?: boolean
  /** Body length in bytes where it is known beforehand. */
  readonly size?: number
  /** The body is what its source holds from this offset to its end, so whoever has the source need not store it again. */
  readonly tailFrom?: number
}

/** One header field. `raw` is the exact line(s) with folding, without the final CRLF. */
export interface HeaderField {
  /** Lower case. */
  readonly name: string
  readonly raw: Buffer
  /** Place in the header it was read from: fields that were parted find back to their order (see `messageOf`). */
  readonly at?: number
}
