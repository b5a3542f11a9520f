/** What the task pane costs to load: bytes in the budget, tables later, nothing from other hosts. */
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PaneBrowser, paneBrowser } from '../support/pane-browser.ts'
import { paneWeight } from '../support/pane-weight.ts'

/** Bytes packed by gzip, as the issue of the add-in allows. */
const BUDGET = 160 * 1024

let browser: PaneBrowser
beforeAll(async () => {
  browser = await paneBrowser()
})
afterAll(() => browser?.[Symbol.asyncDispose]())

it('weighs at most 160 KB with the evaluator', async () => {
  const { first, engine } = await paneWeight()
  expect(engine).toBeGreaterThan(30_000)
  expect(first + engine).toBeLessThanOrEqual(BUDGET)
})

it('fetches for its first screen what the budget counts, and nothing from elsewhere but Office.js', async () => {
  const { first } = await paneWeight()
  await using open = await browser.open({ draft: { to: [] } })
  const { page, fetched, outside } = open
  await page.getByRole('radio').first().waitFor()
  const names = [...new Set(fetched)].filter((path) => path.startsWith('/addin/pane/'))
  let bytes = 0
  for (const name of names) {
    const { body, encoding } = await packed(`${browser.gateway.url}${name}`)
    expect(encoding).toBe('gzip')
    bytes += body.length
  }
  expect(bytes).toBeLessThanOrEqual(first)
  expect(names.filter((name) => /engine|re2js|tr46|yaml|leaf|decide/.test(name))).toEqual([])
  expect(outside).toEqual(['https://appsforoffice.microsoft.com/lib/1/hosted/office.js'])
})

it('is cached for good, packed as the browser likes it, and the same whichever way', async () => {
  await using open = await browser.open({ draft: { to: [] } })
  await open.page.getByRole('radio').first().waitFor()
  const url = `${browser.gateway.url}${open.fetched.find((path) => path.endsWith('.css'))}`
  const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
  expect(Object.fromEntries(plain.headers)).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    'content-type': 'text/css; charset=utf-8',
  })
  const text = Buffer.from(await plain.arrayBuffer())
  expect(gunzipSync((await packed(url)).body).equals(text)).toBe(true)
  const page = await fetch(`${browser.gateway.url}/addin/taskpane.html`)
  expect(page.headers.get('cache-control')).toBe('no-cache')
  const policy = page.headers.get('content-security-policy') ?? ''
  const nonce = /nonce="([^"]+)"/.exec(await page.text())?.[1]
  expect(policy).toContain(`'nonce-${nonce}'`)
  expect(policy).not.toContain('unsafe')
  const again = await (await fetch(`${browser.gateway.url}/addin/taskpane.html`)).text()
  expect(again).not.toContain(nonce)
})

/** As it travels: `fetch` would unpack it. */
async function packed(url: string): Promise<{ readonly body: Buffer; readonly encoding: string | undefined }> {
  const { get } = await import('node:http')
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () => resolve({ body: Buffer.concat(chunks), encoding: answer.headers['content-encoding'] }))
      answer.on('error', reject)
    }).on('error', reject)
  })
}
