/** Where objects are and how they are kept. */
export interface S3Options {
  readonly bucket: string
  /** Before every key: '' or with a slash at its end. */
  readonly prefix: string
  /** null for Amazon's own of the region. */
  readonly endpoint: string | null
  readonly region: string
  /** The bucket in the path instead of the host name. */
  readonly pathStyle: boolean
  /** Encryption by the store; null leaves it to the bucket's default. */
  readonly encryption: 'AES256' | 'aws:kms' | null
  readonly kmsKey: string | null
  /**
   * How a blob under retention is kept: by the bucket's object lock in this mode, or by our word alone (`none`). `auto`
   * asks the bucket and takes `compliance` where it can lock.
   */
  readonly lock: 'auto' | 'compliance' | 'governance' | 'none'
  /** Whether the store knows `If-None-Match: *`; without it two nodes could write one id at the same time. */
  readonly conditional: boolean
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
