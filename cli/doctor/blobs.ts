import { randomUUID } from 'node:crypto'
import type { Config } from '../../server/config.ts'
import { openBlobs } from '../../server/platform/blobs/open.ts'
import type { BlobStore } from '../../server/ports/blobs.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { toFault } from '../../shared/fault/index.ts'
import { error, type Finding, ok, warning } from './finding.ts'

const CHECK = 'blobs'
const PROBE = tenantId('secflow-doctor')

/** The bucket takes, gives back, keeps apart and deletes a probe. Nothing for blobs in files: `disk` says it. */
export async function checkBlobs({ blobs: place, tenants }: Config): Promise<Finding[]> {
  if (place.kind !== 's3') return []
  const where = `s3://${place.bucket}/${place.prefix}`
  const id = randomUUID()
  let step = 'written'
  try {
    // Two of them: the second one stands for another node.
    const [blobs, other] = [await openBlobs(place), await openBlobs(place)]
    await blobs.put(PROBE, 'spool', id, text('probe'))
    step = 'read'
    if ((await read(other, id)) !== 'probe') throw new Error('other bytes came back')
    step = 'protected against a second writer'
    const again = await other.put(PROBE, 'spool', id, text('other')).then(
      () => 'overwritten',
      (thrown) => toFault(thrown).code,
    )
    step = 'deleted'
    await blobs.delete(PROBE, 'spool', id)
    if (again === 'overwritten')
      return [error(CHECK, `${where} does not know If-None-Match`, 'conditional=false in blobs.url, and one node only')]
    if (again !== 'blob-locked') return [error(CHECK, `${where}: a second writer gets ${again}`, 'rights of the key')]
    return [ok(CHECK, `${where} takes, gives and deletes`), ...(await checkLock(place, tenants))]
  } catch (thrown) {
    const fault = toFault(thrown)
    const mend = 'blobs.url, blobs.accessKeyId, and the rights to list, get, put and delete'
    return [error(CHECK, `${where}: a probe cannot be ${step}: ${fault.detail || fault.code}`, mend)]
  }
}

/** An archive whose retention only this software keeps is worth knowing of. */
async function checkLock(
  place: Extract<Config['blobs'], { kind: 's3' }>,
  tenants: Config['tenants'],
): Promise<Finding[]> {
  const archives = tenants.some(({ archive }) => Object.values(archive).some(({ kind }) => kind === 'blobs'))
  if (!archives) return []
  const { openS3Blobs } = await import('../../server/platform/blobs/s3/store.ts')
  const mode = await openS3Blobs(place).lockMode()
  if (mode !== null) return [ok('retention', `the bucket locks in mode ${mode}`)]
  return [
    warning(
      'retention',
      'the bucket has no object lock: only Secflow itself keeps archives until their time',
      'a bucket with object lock',
    ),
  ]
}

async function* text(content: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(content)
}

async function read(blobs: BlobStore, id: string): Promise<string> {
  await using source = await blobs.open(PROBE, 'spool', id)
  return (await source.read(0, source.size)).toString()
}
