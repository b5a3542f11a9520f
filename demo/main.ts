/** `npm run demo`: the gateway with a demo tenant, four scenarios over real SMTP, one table. Everything is inside the data folder. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadConfig } from '../server/config.ts'
import { demoFiles } from '../server/demo/tenant.ts'
import { type Running, start } from '../server/main.ts'
import { createLog } from '../server/platform/log.ts'
import { createSmtpTransport } from '../server/platform/smtp/transport.ts'
import { silentLog } from '../server/ports/log.ts'
import { FINAL_STATES, type MessageId, type RecipientRecord, tenantId } from '../shared/domain/index.ts'
import { ensurePane } from '../tools/pane.ts'
import { buildSimulator } from '../tools/simulator.ts'
import { inspect, type Row } from './inspect.ts'
import { printTable } from './print.ts'
import { SCENARIOS, type Scenario, type WrittenMail, writeMail } from './scenarios.ts'
import { openSink, type Sink } from './sink.ts'

const once = process.argv.includes('--once')
const began = performance.now()
const say = (text: string) => process.stdout.write(`${text}\n`)
const step = (text: string) => say(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`)

const dataDir = resolve(process.env.SECFLOW_DATA_DIR ?? './data')
const DEADLINE_MS = 50_000

async function main(): Promise<number> {
  step(`Demo tenant in ${dataDir}`)
  await mkdir(join(dataDir, 'demo'), { recursive: true, mode: 0o700 })
  const sink = await sinkOnFreePorts()
  // The scenarios do not need them.
  await Promise.all([ensurePane(), buildSimulator()]).catch((error: unknown) =>
    step(`The simulator was not built: ${String(error)}`),
  )
  const running = await gateway(sink)
  const { smtp, http, admin } = running.ports
  step(`Gateway up: SMTP 127.0.0.1:${smtp}, HTTP 127.0.0.1:${http}, operator 127.0.0.1:${admin}`)
  let failed = 0
  try {
    const rows: Row[] = []
    const sent: { scenario: Scenario; mail: WrittenMail; id: MessageId }[] = []
    for (const scenario of SCENARIOS) sent.push(await send(scenario, smtp ?? 0))
    for (const { scenario, mail, id } of sent) {
      const recipients = await settled(running, id)
      const store = running.house.store.tenant(tenantId('demo'))
      rows.push(
        ...(await inspect({ scenario, mail, id, recipients, store, sink, files: demoFiles(dataDir), dataDir, step })),
      )
    }
    say('')
    printTable(rows, say)
    failed = rows.filter(({ ok }) => !ok).length
    if (failed) say(`\n${failed} of ${rows.length} recipients did not get what the scenario promises.`)
    if (!once) {
      say(`\nOutlook simulator                          http://127.0.0.1:${http}/simulator/`)
      say(`Delivered mail, text messages, incidents   ${sink.url}`)
      say(`API documentation                          http://127.0.0.1:${http}/docs`)
      say(`Portal                                     the links in the table and in the mailboxes`)
      say('\nCtrl-C stops.')
      await new Promise<void>((stop) => {
        process.once('SIGINT', stop)
        process.once('SIGTERM', stop)
      })
    }
  } finally {
    await running.stop()
    await sink.close()
  }
  return failed ? 1 : 0
}

/** The usual ports, or free ones where something else listens. */
async function sinkOnFreePorts(): Promise<Sink> {
  const directory = join(dataDir, 'demo', 'mailboxes')
  await rm(directory, { recursive: true, force: true })
  const relay = /:(\d+)(?:[/?]|$)/.exec(process.env.SECFLOW_RELAY_URL ?? '')?.[1]
  return withFallback((free) =>
    openSink({ directory, smtpPort: free && !relay ? 0 : Number(relay ?? 2526), httpPort: free ? 0 : 2580 }),
  )
}

async function gateway(sink: Sink): Promise<Running> {
  const master = join(dataDir, 'demo', 'master.key')
  if (!existsSync(master)) await writeFile(master, randomBytes(32).toString('base64'), { mode: 0o600 })
  return withFallback(async (free) => {
    const config = loadConfig({
      env: {
        ...(free
          ? { SECFLOW_HTTP_PORT: String(await freePort()), SECFLOW_ADMIN_PORT: '0', SECFLOW_SMTP_PORT: '0' }
          : {}),
        ...process.env,
        SECFLOW_DATA_DIR: dataDir,
        SECFLOW_DEMO: '1',
        SECFLOW_DEMO_SINK: sink.url,
        SECFLOW_RELAY_URL: `smtp://127.0.0.1:${sink.smtpPort}?tls=none`,
        SECFLOW_SECRETS_MASTER: await readFile(master, 'utf8'),
        SECFLOW_SMTP_HOSTNAME: 'gateway.demo.example',
      },
    })
    return start(config, undefined, { log: createLog({ level: 'warn', hashKey: randomBytes(32) }) })
  })
}

async function withFallback<T>(open: (free: boolean) => Promise<T>): Promise<T> {
  try {
    return await open(false)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    step('The usual ports are taken, using free ones')
    return open(true)
  }
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(address && typeof address === 'object' ? address.port : 0))
    })
  })
}

/** Writes the mail and submits it as its author: STARTTLS where offered, AUTH with the demo user's password. */
async function send(
  scenario: Scenario,
  port: number,
): Promise<{ scenario: Scenario; mail: WrittenMail; id: MessageId }> {
  const folder = join(dataDir, 'demo', 'sent')
  await mkdir(folder, { recursive: true })
  const mail = await writeMail(scenario, join(folder, `${scenario.id}.eml`), Date.now())
  const passwords = JSON.parse(await readFile(demoFiles(dataDir).passwords, 'utf8')) as Record<string, string>
  const transport = createSmtpTransport({ name: 'client.demo.example', log: silentLog })
  const { createReadStream } = await import('node:fs')
  const route = {
    name: 'submission',
    host: '127.0.0.1',
    port,
    tls: 'none',
    auth: { user: scenario.from, password: passwords[scenario.from] ?? '' },
    connections: 1,
  } as const
  const envelope = {
    mailFrom: scenario.from,
    recipients: scenario.to.map((address) => ({ address })),
    body: '8BITMIME',
    smtputf8: false,
    requireTls: false,
  } as const
  const { recipients } = await transport.send(route, envelope, {
    size: mail.size,
    stream: () => progress(createReadStream(mail.file, { highWaterMark: 262_144 }), mail.size, scenario),
  })
  await transport.close()
  const reply = recipients[0]?.reply ?? ''
  const id = /accepted ([0-9a-f-]{36})/.exec(reply)?.[1]
  if (!id) throw new Error(`${scenario.id} was not accepted: ${reply}`)
  step(`${scenario.id} accepted, ${(mail.size / 1e6).toFixed(1)} MB: ${scenario.title}`)
  return { scenario, mail, id: id as MessageId }
}

/** Long transfers say how far they are, on a terminal only. */
async function* progress(
  content: AsyncIterable<Uint8Array>,
  size: number,
  { id }: Scenario,
): AsyncGenerator<Uint8Array> {
  let done = 0
  let shown = -1
  const show = process.stdout.isTTY && size > 10_000_000
  for await (const chunk of content) {
    yield chunk
    done += chunk.length
    const percent = Math.floor((done / size) * 20) * 5
    if (show && percent !== shown) {
      process.stdout.write(`\r         ${id} ${'█'.repeat(percent / 5).padEnd(20, '░')} ${percent} %`)
      shown = percent
    }
  }
  if (show) process.stdout.write(`\r${' '.repeat(48)}\r`)
}

/** Waits until every recipient of a message has a final state. */
async function settled(running: Running, id: MessageId): Promise<RecipientRecord[]> {
  const store = running.house.store.tenant(tenantId('demo'))
  const until = performance.now() + DEADLINE_MS
  for (;;) {
    const recipients = await store.read.recipients(id)
    if (recipients.every(({ state }) => FINAL_STATES.includes(state) || state === 'held' || state === 'quarantined'))
      return recipients
    if (performance.now() > until) return recipients
    await new Promise((wait) => setTimeout(wait, 50))
  }
}

process.exit(await main())
