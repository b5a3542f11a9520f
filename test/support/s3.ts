/** A real S3 server: Ceph's gateway over a cluster of one, in memory. Every suite of a test run shares it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { S3Options } from '../../server/platform/blobs/s3/options.ts'

export interface S3Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string
  readonly port: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** For the test's own view of what is stored. */
  readonly client: S3Client
  /** A fresh bucket; `lock` gives it object lock, and with that versions. */
  bucket(options?: { readonly lock?: boolean }): Promise<string>
  /** What the store is opened with. */
  options(bucket: string, more?: Partial<S3Options>): S3Options
  /** A second gateway to the same cluster, which a test may kill. */
  gateway(): Promise<S3Gateway>
}

export interface S3Gateway {
  readonly endpoint: string
  readonly port: number
  /** As `kill -9` does. */
  kill(): Promise<void>
  /** The same port again. */
  start(): Promise<void>
}

const ACCESS = { accessKeyId: 'TESTKEY', secretAccessKey: 'test/secret+key' }

/** Starts it, or joins the one that another file of this test run has started. It ends with the test run. */
export async function startS3(): Promise<S3Server> {
  // Test files run in children of one process: that one names the server and is outlived by nothing.
  const owner = process.env.VITEST ? process.ppid : process.pid
  const directory = join(tmpdir(), `secflow-s3-${owner}`)
  const port = (await begin(directory, owner)) ?? (await portOf(directory))
  const endpoint = `http://127.0.0.1:${port}`
  await until(() => existsSync(join(directory, 'ready')), 60_000, `the S3 server in ${directory}`)
  await listening(port)
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: ACCESS })
  return {
    endpoint,
    port,
    ...ACCESS,
    client,
    async bucket({ lock = false } = {}) {
      const Bucket = `test-${randomBytes(6).toString('hex')}`
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: lock }))
      return Bucket
    },
    options: (bucket, more) => ({
      bucket,
      prefix: '',
      endpoint,
      region: 'us-east-1',
      pathStyle: true,
      encryption: null,
      kmsKey: null,
      lock: 'auto',
      conditional: true,
      credentials: ACCESS,
      ca: null,
      ...more,
    }),
    gateway: () => startGateway(directory),
  }
}

/** Who makes the directory starts the server; everybody else waits for it. */
async function begin(directory: string, owner: number): Promise<number | null> {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch {
    return null
  }
  const [port, monitor] = [await quietPort(), await quietPort()]
  writeFileSync(join(directory, 'port'), String(port))
  const log = openSync(join(directory, 'start.log'), 'a')
  const script = join(import.meta.dirname, 's3-server.sh')
  // Its own session: it must outlive this test file and end with the run.
  const child = spawn('sh', [script, directory, String(port), String(owner), String(monitor)], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  child.unref()
  closeSync(log)
  return port
}

async function portOf(directory: string): Promise<number> {
  const read = () => (existsSync(join(directory, 'port')) ? readFileSync(join(directory, 'port'), 'utf8') : '')
  await until(() => read() !== '', 10_000, 'the port of the S3 server')
  return Number(read())
}

async function startGateway(directory: string): Promise<S3Gateway> {
  const port = await quietPort()
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn('radosgw', ['-f', '-n', 'client.rgw', '--rgw-frontends', `beast endpoint=127.0.0.1:${port}`], {
      env: { ...process.env, CEPH_ARGS: `--conf ${directory}/ceph.conf` },
      stdio: 'ignore',
    })
    await listening(port)
  }
  await start()
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    start,
    async kill() {
      const ended = new Promise((resolve) => child?.once('exit', resolve))
      child?.kill('SIGKILL')
      await ended
    },
  }
}

/** A free port below those that the system gives to clients: nobody takes it while the gateway is down. */
async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

const listening = (port: number) =>
  until(
    () =>
      new Promise<boolean>((resolve) => {
        const socket = connect(port, '127.0.0.1')
        socket.once('connect', () => resolve(socket.destroy() !== undefined))
        socket.once('error', () => resolve(false))
      }),
    30_000,
    `port ${port}`,
  )

async function until(ready: () => boolean | Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await ready())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await pause(50)
  }
}
