/** The gateway as its operators run it: a process of its own, started by the command, on free ports and a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { openSink, type Sink } from '../../demo/sink.ts'
import { loadConfig } from '../../server/config.ts'
import { demoFiles } from '../../server/demo/tenant.ts'
import { openStore } from '../../server/platform/database/open.ts'
import type { Store, TenantStore } from '../../server/ports/store.ts'
import { FINAL_STATES, type MessageId, type RecipientRecord, tenantId } from '../../shared/domain/index.ts'
import { freePort } from './free-port.ts'

const ROOT = join(import.meta.dirname, '../..')
/** The command of the compiled package where the test run names it, else that of the sources. */
const command = () => process.env.SECFLOW_TEST_BIN ?? join(ROOT, 'bin/secflow.mjs')

export interface GatewayOptions {
  /** Settings of secflow.yaml beside the ports and the data folder; `tenants` replaces the demo tenant. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** Where delivered mail goes; a sink of its own when left out. */
  readonly relayPort?: number
  /** Reuses the folder of a gateway that was stopped or killed. */
  readonly folder?: string
}

export interface Gateway extends AsyncDisposable {
  readonly folder: string
  readonly smtpPort: number
  readonly httpPort: number
  readonly adminPort: number
  readonly url: string
  /** Mailboxes, text messages and incident calls of the demo tenant (see demo/sink.ts). */
  readonly sink: Sink
  readonly process: ChildProcess
  /** Passwords of the demo users, by address. */
  password(address: string): string
  /** Highest resident memory of the process so far, bytes. */
  peakRss(): number
  /** Log lines so far, JSON each. */
  log(): string
  /** Reads the gateway's own records, on a connection of the test. */
  records(tenant?: string): Promise<TenantStore & AsyncDisposable>
  /** Recipients of a message once all have come to rest (final, held or quarantined). */
  settled(id: string, tenant?: string): Promise<RecipientRecord[]>
  /** SIGTERM and wait; returns the exit status. */
  stop(): Promise<number | null>
}

/** Starts one; by default with the demo tenant of `server/demo`. Files of the demo tenant: `demoFiles(gateway.folder)`. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'secflow-gateway-'))
  const sink = await openSink({ directory: join(folder, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const httpPort = await freePort()
  const file = join(folder, 'secflow.yaml')
  if (!options.folder) {
    writeFileSync(join(folder, 'master.key'), randomBytes(32).toString('base64'), { mode: 0o600 })
  }
  const relay = `smtp://127.0.0.1:${options.relayPort ?? sink.smtpPort}?tls=none`
  const settings = {
    dataDir: folder,
    logLevel: 'info',
    http: { port: httpPort },
    admin: { port: 0 },
    smtp: { port: 0, hostname: 'gateway.test.example' },
    relay: { url: relay },
    blobs: { reserve: '16MB' },
    secrets: { master: `\${file:${join(folder, 'master.key')}}` },
    ...(options.settings?.tenants ? {} : { demo: true }),
    ...options.settings,
  }
  writeFileSync(file, stringify(settings))
  const child = spawn(join(ROOT, 'node_modules/.bin/node'), [command(), 'serve', '--json', '--config', file], {
    env: { PATH: process.env.PATH, HOME: folder, SECFLOW_DEMO_SINK: sink.url, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const ports = await new Promise<{ smtp: number; http: number; admin: number }>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      out += chunk
      const ready = out.split('\n').find((line) => line.startsWith('{"ready":true'))
      if (ready) resolve(JSON.parse(ready))
    })
    child.once('exit', (status) => reject(new Error(`the gateway ended with ${status}\n${out}\n${err}`)))
  })
  let open: Store | null = null
  const store = async () => {
    open ??= await openStore(loadConfig({ file, env: {} }).database, { clock: { now: () => Date.now() } })
    return open
  }
  const gateway: Gateway = {
    folder,
    smtpPort: ports.smtp,
    httpPort: ports.http,
    adminPort: ports.admin,
    url: `http://127.0.0.1:${ports.http}`,
    sink,
    process: child,
    password: (address) =>
      (JSON.parse(readFileSync(demoFiles(folder).passwords, 'utf8')) as Record<string, string>)[address] ?? '',
    peakRss: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024,
    log: () => `${out}${err}`,
    async records(tenant = 'demo') {
      return { ...(await store()).tenant(tenantId(tenant)), [Symbol.asyncDispose]: async () => {} }
    },
    async settled(id, tenant = 'demo') {
      const { read } = (await store()).tenant(tenantId(tenant))
      for (const until = Date.now() + 60_000; ; await new Promise((wait) => setTimeout(wait, 50))) {
        const recipients = await read.recipients(id as MessageId)
        const rest =
          recipients.length > 0 &&
          recipients.every(({ state }) => FINAL_STATES.includes(state) || state === 'held' || state === 'quarantined')
        if (rest) return recipients
        if (Date.now() > until)
          throw new Error(
            `message ${id} did not come to rest: ${JSON.stringify(recipients)}\n${gateway.log().slice(-4000)}`,
          )
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      return ended
    },
    async [Symbol.asyncDispose]() {
      await gateway.stop()
      await open?.close()
      await sink.close()
      if (!options.folder) rmSync(folder, { recursive: true, force: true })
    },
  }
  return gateway
}
