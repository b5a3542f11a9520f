/** Where a service of ours is reached: as the configuration names it and its adapter takes it. */

/** Where objects are and how they are kept. */
export interface S3Place {
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
}

/** A database of PostgreSQL. */
export interface PostgresPlace {
  /** Name, address, or the directory of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string | null
  /**
   * `none`: in the clear. `encrypted`: against listeners only, anybody may answer. `ca`: the certificate is by a trusted authority. `full`: and
   * it is the host's.
   */
  readonly tls: 'none' | 'encrypted' | 'ca' | 'full'
}
