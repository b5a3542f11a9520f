import type { S3Place } from '../../../ports/places.ts'

export interface S3Options extends S3Place {
  /** null for what the SDK finds: variables, the container's or the machine's role. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** Authority of the endpoint's certificate, PEM; null for those of the system. */
  readonly ca: string | null
}

/** Times in ms and sizes in bytes. */
export interface S3Bounds {
  /** After this long without success a call raises `store-unavailable`. */
  readonly deadline: number
  /** One try of a call; the next one may find a gateway that is alive. */
  readonly attempt: number
  /** Bytes a second that a link has to carry: a body adds its time at this rate to both. */
  readonly slowest: number
  /** Without a byte for this long a download is taken up again elsewhere. */
  readonly idle: number
  /** Bytes in a part of a large object: at least 5 MiB, the least that S3 takes. */
  readonly part: number
  /** Bytes that all large uploads together may hold. */
  readonly held: number
}

export const DEFAULT_BOUNDS: S3Bounds = {
  deadline: 15_000,
  attempt: 10_000,
  slowest: 262_144,
  idle: 10_000,
  part: 5 * 1024 * 1024,
  held: 160 * 1024 * 1024,
}
