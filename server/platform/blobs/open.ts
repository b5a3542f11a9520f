import type { KeptBlobs } from '../../ports/blobs.ts'
import type { Clock } from '../../ports/clock.ts'
import { openFileBlobs } from './files.ts'
import type { S3Options } from './s3/options.ts'

/** As the configuration has it. */
export type BlobsPlace =
  | { readonly kind: 'files'; readonly root: string; readonly reserve: number }
  | ({ readonly kind: 's3' } & S3Options)

/** Opens the store that is configured; the SDK of S3 is loaded only for S3 (35 MB of memory). */
export async function openBlobs(place: BlobsPlace, clock?: Clock): Promise<KeptBlobs> {
  const time = clock === undefined ? {} : { clock }
  if (place.kind === 'files') return openFileBlobs({ root: place.root, reserveBytes: place.reserve, ...time })
  const { openS3Blobs } = await import('./s3/store.ts')
  return openS3Blobs(place, time)
}
