import { DeleteObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { Fault } from '../../../../shared/fault/index.ts'
import { type KeptBlobs, piecesOf } from '../../../ports/blobs.ts'
import type { Clock } from '../../../ports/clock.ts'
import { systemClock } from '../../clock.ts'
import { blobKey, kindPrefix } from '../layout.ts'
import { Bucket } from './bucket.ts'
import { PartBuffers } from './buffers.ts'
import { nameOf, s3Fault, statusOf } from './faults.ts'
import { Leftovers } from './leftovers.ts'
import { DEFAULT_BOUNDS, type S3Bounds, type S3Options } from './options.ts'
import { abortUpload, putObject, versionOf } from './put.ts'
import { retentionOf } from './retention.ts'
import { objectSource } from './source.ts'

/** Unfinished uploads of a process that died are given up after this time, in ms. */
const ABANDONED = 86_400_000

export interface S3Store extends KeptBlobs {
  /** How the bucket keeps blobs under retention; null: by our word in the metadata alone. */
  lockMode(): Promise<'COMPLIANCE' | 'GOVERNANCE' | null>
}

/**
 * Blobs as objects of one bucket, `<prefix><tenant>/<kind>/<id>`; several nodes may share it. Opening asks nothing of the
 * store: one that is away then makes calls fail and is found again by itself.
 */
export function openS3Blobs(
  options: S3Options,
  { clock = systemClock, ...given }: Partial<S3Bounds> & { readonly clock?: Clock } = {},
): S3Store {
  const bounds = { ...DEFAULT_BOUNDS, ...given }
  const bucket = new Bucket(options, bounds)
  const buffers = new PartBuffers({ size: bounds.part, total: bounds.held, patience: bounds.deadline })
  const retention = retentionOf(bucket, options.lock, () => clock.now())
  const leftovers = new Leftovers()
  /** Keys being written, so that two puts of one id in this process end early. */
  const writing = new Set<string>()
  leftovers.remove(() => giveUpAbandoned(bucket, options.prefix))

  return {
    async put(tenant, kind, id, content, { retainUntil } = {}) {
      const key = options.prefix + blobKey(tenant, kind, id)
      if (writing.has(key)) throw new Fault('blob-locked', 'the id is taken')
      writing.add(key)
      try {
        return await putObject({ bucket, buffers, retention, leftovers, options }, key, piecesOf(content), retainUntil)
      } finally {
        writing.delete(key)
      }
    },

    async open(tenant, kind, id) {
      const key = options.prefix + blobKey(tenant, kind, id)
      const head = await bucket.head(key)
      if (head === null) throw new Fault('blob-missing', `${kind} ${id}`)
      return objectSource(bucket, key, head)
    },

    async delete(tenant, kind, id) {
      const Key = options.prefix + blobKey(tenant, kind, id)
      const head = await bucket.head(Key)
      if (head === null) return
      if (retention.holds(head)) throw new Fault('blob-locked', `${kind} ${id}`)
      try {
        await bucket.call((client, place, at) =>
          client.send(new DeleteObjectCommand({ ...place, Key, ...versionOf(head) }), at),
        )
      } catch (error) {
        // The store's own lock, whose clock is what counts for it.
        if (head.ObjectLockMode !== undefined && nameOf(error) === 'AccessDenied')
          throw new Fault('blob-locked', `${kind} ${id}`, { cause: error })
        if (statusOf(error) !== 404) throw s3Fault(error)
      }
    },

    async *list(tenant, kind) {
      const Prefix = options.prefix + kindPrefix(tenant, kind)
      let ContinuationToken: string | undefined
      do {
        const page = await bucket
          .call((client, place, at) =>
            client.send(
              new ListObjectsV2Command({ ...place, Prefix, ...(ContinuationToken ? { ContinuationToken } : {}) }),
              at,
            ),
          )
          .catch((error) => {
            throw s3Fault(error)
          })
        for (const { Key = '' } of page.Contents ?? []) yield Key.slice(Prefix.length)
        ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined
      } while (ContinuationToken !== undefined)
    },

    async retainedUntil(tenant, kind, id) {
      const head = await bucket.head(options.prefix + blobKey(tenant, kind, id))
      return head === null ? null : retention.until(head) || null
    },

    free: async () => null,
    lockMode: () => retention.mode(),
  }
}

/** Nobody sees an unfinished upload, but it is paid for. */
async function giveUpAbandoned(bucket: Bucket, Prefix: string): Promise<void> {
  const { Uploads = [] } = await bucket.call((client, place, at) =>
    client.send(new ListMultipartUploadsCommand({ ...place, Prefix }), at),
  )
  for (const { Key, UploadId, Initiated } of Uploads) {
    if (Key === undefined || UploadId === undefined || Initiated === undefined) continue
    if (Date.now() - Initiated.getTime() > ABANDONED) await abortUpload(bucket, Key, UploadId)
  }
}
