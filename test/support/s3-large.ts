/** Puts and reads 120 MB, and prints digests and the most that was held. Arguments: endpoint, access key, secret, bucket. */
import { createHash } from 'node:crypto'
import { openS3Blobs } from '../../server/platform/blobs/s3/store.ts'
import { tenantId } from '../../shared/domain/index.ts'

const [endpoint = '', accessKeyId = '', secretAccessKey = '', bucket = ''] = process.argv.slice(2)
const A = tenantId('alpha')
const SIZE = 120 * 1_048_576
const blobs = openS3Blobs({
  bucket,
  prefix: 'large/',
  endpoint,
  region: 'us-east-1',
  pathStyle: true,
  encryption: null,
  kmsKey: null,
  lock: 'none',
  conditional: true,
  credentials: { accessKeyId, secretAccessKey },
  ca: null,
})

async function* bytes(): AsyncGenerator<Buffer> {
  for (let at = 0; at < SIZE; at += 65_536) yield Buffer.alloc(65_536, at / 65_536)
}

async function digest(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}

// What lives, not what waits for the collector.
const held = () => {
  ;(globalThis as { gc?: () => void }).gc?.()
  return process.memoryUsage().arrayBuffers
}
let most = 0
const before = held()
const watch = setInterval(() => {
  most = Math.max(most, held() - before)
}, 100)
const put = await blobs.put(A, 'spool', 'one', bytes())
await using source = await blobs.open(A, 'spool', 'one')
const [read, wanted] = [await digest(source.stream()), await digest(bytes())]
const last = (await source.read(SIZE - 1, SIZE))[0]
clearInterval(watch)
console.log(JSON.stringify({ put, read, wanted, last, held: most, rss: process.resourceUsage().maxRSS * 1024 }))
