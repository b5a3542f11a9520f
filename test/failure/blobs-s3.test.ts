import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openS3Blobs } from '../../server/platform/blobs/s3/store.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { selfSigned } from '../support/certificate.ts'
import { type S3Gateway, type S3Server, startS3 } from '../support/s3.ts'
import { type S3Proxy, startS3Proxy } from '../support/s3-proxy.ts'

const A = tenantId('alpha')
const MB = 1_048_576
/** Bounds that a test can wait for. */
const SHORT = { deadline: 1_500, attempt: 600, idle: 500, slowest: 20 * MB }

let s3: S3Server
let proxy: S3Proxy
let gateway: S3Gateway
let bucket: string
let prefix: string
let number = 0
beforeAll(async () => {
  s3 = await startS3()
  bucket = await s3.bucket()
  proxy = await startS3Proxy(s3.port)
  gateway = await s3.gateway()
})
beforeEach(() => {
  prefix = `f${++number}/`
  proxy.trouble = () => null
  proxy.seen.length = 0
})
afterAll(async () => {
  proxy.close()
  await gateway.kill()
})

const through = (endpoint: string, bounds: object = {}) => openS3Blobs(s3.options(bucket, { endpoint, prefix }), bounds)

async function* bytes(size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; at += 65_536) yield Buffer.alloc(Math.min(65_536, size - at), at / 65_536)
}

async function digest(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content) hash.update(chunk)
  return hash.digest('hex')
}

async function left(): Promise<{ objects: number; uploads: number }> {
  const where = { Bucket: bucket, Prefix: prefix }
  const { KeyCount = 0 } = await s3.client.send(new ListObjectsV2Command(where))
  const { Uploads = [] } = await s3.client.send(new ListMultipartUploadsCommand(where))
  return { objects: KeyCount, uploads: Uploads.length }
}

/** Makes trouble for the first `times` requests that match. */
function trouble(kind: 'lose' | 'damage' | 'stall' | 'break', matches: RegExp, times = 1): void {
  let count = 0
  proxy.trouble = ({ method, url }) => (matches.test(`${method} ${url}`) && count++ < times ? kind : null)
}

test('wrong credentials and a bucket that is not there say so at once, and are no missing blob', async () => {
  const started = Date.now()
  const wrong = openS3Blobs(
    s3.options(bucket, { prefix, credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: 'wrong' } }),
  )
  const nowhere = openS3Blobs(s3.options('no-such-bucket-here', { prefix }))
  for (const blobs of [wrong, nowhere]) {
    await expect(blobs.put(A, 'spool', 'one', bytes(10))).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(blobs.put(A, 'spool', 'one', bytes(6 * MB))).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(blobs.open(A, 'spool', 'one')).rejects.toMatchObject({ code: 'store-unavailable' })
    await expect(blobs.list(A, 'spool')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'store-unavailable',
    })
  }
  expect(Date.now() - started).toBeLessThan(8_000)
})

test.each([
  ['small', 1_000, /^PUT .*x-id=PutObject/],
  ['large', 6 * MB, /^POST .*uploadId=/],
])('a %s blob whose acknowledgement was lost is ours, not taken', async (_, size, last) => {
  trouble('lose', last)
  const blobs = through(proxy.endpoint, { attempt: 1_000 })
  const { sha256 } = await blobs.put(A, 'spool', 'one', bytes(size))
  await using source = await blobs.open(A, 'spool', 'one')
  expect(await digest(source.stream())).toBe(sha256)
  expect(proxy.seen.filter((line) => last.test(line))).toHaveLength(2)
  expect(await left()).toEqual({ objects: 1, uploads: 0 })
})

test.each([
  ['blob', 1_000, /^PUT .*x-id=PutObject/],
  ['part', 6 * MB, /^PUT .*partNumber=1/],
])('a %s that is damaged on the way is sent again', async (_, size, what) => {
  trouble('damage', what)
  const blobs = through(proxy.endpoint)
  await blobs.put(A, 'spool', 'one', bytes(size))
  await using source = await blobs.open(A, 'spool', 'one')
  expect(await digest(source.stream())).toBe(await digest(bytes(size)))
  expect(proxy.seen.filter((line) => what.test(line))).toHaveLength(2)
})

test('a put whose every acknowledgement is lost is refused in time, and taken back', async () => {
  trouble('lose', /^PUT .*x-id=PutObject|^HEAD/, 1_000)
  const started = Date.now()
  const put = through(proxy.endpoint, SHORT).put(A, 'spool', 'one', bytes(1_000))
  await expect(put).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(Date.now() - started).toBeLessThan(SHORT.deadline * 2 + 3_000)
  expect(await left()).toEqual({ objects: 1, uploads: 0 })
  proxy.trouble = () => null
  await expect.poll(left, { timeout: 10_000, interval: 200 }).toEqual({ objects: 0, uploads: 0 })
})

test('a download that breaks off or stands still goes on where it was', async () => {
  const blobs = through(proxy.endpoint, { ...SHORT, deadline: 10_000 })
  const { sha256 } = await blobs.put(A, 'spool', 'one', bytes(3 * MB))
  await using source = await blobs.open(A, 'spool', 'one')
  trouble('break', /^GET/, 3)
  expect(await digest(source.stream())).toBe(sha256)
  trouble('stall', /^GET/)
  expect(await digest(source.stream())).toBe(sha256)
})

test('a server that takes everything and says nothing is given up in time', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const { port } = silent.address() as { port: number }
  const blobs = through(`http://127.0.0.1:${port}`, SHORT)
  const started = Date.now()
  await Promise.all([
    expect(blobs.put(A, 'spool', 'one', bytes(10))).rejects.toMatchObject({ code: 'store-unavailable' }),
    expect(blobs.put(A, 'spool', 'two', bytes(6 * MB))).rejects.toMatchObject({ code: 'store-unavailable' }),
    expect(blobs.open(A, 'spool', 'three')).rejects.toMatchObject({ code: 'store-unavailable' }),
    expect(blobs.delete(A, 'spool', 'three')).rejects.toMatchObject({ code: 'store-unavailable' }),
  ])
  expect(Date.now() - started).toBeLessThan(SHORT.deadline + 5_000)
  silent.close()
})

test('a gateway killed in the middle of a put and of a read, and started again, costs nothing', async () => {
  const blobs = through(gateway.endpoint)
  async function* interrupted() {
    yield* bytes(8 * MB)
    await gateway.kill()
    void pause(700).then(() => gateway.start())
    yield* bytes(8 * MB)
  }
  const { size, sha256 } = await blobs.put(A, 'spool', 'one', interrupted())
  expect(size).toBe(16 * MB)
  await using source = await blobs.open(A, 'spool', 'one')
  const hash = createHash('sha256')
  let got = 0
  for await (const chunk of source.stream()) {
    hash.update(chunk)
    if (got < 9 * MB && got + chunk.length >= 9 * MB) {
      await gateway.kill()
      void pause(700).then(() => gateway.start())
    }
    got += chunk.length
  }
  expect(hash.digest('hex')).toBe(sha256)
  expect(await left()).toEqual({ objects: 1, uploads: 0 })
})

test('a gateway that stays away makes puts and reads fail in time; when it is back nothing is left of them', async () => {
  const blobs = through(gateway.endpoint, SHORT)
  await blobs.put(A, 'spool', 'there', bytes(12 * MB))
  await using source = await blobs.open(A, 'spool', 'there')
  async function* interrupted() {
    yield* bytes(8 * MB)
    await gateway.kill()
    yield* bytes(8 * MB)
  }
  const started = Date.now()
  await expect(blobs.put(A, 'spool', 'one', interrupted())).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(digest(source.stream())).rejects.toMatchObject({ code: 'store-unavailable' })
  await expect(blobs.put(A, 'spool', 'two', bytes(10))).rejects.toMatchObject({ code: 'store-unavailable' })
  expect(Date.now() - started).toBeLessThan(3 * SHORT.deadline + 8_000)
  expect(await left()).toEqual({ objects: 1, uploads: 1 })
  await gateway.start()
  await expect.poll(left, { timeout: 15_000, interval: 200 }).toEqual({ objects: 1, uploads: 0 })
  await blobs.put(A, 'spool', 'one', bytes(10))
})

test('large uploads beyond the memory for them wait for their turn', async () => {
  const blobs = through(s3.endpoint, { held: 10 * MB })
  await Promise.all(Array.from({ length: 5 }, (_, i) => blobs.put(A, 'spool', `m${i}`, bytes(6 * MB))))
  expect(await left()).toEqual({ objects: 5, uploads: 0 })
  async function* stuck() {
    yield* bytes(MB)
    await pause(1_500)
  }
  const few = through(s3.endpoint, { ...SHORT, deadline: 400, held: 5 * MB })
  const first = few.put(A, 'spool', 'slow', stuck())
  await pause(50)
  await expect(few.put(A, 'spool', 'more', bytes(MB))).rejects.toMatchObject({ code: 'store-unavailable' })
  await first
})

test('over TLS only a server whose certificate is trusted gets anything, and damage on the way is still seen', async () => {
  const identity = selfSigned()
  const secure = await startS3Proxy(s3.port, identity)
  try {
    const opened = (ca: string | null) =>
      openS3Blobs(s3.options(bucket, { endpoint: secure.endpoint, prefix, ca }), SHORT)
    await expect(opened(null).put(A, 'spool', 'one', bytes(10))).rejects.toMatchObject({ code: 'store-unavailable' })
    expect(secure.seen).toEqual([])
    let damaged = 0
    secure.trouble = ({ method }) => (method === 'PUT' && damaged++ === 0 ? 'damage' : null)
    const blobs = opened(identity.cert)
    const { sha256 } = await blobs.put(A, 'spool', 'one', bytes(6 * MB))
    await using source = await blobs.open(A, 'spool', 'one')
    expect(await digest(source.stream())).toBe(sha256)
    expect(sha256).toBe(await digest(bytes(6 * MB)))
    expect(damaged).toBe(3)
  } finally {
    secure.close()
  }
})
