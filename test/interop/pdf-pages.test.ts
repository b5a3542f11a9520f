/** Ten difficult mails as pages: drawn, checked by qpdf, read back by poppler. What they look like: docs/operate/pdf. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createDocumentRenderer } from '../../server/journey/transform/pdf/renderer.ts'
import { difficultMails } from '../support/difficult-mails.ts'

const renderer = createDocumentRenderer({ workers: 1 })
const folder = mkdtempSync(join(tmpdir(), 'secflow-pages-'))
afterAll(async () => {
  await renderer.close()
  rmSync(folder, { recursive: true, force: true })
})

const SIMPLIFIED = 'The layout of the message could not be kept'
/** Lines end where the page does; marks of direction are poppler's own. */
const flat = (text: string) => text.replace(/[\u202a-\u202e\u200e\u200f]/g, '').replace(/\s+/g, '')

describe('a page of a difficult mail', () => {
  it.each(difficultMails.map((mail) => [mail.name, mail] as const))('can be read: %s', async (_, mail) => {
    const pdf = await renderer.render(mail.page)
    const path = join(folder, `${mail.name}.pdf`)
    writeFileSync(path, pdf)
    execFileSync('qpdf', ['--check', path], { stdio: 'pipe' })
    const text = execFileSync('pdftotext', ['-layout', '-', '-'], { input: pdf }).toString()
    for (const words of mail.shows) expect(flat(text)).toContain(flat(words))
    for (const words of [...(mail.hides ?? []), SIMPLIFIED, 'cannot be shown']) expect(text).not.toContain(words)
    expect(text).toContain(mail.page.files[0]!.sha256)
  })

  it('embeds every font it uses, and only as much of it as it uses', async () => {
    for (const { page } of difficultMails) {
      const pdf = await renderer.render(page)
      const fonts = execFileSync('pdffonts', ['-'], { input: pdf }).toString().trim().split('\n').slice(2)
      expect(fonts.length).toBeGreaterThan(0)
      for (const font of fonts) expect(font).toMatch(/CID TrueType\s+Identity-H\s+yes yes yes/)
      expect(pdf.length).toBeLessThan(250_000)
    }
  })

  it('draws the pictures of a mail, by Content-ID and in the text', async () => {
    const mail = difficultMails.find(({ name }) => name === 'inline-images')!
    const pdf = await renderer.render(mail.page)
    const images = execFileSync('pdfimages', ['-list', '-'], { input: pdf }).toString().trim().split('\n').slice(2)
    expect(images.map((line) => line.trim().split(/\s+/).slice(3, 5).join('x')).sort()).toEqual(
      expect.arrayContaining(['120x60', '240x80']),
    )
  })

  it('links to http, https, mailto and tel only', async () => {
    const mail = difficultMails.find(({ name }) => name === 'nested-tables')!
    const links = (await renderer.render(mail.page)).toString('latin1').match(/\/URI \([^)]*\)/g)
    expect(links).toEqual([
      '/URI (https://gateway.example/portal/t/abc)',
      '/URI (https://example.org/report?q=4&year=2026)',
    ])
  })
})
