import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { xmlManifest } from '../addin/manifest/write-xml.ts'
import type { CliIo } from './io.ts'
import { main } from './main.ts'

const installation = {
  base: 'https://mail.example/addin',
  id: '3f1b5e0a-8f0c-4f6e-9f0e-7c3b2a1d4e5f',
  supportUrl: 'https://mail.example/addin/help.html',
  sendMode: 'SoftBlock',
} as const

let folder: string
let server: Server
let url: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secflow-manifest-'))
  server = createServer((request, response) => {
    if (request.url === '/addin/manifest.xml') response.end(xmlManifest({ ...installation, base: `${url}/addin` }))
    else response.writeHead(404).end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function run(...args: string[]) {
  const out: string[] = []
  const err: string[] = []
  let status = 0
  const io: CliIo = {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    exit: (code) => {
      status = code
    },
    cwd: folder,
    color: false,
  }
  await main(['manifest', 'check', ...args], io)
  return { status, out: out.join('\n'), err: err.join('\n') }
}

it('finds nothing in a manifest of ours: 0', async () => {
  writeFileSync(join(folder, 'good.xml'), xmlManifest(installation))
  expect(await run('good.xml')).toEqual({ status: 0, out: 'The manifest is fine.', err: '' })
  expect(JSON.parse((await run('good.xml', '--json')).out)).toEqual({ manifest: 'good.xml', errors: 0, findings: [] })
})

it('says line, rule and what is wrong: 1', async () => {
  writeFileSync(join(folder, 'bad.xml'), xmlManifest(installation).replace('SendMode="SoftBlock"', 'SendMode="Hard"'))
  const { status, out } = await run('bad.xml')
  expect(status).toBe(1)
  expect(out).toMatch(/^\d+: error: SendMode is one of PromptUser, SoftBlock, Block \[event\]\n1 error, 0 warnings\.$/)
  const missing = JSON.parse((await run('good.xml', '--files', '.', '--json')).out)
  expect(missing.errors).toBeGreaterThan(5)
  expect(missing.findings[0]).toMatchObject({ severity: 'error', rule: 'file' })
})

it('fetches what the manifest names: pictures that are not there, and no https', async () => {
  const { status, out } = await run('--url', `${url}/addin/manifest.xml`)
  expect(status).toBe(1)
  expect(out).toContain('the host answers 404')
  expect(out).toContain('[https]')
})

it('is used wrongly with nothing or with both: 2', async () => {
  expect((await run()).status).toBe(2)
  expect((await run('good.xml', '--url', url)).status).toBe(2)
  expect((await run('--url', url, '--files', '.')).status).toBe(2)
})

it('says what it could not read: 3', async () => {
  expect(await run('none.xml')).toMatchObject({ status: 3, err: expect.stringContaining('none.xml') })
  expect((await run('--url', `${url}/nothing.xml`)).status).toBe(3)
})
