/** The demo in this process with the Outlook simulator, and a browser that looks at it. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Frame, Page } from 'playwright-core'
import { openSink, type Sink } from '../../demo/sink.ts'
import { loadConfig } from '../../server/config.ts'
import { demoFiles } from '../../server/demo/tenant.ts'
import { type Running, start } from '../../server/main.ts'
import { silentLog } from '../../server/ports/log.ts'
import { ensurePane } from '../../tools/pane.ts'
import { buildSimulator } from '../../tools/simulator.ts'
import { launchChromium } from './chromium.ts'
import { freePort } from './free-port.ts'
import { keptTokens } from './kept-tokens.ts'

export interface SimulatedWorld extends AsyncDisposable {
  readonly origin: string
  readonly folder: string
  readonly sink: Sink
  readonly running: Running
  readonly files: ReturnType<typeof demoFiles>
  readonly browser: Browser
  /** A window of the simulator; `query` as its address takes it. */
  open(query?: string, options?: BrowserContextOptions): Promise<Visit>
}

export interface Visit {
  readonly page: Page
  /** Requests to other hosts than ours. */
  readonly outside: readonly string[]
  /** What pages threw or logged as an error. */
  readonly complaints: string[]
  close(): Promise<void>
}

export async function simulatedWorld(): Promise<SimulatedWorld> {
  await Promise.all([ensurePane(), buildSimulator()])
  const folder = mkdtempSync(join(tmpdir(), 'secflow-simulator-'))
  const sink = await openSink({ directory: join(folder, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  const port = await freePort()
  const config = loadConfig({
    env: {
      SECFLOW_DATA_DIR: folder,
      SECFLOW_DEMO: '1',
      SECFLOW_DEMO_SINK: sink.url,
      SECFLOW_RELAY_URL: `smtp://127.0.0.1:${sink.smtpPort}?tls=none`,
      SECFLOW_SECRETS_MASTER: randomBytes(32).toString('base64'),
      SECFLOW_SMTP_HOSTNAME: 'gateway.demo.example',
      SECFLOW_HTTP_PORT: String(port),
      SECFLOW_ADMIN_PORT: '0',
      SECFLOW_SMTP_PORT: '0',
    },
  })
  const running = await start(config, undefined, { log: silentLog })
  const browser = await launchChromium()
  const keepTokens = keptTokens()
  const origin = `http://127.0.0.1:${port}`
  return {
    origin,
    folder,
    sink,
    running,
    files: demoFiles(folder),
    browser,
    async open(query = 'client=web&language=en&theme=light', options = {}) {
      const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options })
      await keepTokens(context)
      const page = await context.newPage()
      const outside: string[] = []
      const complaints: string[] = []
      page.on('request', (request) => {
        const url = request.url()
        if (
          !url.startsWith(`${origin}/`) &&
          !url.startsWith('data:') &&
          !url.startsWith('blob:') &&
          url !== 'about:blank'
        )
          outside.push(url)
      })
      page.on('console', (line) => {
        if (line.type() === 'error') complaints.push(line.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      await page.goto(`${origin}/simulator/?${query}`)
      await page.getByRole('main').waitFor()
      return { page, outside, complaints, close: () => context.close() }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await running.stop()
      await sink.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The frame whose address ends so, once it is there. */
export async function frameOf(page: Page, ending: string): Promise<Frame> {
  for (const until = Date.now() + 20_000; ; await page.waitForTimeout(50)) {
    const frame = page.frames().find((one) => new URL(one.url() || 'about:blank').pathname.endsWith(ending))
    if (frame) return frame
    if (Date.now() > until)
      throw new Error(
        `no frame ${ending}: ${page
          .frames()
          .map((one) => one.url())
          .join(', ')}`,
      )
  }
}
