/** The task pane in Chromium, served by a real gateway in demo mode, with Outlook played by the fake mailbox. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { ensurePane } from '../../tools/pane.ts'
import { launchChromium } from './chromium.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { keptTokens } from './kept-tokens.ts'
import type { PaneHost } from './pane-host.ts'

export interface PaneBrowser extends AsyncDisposable {
  readonly gateway: Gateway
  readonly browser: Browser
  open(host?: PaneHost, look?: Look): Promise<OpenPane>
}

export interface Look {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
  readonly forcedColors?: 'active' | 'none'
  /** Before the page is opened: answers of a server that is not well. */
  readonly prepare?: (page: Page) => Promise<unknown>
  readonly context?: BrowserContext
}

export interface OpenPane extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of the page, without answers that were not good. */
  readonly complaints: string[]
  /** Requests to other hosts. */
  readonly outside: string[]
  /** Path and bytes as sent, of every file of the add-in that was fetched. */
  readonly fetched: string[]
}

/** What of rolldown is used; it comes with the test runner. */
interface Rolldown {
  rolldown(options: object): Promise<{ generate(options: object): Promise<{ output: { code: string }[] }> }>
}

async function bundleHost(): Promise<string> {
  const ofRunner = createRequire(createRequire(import.meta.url).resolve('vitest/package.json'))
  const path = createRequire(ofRunner.resolve('vite')).resolve('rolldown')
  const { rolldown } = (await import(path)) as Rolldown
  const build = await rolldown({ input: join(import.meta.dirname, 'pane-host.ts'), platform: 'browser' })
  return (await build.generate({ format: 'iife' })).output[0]!.code
}

export async function paneBrowser(): Promise<PaneBrowser> {
  await ensurePane()
  const [gateway, script, browser] = await Promise.all([startGateway(), bundleHost(), launchChromium()])
  const keepTokens = keptTokens()
  return {
    gateway,
    browser,
    async open(host = {}, look = {}) {
      const context =
        look.context ??
        (await browser.newContext({
          viewport: { width: look.width ?? 320, height: look.height ?? 640 },
          colorScheme: look.colorScheme ?? 'light',
          forcedColors: look.forcedColors ?? 'none',
          locale: host.language ?? 'en-US',
          reducedMotion: 'reduce',
        }))
      if (!look.context) await keepTokens(context)
      const page = await context.newPage()
      const complaints: string[] = []
      const outside: string[] = []
      const fetched: string[] = []
      page.on('pageerror', (error) => complaints.push(String(error)))
      page.on('console', (line) => {
        if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) complaints.push(line.text())
      })
      page.on('request', (request) => {
        const { origin, pathname } = new URL(request.url())
        if (origin !== gateway.url) outside.push(request.url())
        else if (pathname.startsWith('/addin/')) fetched.push(pathname)
      })
      await page.addInitScript(`globalThis.paneHost = ${JSON.stringify(host)};`)
      await page.addInitScript(script)
      // The fake stands in for it.
      await page.route('https://appsforoffice.microsoft.com/**', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: '' }),
      )
      await look.prepare?.(page)
      await page.goto(`${gateway.url}/addin/taskpane.html`)
      return {
        page,
        context,
        complaints,
        outside,
        fetched,
        [Symbol.asyncDispose]: () => (look.context ? page.close() : context.close()),
      }
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      await gateway[Symbol.asyncDispose]()
    },
  }
}
