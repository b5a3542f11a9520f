import type { HeadObjectCommandOutput, ObjectLockMode } from '@aws-sdk/client-s3'
import { GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3'
import { Fault } from '../../../../shared/fault/index.ts'
import type { Bucket } from './bucket.ts'
import { nameOf, s3Fault, statusOf } from './faults.ts'
import type { S3Options } from './options.ts'

const RETAIN_UNTIL = 'retain-until'
/** The last second that ISO 8601 writes with four digits of year. */
const LATEST = 253_402_300_799_000

/** What a put says about retention: our own word in the metadata, and the store's lock where the bucket has it. */
export interface Retention {
  readonly metadata: Readonly<Record<string, string>>
  readonly ObjectLockMode?: ObjectLockMode
  readonly ObjectLockRetainUntilDate?: Date
}

/**
 * How retention is kept in this bucket. The store's lock holds against everybody who has the keys; our word in the
 * metadata holds against this software, as the lock file beside a blob does. Asked once; a bucket that may not be asked
 * raises `store-unavailable`: a blob that only seems locked must not be written.
 */
export function retentionOf(bucket: Bucket, lock: S3Options['lock'], now: () => number) {
  let mode: Promise<ObjectLockMode | null> | null = null

  async function ask(): Promise<ObjectLockMode | null> {
    if (lock === 'none') return null
    if (lock !== 'auto') return lock === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE'
    try {
      const { ObjectLockConfiguration: found } = await bucket.call((client, where, at) =>
        client.send(new GetObjectLockConfigurationCommand(where), at),
      )
      return found?.ObjectLockEnabled === 'Enabled' ? 'COMPLIANCE' : null
    } catch (error) {
      if (nameOf(error) === 'ObjectLockConfigurationNotFoundError' || statusOf(error) === 501) return null
      if (statusOf(error) === 403)
        throw new Fault(
          'store-unavailable',
          'the bucket does not say whether it locks: allow s3:GetBucketObjectLockConfiguration, or say lock=none',
          { cause: error },
        )
      throw s3Fault(error)
    }
  }

  return {
    /** `COMPLIANCE`, `GOVERNANCE` or null, once the bucket was asked. */
    mode(): Promise<ObjectLockMode | null> {
      mode ??= ask()
      mode.catch(() => {
        mode = null
      })
      return mode
    },

    async forPut(retainUntil: number | undefined): Promise<Retention> {
      if (retainUntil === undefined) return { metadata: {} }
      const metadata = { [RETAIN_UNTIL]: String(retainUntil) }
      const locks = await this.mode()
      if (locks === null || retainUntil <= now()) return { metadata }
      // Whole seconds are all that some stores keep: never a moment too short.
      const until = new Date(Math.min(Math.ceil(retainUntil / 1000) * 1000, LATEST))
      return { metadata, ObjectLockMode: locks, ObjectLockRetainUntilDate: until }
    },

    /** The end of an object's retention, epoch ms; 0 for none. A word that cannot be read holds for ever: fail closed. */
    until(head: Kept): number {
      const word = head.Metadata?.[RETAIN_UNTIL]
      const own = word === undefined ? 0 : /^\d{1,16}$/.test(word) ? Number(word) : Number.POSITIVE_INFINITY
      return head.ObjectLockLegalHoldStatus === 'ON'
        ? Number.POSITIVE_INFINITY
        : Math.max(own, head.ObjectLockRetainUntilDate?.getTime() ?? 0)
    },

    holds(head: Kept): boolean {
      return this.until(head) > now()
    },
  }
}

type Kept = Pick<HeadObjectCommandOutput, 'Metadata' | 'ObjectLockRetainUntilDate' | 'ObjectLockLegalHoldStatus'>

export type BucketRetention = ReturnType<typeof retentionOf>
