/** The optional renderer: Chromium prints the body, the cover is ours, and nothing is lost when the browser fails. */
import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createChromium } from '../../server/journey/transform/pdf/chromium.ts'
import { createDocumentRenderer } from '../../server/journey/transform/pdf/renderer.ts'
import type { DocumentRenderer } from '../../server/ports/document.ts'
import { difficultMails } from '../support/difficult-mails.ts'

const textOf = (pdf: Buffer) => execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString()
const producerOf = (pdf: Buffer) => execFileSync('pdffonts', ['-'], { input: pdf }).toString()
const mail = (name: string) => difficultMails.find((one) => one.name === name)!
const sandbox = process.getuid?.() !== 0

let renderer: DocumentRenderer
const visits: string[] = []
const server = createServer((request, response) => {
  visits.push(request.url ?? '')
  response.end()
})
let address: string

beforeAll(async () => {
  renderer = createDocumentRenderer({ workers: 1, body: createChromium({ command: 'chromium', sandbox }) })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await renderer?.close()
  server.close()
})

it('prints the body behind our cover, with pictures and nested tables', async () => {
  for (const name of ['nested-tables', 'inline-images', 'arabic']) {
    const pdf = await renderer.render(mail(name).page)
    expect(producerOf(pdf), name).toMatch(/Type 3|TrueType|CID/)
    const text = textOf(pdf)
    expect(text).toContain(mail(name).page.files[0]!.sha256)
    expect(text.split('\f').length, `${name} has a cover and a body`).toBeGreaterThan(2)
  }
  expect(textOf(await renderer.render(mail('nested-tables').page))).toContain('1,204.50')
}, 60_000)

it('runs no script and asks no server for anything', async () => {
  const html = `<p id="p">as written</p><script>document.getElementById('p').textContent='changed'</script>
    <img src="${address}/pixel.gif"><link rel="stylesheet" href="${address}/style.css">
    <style>@import url(${address}/import.css); p { background: url(${address}/background.png) } @font-face { font-family: x; src: url(${address}/font.woff) } p { font-family: x }</style>
    <iframe src="${address}/frame"></iframe><meta http-equiv="refresh" content="0;url=${address}/refresh">
    <object data="file:///etc/passwd"></object><p onclick="x()">end</p>`
  const text = textOf(await renderer.render({ ...mail('emoji').page, html }))
  expect(text).toContain('as written')
  expect(text).not.toContain('changed')
  expect(text).not.toContain('root:')
  expect(visits).toEqual([])
}, 30_000)

it('falls back to the built-in layout when the browser is late, and when there is none', async () => {
  for (const body of [
    createChromium({ command: 'chromium', sandbox, timeoutMs: 1 }),
    createChromium({ command: '/nonexistent/chromium' }),
  ]) {
    const without = createDocumentRenderer({ workers: 1, body })
    try {
      const text = textOf(await without.render(mail('nested-tables').page))
      expect(text).toContain('1,204.50')
      expect(text).not.toContain('The layout of the message could not be kept')
    } finally {
      await without.close()
    }
  }
}, 30_000)
