/** The conformance cases in Chromium, by the engine as a browser loads it: bundle in, decision out, identical to the gateway's. */

import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Decision, PolicyInput } from '../../shared/domain/index.ts'
import { buildBundle, decide, explain } from '../../shared/policy/index.ts'
import { bundleEngine, type Module } from '../../tools/engine.ts'
import { casesOf } from '../conformance/policy.ts'
import { launchChromium } from '../support/chromium.ts'

/** As the policy language counts. */
const KB = 1024
const TABLES = ['tr46.js', 're2js.js', 'yaml.js']
const folder = join(import.meta.dirname, '../conformance/policy')
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => casesOf({ name, text: readFileSync(join(folder, name), 'utf8') }))

/** Hands the engine to the tests. */
const START = "import * as engine from '/engine.js'; globalThis.engine = engine"

let modules: readonly Module[]
let server: Server
let browser: Browser
let page: Page
const fetched: string[] = []

beforeAll(async () => {
  modules = await bundleEngine()
  server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1)
    const found = modules.find(({ fileName }) => fileName === name)
    if (found) fetched.push(name)
    response.setHeader('content-type', found ? 'text/javascript' : 'text/html')
    // As strict as a page may be: the engine needs no eval.
    response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'")
    const other =
      name === 'start.js'
        ? START
        : '<!doctype html><title>engine</title><script type="module" src="/start.js"></script>'
    if (name === 'start.js') response.setHeader('content-type', 'text/javascript')
    response.end(found?.code ?? other)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  browser = await launchChromium()
  page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await page.waitForFunction(() => 'engine' in globalThis)
})
afterAll(async () => {
  await browser?.close()
  server?.close()
})

interface Engine {
  openPolicy(bundle: string, options: object): Promise<{ policy: object | null }>
  decideMail(policy: object, input: PolicyInput): Promise<Decision>
  explainMail(
    policy: object,
    input: PolicyInput,
  ): Promise<{ recipients: readonly { fired: readonly { rule: string }[] }[] }>
}

/** Decides mails under one bundle in the page. */
function decideThere(bundle: string, inputs: readonly PolicyInput[]): Promise<readonly Decision[]> {
  return page.evaluate(
    async ([text, mails]) => {
      const { engine } = globalThis as unknown as { engine: Engine }
      const { policy } = await engine.openPolicy(text, { trust: null, currentSerial: 0 })
      const decisions: Decision[] = []
      for (const mail of mails) decisions.push(await engine.decideMail(policy!, mail))
      return decisions
    },
    [bundle, inputs] as const,
  )
}

function bundleOf(files: Parameters<typeof buildBundle>[0]): string {
  return buildBundle(files, { serial: 1, createdAt: '2026-03-02T10:00:00Z', signer: null }).text!
}

describe('the engine in a browser', () => {
  it('is at most 45 KB gzip, without its tables and without an explanation', () => {
    const entry = modules.find(({ isEntry }) => isEntry)!
    const together = new Set([entry])
    for (const { imports } of together) for (const one of modules) if (imports.includes(one.fileName)) together.add(one)
    const bytes = [...together].map(({ code }) => gzipSync(code, { level: 9 }).length).reduce((a, b) => a + b)
    expect(bytes).toBeLessThanOrEqual(45 * KB)
    const names = [...together].flatMap(({ parts }) => [...parts.keys()])
    for (const table of ['tr46', 're2js', 'yaml']) expect(names).not.toContain(table)
  })
  it('loads no table for a policy of plain names', async () => {
    const plain = cases.find(({ name }) => name === 'merge.yaml: acceptable methods intersect')!
    await decideThere(
      bundleOf(plain.files),
      plain.expectations.map(({ input }) => input),
    )
    expect(fetched.filter((name) => TABLES.includes(name))).toEqual([])
  })
  it('decides every conformance case exactly as the gateway does', async () => {
    let compared = 0
    for (const { name, files, policy, expectations } of cases) {
      const asked = expectations.filter(({ releases }) => releases.length === 0)
      if (!policy || asked.length === 0) continue
      const there = await decideThere(
        bundleOf(files),
        asked.map(({ input }) => input),
      )
      for (const [index, { input, compare }] of asked.entries()) {
        // A page gets JSON: what is undefined there is absent here.
        const here = JSON.parse(
          JSON.stringify(decide(policy, JSON.parse(JSON.stringify(input)) as PolicyInput)),
        ) as Decision
        expect({ name, decision: there[index] }).toEqual({ name, decision: here })
        expect({ name, failures: compare(there[index]!) }).toEqual({ name, failures: [] })
        compared++
      }
    }
    expect(compared).toBeGreaterThan(500)
    expect(fetched.filter((name) => TABLES.includes(name)).sort()).toEqual(['re2js.js', 'tr46.js'])
  })
  it('explains with code that is fetched on first use', async () => {
    const { files, policy, expectations } = cases.find(({ name }) => name.endsWith('an exhausted chain rejects'))!
    const { input } = expectations[0]!
    const there = await page.evaluate(
      async ([text, mail]) => {
        const { engine } = globalThis as unknown as { engine: Engine }
        const opened = await engine.openPolicy(text, { trust: null, currentSerial: 0 })
        const { recipients } = await engine.explainMail(opened.policy!, mail)
        return recipients.flatMap(({ fired }) => fired.map(({ rule }) => rule))
      },
      [bundleOf(files), input] as const,
    )
    expect(there).toEqual(explain(policy!, input).recipients.flatMap(({ fired }) => fired.map(({ rule }) => rule)))
    expect(there).toEqual(['a'])
  })
})
