/**
 * Bodies of mails as Chromium prints them: a browser of its own, driven over a pipe (no port is open), without JavaScript,
 * without a network, with a profile that is thrown away. One page at a time; the browser is replaced after some pages, after
 * a failure, and when it has nothing to do.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import type { DocumentPage } from '../../../ports/document.ts'
import { chromiumHtml } from './chromium-html.ts'
import type { BodyDrawer } from './renderer.ts'

export interface ChromiumOptions {
  /** Path of the program. */
  readonly command: string
  /** For one mail, the start of the browser included, milliseconds. 20,000 unless told. */
  readonly timeoutMs?: number
  /** Off only where the server runs as root in a container of its own: Chromium then refuses to start with it. */
  readonly sandbox?: boolean
  /** 50 unless told. */
  readonly pagesPerBrowser?: number
  readonly idleMs?: number
}

const FLAGS = [
  '--headless',
  '--remote-debugging-pipe',
  '--incognito',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  '--disable-gpu',
  '--disable-sync',
  '--disable-file-system',
  '--blink-settings=scriptEnabled=false',
  '--js-flags=--jitless',
  // Every name leads nowhere, and so does every address.
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--proxy-server=http://127.0.0.1:9',
  '--proxy-bypass-list=<-loopback>',
]
/** After so many failures in a row the browser is left alone for a minute, and one more try decides. */
const MOST_FAILURES = 3
const REST = 60_000
/** A process that cannot be killed must not hold up the next mail, ms. */
const ENDS_WITHIN = 5_000
/** A browser that prints more than this is not believed. */
const MOST_BYTES = 60_000_000

export function createChromium(options: ChromiumOptions): BodyDrawer {
  const { timeoutMs = 20_000, pagesPerBrowser = 50, idleMs = 60_000 } = options
  let browser: Browser | null = null
  let idle: NodeJS.Timeout | undefined
  let turn: Promise<unknown> = Promise.resolve()

  const stop = async () => {
    const stopping = browser
    browser = null
    await stopping?.stop()
  }
  let failures = 0
  let restsUntil = 0

  const draw = async (page: DocumentPage): Promise<Buffer> => {
    if (performance.now() < restsUntil) throw new Error('the browser failed too often and rests')
    clearTimeout(idle)
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      browser ??= await startBrowser(options)
      const pdf = await inTime(print(browser, chromiumHtml(page.html ?? '', page.images)), signal)
      if (++browser.pages >= pagesPerBrowser) await stop()
      failures = 0
      return pdf
    } catch (error) {
      failures += 1
      // Mails wait for each other here: where the browser hangs, each would wait for all before it.
      if (failures >= MOST_FAILURES) restsUntil = performance.now() + REST
      await stop()
      throw error
    } finally {
      idle = setTimeout(() => void inTurn(stop), idleMs).unref()
    }
  }
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }
  return {
    draw: (page) => inTurn(() => draw(page)),
    async close() {
      await inTurn(stop)
      clearTimeout(idle)
    },
  }
}

async function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([
    work,
    new Promise<never>((_, reject) => {
      const late = () => reject(new Error('the browser took too long'))
      if (signal.aborted) late()
      else signal.addEventListener('abort', late, { once: true })
    }),
  ])
}

/** A fresh tab that is closed again, whatever came of it. */
async function print(browser: Browser, html: string): Promise<Buffer> {
  const { targetId } = (await browser.ask('Target.createTarget', { url: 'about:blank' })) as { targetId: string }
  const { sessionId } = (await browser.ask('Target.attachToTarget', { targetId, flatten: true })) as {
    sessionId: string
  }
  const ask = (method: string, parameters: object = {}) => browser.ask(method, parameters, sessionId)
  await ask('Emulation.setScriptExecutionDisabled', { value: true })
  await ask('Network.enable')
  await ask('Network.setBlockedURLs', { urls: ['http://*', 'https://*', 'ftp://*', 'file://*', 'ws://*', 'wss://*'] })
  await ask('Page.enable')
  const { frameTree } = (await ask('Page.getFrameTree')) as { frameTree: { frame: { id: string } } }
  await ask('Page.setDocumentContent', { frameId: frameTree.frame.id, html })
  const inches = 46 / 72
  const { data } = (await ask('Page.printToPDF', {
    paperWidth: 595 / 72,
    paperHeight: 842 / 72,
    marginTop: inches,
    marginBottom: inches,
    marginLeft: inches,
    marginRight: inches,
    printBackground: true,
  })) as { data: string }
  await browser.ask('Target.closeTarget', { targetId })
  return Buffer.from(data, 'base64')
}

interface Browser {
  pages: number
  /** Answer of the browser (Chrome DevTools Protocol); rejects when it says no or ends. */
  ask(method: string, parameters: object, session?: string): Promise<unknown>
  stop(): Promise<void>
}

async function startBrowser({ command, sandbox = true }: ChromiumOptions): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'secflow-chromium-'))
  const child = spawn(
    command,
    [...FLAGS, ...(sandbox ? [] : ['--no-sandbox']), `--user-data-dir=${profile}`, 'about:blank'],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      // None of the server's secrets; its files go where its profile goes.
      env: { PATH: process.env.PATH ?? '', HOME: profile, TMPDIR: profile, LANG: 'C.UTF-8' },
      // A group of its own, so that the processes it starts end with it.
      detached: true,
    },
  )
  child.unref()
  const waiting = new Map<number, { done(result: unknown): void; failed(error: Error): void }>()
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      for (const { failed } of waiting.values()) failed(new Error('the browser ended'))
      waiting.clear()
      resolve()
    }
    child.once('error', end)
    child.once('exit', end)
  })
  const [input, output] = [child.stdio[3] as Writable, child.stdio[4] as Readable]
  input.on('error', () => {})
  readAnswers(output, (answer) => {
    const one = waiting.get(answer.id ?? -1)
    waiting.delete(answer.id ?? -1)
    if (answer.error) one?.failed(new Error(answer.error.message))
    else one?.done(answer.result)
  })
  let last = 0
  return {
    pages: 0,
    ask: (method, params, sessionId) =>
      new Promise((done, failed) => {
        if (child.exitCode !== null || child.pid === undefined) return failed(new Error('the browser ended'))
        const id = ++last
        waiting.set(id, { done, failed })
        input.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`)
      }),
    async stop() {
      kill(child)
      await Promise.race([ended, after(ENDS_WITHIN, undefined, { ref: false })])
      // What cannot be removed now must not fail a mail, nor the server.
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }).catch(() => {})
    },
  }
}

interface Answer {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

/** Messages end with a zero byte. */
function readAnswers(output: Readable, answered: (answer: Answer) => void): void {
  let pieces: Buffer[] = []
  let size = 0
  output.on('error', () => {})
  output.on('data', (chunk: Buffer) => {
    let from = 0
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, from)) {
      pieces.push(chunk.subarray(from, end))
      const answer = answerIn(Buffer.concat(pieces))
      if (answer === null) return void output.destroy()
      answered(answer)
      pieces = []
      size = 0
      from = end + 1
    }
    pieces.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > MOST_BYTES) output.destroy()
  })
}

/** A browser that a mail has taken over may say anything: null for what is no answer. */
function answerIn(bytes: Buffer): Answer | null {
  try {
    const answer: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof answer === 'object' ? (answer as Answer | null) : null
  } catch {
    return null
  }
}

function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
