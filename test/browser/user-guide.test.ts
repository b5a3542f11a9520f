/** The guide for users of the add-in: one sheet of paper, with a picture of the pane in its language. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { markdownPage } from '../support/markdown-page.ts'
import { type PaneBrowser, paneBrowser } from '../support/pane-browser.ts'

/** A folder to put the pictures and the printed sheets into. */
const pictures = process.env.SECFLOW_TEST_PICTURES
const GUIDES = join(import.meta.dirname, '../../docs/addin')

let browser: PaneBrowser
beforeAll(async () => {
  browser = await paneBrowser()
})
afterAll(() => browser?.[Symbol.asyncDispose]())

describe.each([
  {
    language: 'en',
    file: 'user-guide.md',
    locale: 'en-GB',
    subject: 'Offer',
    confidential: /^Confidential/,
    groups: ['Encrypted with S/MIME', 'Encrypted PDF'],
    stamped: 'Stamped on this message',
    protection: 'Protection',
  },
  {
    language: 'de',
    file: 'user-guide.de.md',
    locale: 'de-DE',
    subject: 'Angebot',
    confidential: /^Vertraulich/,
    groups: ['Mit S/MIME verschlüsselt', 'Verschlüsseltes PDF'],
    stamped: 'An dieser Nachricht gestempelt',
    protection: 'Schutz',
  },
])('the guide in $language', ({ language, file, locale, subject, confidential, groups, stamped, protection }) => {
  const guide = readFileSync(join(GUIDES, file), 'utf8')

  it('uses the words of the pane that it shows', async () => {
    await using open = await browser.open({
      language: locale,
      draft: { to: ['cert@partner.example', 'phone@partner.example'], subject },
      names: { 'cert@partner.example': 'Carla Cert', 'phone@partner.example': 'Paul Phone' },
    })
    const { page } = open
    await page.getByRole('radio', { name: confidential }).check()
    for (const name of groups) await page.getByRole('heading', { name }).waitFor()
    await page.getByText(stamped).waitFor()
    expect(guide).toContain(stamped)
    if (!pictures) return
    mkdirSync(pictures, { recursive: true })
    // Down to the end of what will happen.
    await page.setViewportSize({ width: 320, height: 2000 })
    const { y = 0 } = (await page.getByRole('heading', { name: protection, exact: true }).boundingBox()) ?? {}
    const clip = { x: 0, y: 0, width: 320, height: Math.floor(y) - 8 }
    await page.screenshot({ path: join(pictures, `guide-${language}.png`), clip })
  })

  it('fits one sheet of A4, its picture on it', async () => {
    const page = await browser.browser.newPage()
    const folder = mkdtempSync(join(tmpdir(), 'secflow-guide-'))
    const target = join(folder, 'guide.html')
    writeFileSync(target, markdownPage(guide, language, pathToFileURL(`${GUIDES}/`).href))
    try {
      await page.goto(pathToFileURL(target).href)
      const seen = await page.evaluate(() => [...document.images].map(({ naturalWidth }) => naturalWidth > 0))
      expect(seen).toEqual([true])
      const sheet = await page.pdf({ preferCSSPageSize: true, printBackground: true })
      if (pictures) writeFileSync(join(pictures, `guide-${language}.pdf`), sheet)
      const info = execFileSync('pdfinfo', ['-'], { input: sheet }).toString()
      expect(info).toMatch(/^Page size: +59[45]\S* x 84[12]\S* pts \(A4\)$/m)
      expect(Number(/^Pages: +(\d+)$/m.exec(info)?.[1])).toBe(1)
    } finally {
      await page.close()
      rmSync(folder, { recursive: true })
    }
  })
})
