import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Fault } from '../../../../shared/fault/index.ts'
import type { BlobInfo } from '../../../ports/blobs.ts'
import type { Bucket, Head } from './bucket.ts'
import type { PartBuffers } from './buffers.ts'
import { nameOf, s3Fault, statusOf } from './faults.ts'
import type { Leftovers } from './leftovers.ts'
import type { S3Options } from './options.ts'
import { type Part, partsOf, type Whole } from './parts.ts'
import type { BucketRetention, Retention } from './retention.ts'

/** Names the put that wrote an object, so that a put whose answer was lost knows its own. */
const WRITTEN_BY = 'written-by'
/** S3's limit. */
const MOST_PARTS = 10_000
/** How long a put that failed tries to clear up before it leaves that to later, in ms. */
const CLEAR_UP = { deadline: 2_000, attempt: 1_500 }

export interface PutParts {
  readonly bucket: Bucket
  readonly buffers: PartBuffers
  readonly retention: BucketRetention
  readonly leftovers: Leftovers
  readonly options: Pick<S3Options, 'encryption' | 'kmsKey' | 'conditional'>
}

/** What every object is made with. */
type Kept = Omit<Retention, 'metadata'> & {
  readonly Key: string
  readonly Metadata: Record<string, string>
  readonly ServerSideEncryption?: 'AES256' | 'aws:kms'
  readonly SSEKMSKeyId?: string
  readonly IfNoneMatch?: '*'
}

/**
 * Writes one object that was not there before (`blob-locked` else), in one call when it fits into a part, else in parts.
 * Nothing is visible before the store acknowledged all of it. Whatever fails, nothing stays: at once where the store can
 * be reached, else as soon as it can.
 */
export async function putObject(
  parts: PutParts,
  key: string,
  content: AsyncIterable<Uint8Array>,
  retainUntil: number | undefined,
): Promise<BlobInfo> {
  const { bucket, buffers, retention, leftovers, options } = parts
  const kept = await retention.forPut(retainUntil)
  const writer = randomUUID()
  const { metadata, ...lock } = kept
  const object = {
    Key: key,
    Metadata: { ...metadata, [WRITTEN_BY]: writer },
    ...lock,
    ...(options.encryption === null ? {} : { ServerSideEncryption: options.encryption }),
    ...(options.kmsKey === null ? {} : { SSEKMSKeyId: options.kmsKey }),
  } satisfies Kept
  const once = options.conditional ? ({ IfNoneMatch: '*' } as const) : {}
  const whole: Whole = { size: 0, sha256: '' }
  /** Whether an object of ours may be there. */
  let sent = false
  let upload: string | undefined

  const isOurs = (head: Head | null) => head?.Metadata?.[WRITTEN_BY] === writer
  const free = async () => {
    if ((await bucket.head(key)) !== null) throw new Fault('blob-locked', 'the id is taken')
  }

  async function single(part: Part): Promise<void> {
    if (!options.conditional) await free()
    sent = true
    await bucket.call((client, place, at) => {
      const command = new PutObjectCommand({ ...place, ...object, ...once, ...body(part) })
      return client.send(signed(command, part), at)
    }, bucket.forBody(part.bytes.length))
  }

  async function inParts(first: Part, rest: AsyncIterator<Part>): Promise<void> {
    upload = await bucket.call(async (client, place, at) => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...place, ...object }), at)
      return UploadId
    })
    const where = { Key: key, UploadId: upload }
    const done: { PartNumber: number; ETag: string | undefined }[] = []
    for (let part = first; ; ) {
      const PartNumber = done.length + 1
      if (PartNumber > MOST_PARTS) throw new Fault('message-too-large', `more than ${MOST_PARTS} parts`)
      const { ETag } = await bucket.call((client, place, at) => {
        const command = new UploadPartCommand({ ...place, ...where, PartNumber, ...body(part) })
        return client.send(signed(command, part), at)
      }, bucket.forBody(part.bytes.length))
      done.push({ PartNumber, ETag })
      if (part.last) break
      part = (await rest.next()).value as Part
    }
    // Not every store looks at If-None-Match here.
    await free()
    sent = true
    await bucket.call((client, place, at) => {
      const MultipartUpload = { Parts: done }
      return client.send(new CompleteMultipartUploadCommand({ ...place, ...where, ...once, MultipartUpload }), at)
    })
  }

  async function clearUp(bounds?: typeof CLEAR_UP): Promise<void> {
    if (upload !== undefined) await abortUpload(bucket, key, upload, bounds)
    if (!sent) return
    const head = await bucket.head(key, bounds)
    if (head === null || !isOurs(head)) return
    await bucket.call(
      (client, place, at) => client.send(new DeleteObjectCommand({ ...place, Key: key, ...versionOf(head) }), at),
      bounds,
    )
  }

  const pieces = partsOf(content, { buffers, size: bucket.bounds.part, whole })
  try {
    try {
      const first = (await pieces.next()).value as Part
      await (first.last ? single(first) : inParts(first, pieces))
    } catch (error) {
      // An earlier try of the last call may have arrived although its answer did not: then the object is there, and ours.
      if (!sent || !isAnswerToRepeat(error) || !isOurs(await bucket.head(key))) throw error
    } finally {
      // Gives the buffer back, before anything that may take a while.
      await pieces.return(undefined)
    }
    if (upload !== undefined) await checkStored(whole.size)
  } catch (error) {
    await clearUp(CLEAR_UP).catch(() => leftovers.remove(() => clearUp()))
    if (isTaken(error)) throw new Fault('blob-locked', 'the id is taken')
    throw statusOf(error) === null ? error : s3Fault(error)
  }
  return whole

  /** The store put the parts together; that it put all of them, and locked the whole, is worth a look. */
  async function checkStored(size: number): Promise<void> {
    const head = await bucket.head(key)
    if (head?.ContentLength !== size)
      throw new Fault('store-unavailable', `${head?.ContentLength} of ${size} bytes were stored`)
    const { ObjectLockMode: Mode, ObjectLockRetainUntilDate: RetainUntilDate } = lock
    if (Mode === undefined || RetainUntilDate === undefined || head.ObjectLockRetainUntilDate !== undefined) return
    // Ceph forgets the lock of an upload in parts.
    await bucket.call((client, place, at) => {
      const Retention = { Mode, RetainUntilDate }
      return client.send(new PutObjectRetentionCommand({ ...place, Key: key, ...versionOf(head), Retention }), at)
    })
  }
}

/** Gives up an unfinished upload and what it holds; one that is over is fine. */
export async function abortUpload(
  bucket: Bucket,
  Key: string,
  UploadId: string,
  bounds: Partial<typeof CLEAR_UP> = {},
): Promise<void> {
  try {
    await bucket.call(
      (client, place, at) => client.send(new AbortMultipartUploadCommand({ ...place, Key, UploadId }), at),
      bounds,
    )
  } catch (error) {
    if (statusOf(error) !== 404) throw error
  }
}

/** Which version to delete, so that no marker hides bytes that should be gone. */
export function versionOf({ VersionId }: Head): { VersionId?: string } {
  return VersionId === undefined ? {} : { VersionId }
}

const isTaken = (error: unknown): boolean => statusOf(error) === 412

/** What a store says to a call that it has carried out before. */
const isAnswerToRepeat = (error: unknown): boolean => isTaken(error) || nameOf(error) === 'NoSuchUpload'

const body = ({ bytes, md5 }: Part) => ({ Body: bytes, ContentLength: bytes.length, ContentMD5: md5 })

/** Signs with the digest that was taken on the way: the SDK would hash all of it again, in one go. */
function signed<C extends PutObjectCommand | UploadPartCommand>(command: C, { sha256 }: Part): C {
  const stack = command.middlewareStack as PutObjectCommand['middlewareStack']
  stack.add(
    (next) => (args) => {
      ;(args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256
      return next(args)
    },
    { step: 'build', name: 'payloadDigest' },
  )
  return command
}
