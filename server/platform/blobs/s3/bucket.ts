import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import {
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { s3Fault, statusOf } from './faults.ts'
import type { S3Bounds, S3Options } from './options.ts'
import { type Persistence, persist } from './persist.ts'

/** Connections at once; a download holds one for as long as its reader takes. */
const CONNECTIONS = 256
const CONNECT_MS = 3_000

export interface Place {
  readonly Bucket: string
}

export interface Head extends HeadObjectCommandOutput {
  readonly ContentLength: number
}

/** The one bucket behind the store: every call is tried again within bounds. */
export class Bucket {
  readonly #client: S3Client
  readonly #place: Place
  readonly bounds: S3Bounds

  constructor(options: S3Options, bounds: S3Bounds) {
    this.#client = new S3Client(clientConfig(options))
    this.#place = { Bucket: options.bucket }
    this.bounds = bounds
  }

  /** What is no fault by nature (404, 412 ...) comes out as the SDK threw it; the rest as `store-unavailable` or `disk-full`. */
  call<T>(
    work: (client: S3Client, place: Place, at: { abortSignal: AbortSignal }) => Promise<T>,
    bounds: Partial<Persistence> = {},
  ): Promise<T> {
    return persist((abortSignal) => work(this.#client, this.#place, { abortSignal }), { ...this.bounds, ...bounds })
  }

  /** Time for a call that carries a body. */
  forBody(bytes: number): Persistence {
    const { deadline, attempt, slowest } = this.bounds
    const way = (bytes / slowest) * 1000
    return { deadline: deadline + way, attempt: attempt + way }
  }

  /** What the store says of an object; null when there is none. */
  async head(Key: string, bounds: Partial<Persistence> = {}): Promise<Head | null> {
    try {
      const head = await this.call(
        (client, place, at) => client.send(new HeadObjectCommand({ ...place, Key }), at),
        bounds,
      )
      return { ...head, ContentLength: head.ContentLength ?? 0 }
    } catch (error) {
      if (statusOf(error) !== 404) throw s3Fault(error)
    }
    // The answer to HEAD has no body: "no such key" and "no such bucket" look alike, and only one of them is the blob's end.
    try {
      await this.call(async (client, place, at) => {
        const { Body } = await client.send(new GetObjectCommand({ ...place, Key, Range: 'bytes=0-0' }), at)
        ;(Body as { destroy?(): void } | undefined)?.destroy?.()
      }, bounds)
    } catch (error) {
      if (statusOf(error) === 404 && (error as Error).name === 'NoSuchKey') return null
      throw s3Fault(error)
    }
    // It came in between: it was not there when asked.
    return null
  }
}

function clientConfig({ endpoint, region, pathStyle, credentials, ca }: S3Options): S3ClientConfig {
  const agent = { keepAlive: true, maxSockets: CONNECTIONS }
  return {
    region,
    forcePathStyle: pathStyle,
    ...(endpoint === null ? {} : { endpoint }),
    // A copy: the SDK writes into it, and the configuration is frozen.
    ...(credentials === null ? {} : { credentials: { ...credentials } }),
    // We try again ourselves: a put must know when it cannot tell whether the last try arrived.
    maxAttempts: 1,
    // Each body goes with Content-MD5 and its signed SHA-256, which every store checks; CRCs in trailers only some know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      // Agents, not their options: for a body with `Expect: 100-continue` the SDK else makes one of its own, without our authority.
      httpAgent: new HttpAgent(agent),
      httpsAgent: new HttpsAgent({ ...agent, ...(ca === null ? {} : { ca }), minVersion: 'TLSv1.2' }),
    },
  }
}
