/** The recipient's way through the portal in a real browser: link, code, phone, message, reply; and what axe says of each page. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, createHttpApp } from '../../server/http/app.ts'
import { launchChromium } from '../support/chromium.ts'
import { type LinkSpec, type TestHouse, testHouse } from '../support/http-services.ts'

let house: TestHouse
let app: App
let browser: Browser
let origin: string
/** Set to keep pictures of every page. */
const pictures = process.env.SECFLOW_TEST_PICTURES

beforeAll(async () => {
  house = await testHouse()
  app = await createHttpApp(house.services)
  await app.listen({ port: 0, host: '127.0.0.1' })
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await app?.close()
  await house?.[Symbol.asyncDispose]()
})

const attachment = randomBytes(300_000)
const message: LinkSpec = {
  access: 'portal-2fa',
  phone: '+4915112345678',
  reply: true,
  mail: {
    from: 'anna@klinik.example',
    to: ['praxis@partner.example'],
    subject: 'Ihr Angebot für die Wartung der Anlage in Unterschleißheim',
    date: Date.UTC(2026, 10, 23, 9, 30),
    text: 'Guten Tag,\n\nanbei das Angebot.\n\nAnna Berg',
    html: '<h2>Guten Tag,</h2><p>anbei das <b>Angebot</b>.</p><table><tr><td style="background-color:#eee">Position</td><td>4.711 €</td></tr></table><img src="https://track.example/p.gif" alt="Logo"><script>document.title="owned"</script>',
    attachments: [{ name: 'Angebot und Vertragsunterlagen 2026-11 (final).pdf', content: attachment }],
  },
}
const series: LinkSpec = {
  access: 'link',
  files: ['IM-0001.dcm', 'Übersicht-der-Serie-mit-einem-sehr-langen-Namen-ohne-jede-Lücke-20261123.dcm'].map(
    (name) => ({
      name,
      content: randomBytes(50_000),
    }),
  ),
}

interface Look {
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
}

/** A visitor whose browser reports what a page did wrong. */
async function visitor(look: Look) {
  const context = await browser.newContext({
    colorScheme: look.colorScheme,
    viewport: { width: look.width, height: 900 },
    locale: 'de-DE',
    acceptDownloads: true,
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (line) => {
    if (line.type() === 'error') complaints.push(line.text())
  })
  const outside: string[] = []
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) outside.push(request.url())
  })
  return { context, page, complaints, outside }
}

async function inspect(page: Page, name: string, { colorScheme, width }: Look): Promise<void> {
  if (pictures) {
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}-${colorScheme}-${width}.png`), fullPage: true })
  }
  await checkAccess(page, name)
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow, `${name} scrolls sideways`).toBeLessThanOrEqual(0)
}

/** axe on the document itself: the frame of a message runs no script, not even axe's, and is checked apart. */
async function checkAccess(page: Page, name: string, except: string[] = []): Promise<void> {
  const axe = new AxeBuilder({ page }).options({ iframes: false }).setLegacyMode(true)
  const { violations } = await axe
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .disableRules(except)
    .analyze()
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
    name,
  ).toEqual([])
}

const codeIn = (text: string | undefined) => /\d{4} \d{4}/.exec(text ?? '')![0]!

describe.each<Look>([
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 320 },
  { colorScheme: 'dark', width: 320 },
])('portal, $colorScheme, $width px', (look) => {
  it('leads from the link over mail and phone to the message, the file and the reply', async () => {
    const { path, grant } = await house.link(message)
    const { context, page, complaints, outside } = await visitor(look)
    await page.goto(origin + path)
    await inspect(page, '1-landing', look)
    await page.getByRole('button', { name: 'Code zusenden' }).click()
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.id), {
        message: 'the field has the focus',
        timeout: 10_000,
      })
      .toBe('code')
    await inspect(page, '2-code', look)
    await page.keyboard.type('0000 0000')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await inspect(page, '3-wrong-code', look)
    expect(complaints.splice(0)).toEqual([expect.stringContaining('403')])
    await page.getByLabel('Code').fill(codeIn(house.mails.at(-1)?.text))
    await page.getByRole('button', { name: 'Weiter' }).click()
    await page.getByRole('button', { name: 'Code an mein Telefon senden' }).click()
    await inspect(page, '4-phone', look)
    await page.getByLabel('Code').fill(codeIn(house.texts.at(-1)?.text))
    await page.getByRole('button', { name: 'Weiter' }).click()

    await page.getByRole('heading', { level: 1, name: /Ihr Angebot/ }).waitFor()
    const frame = page.frameLocator('iframe')
    await frame.getByText('anbei das').waitFor()
    expect(await frame.locator('body').textContent()).toContain('[Bild: Logo]')
    await inspect(page, '5-message', look)
    expect(await page.title()).not.toContain('owned')
    const frameText = await (await context.request.get(`${origin}${path}/body`)).text()
    const apart = await context.newPage()
    await apart.setContent(frameText)
    // The heading of the page is outside of the frame.
    await checkAccess(apart, 'frame', ['page-has-heading-one'])
    await apart.close()

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /^Herunterladen: Angebot/ }).click(),
    ])
    expect(download.suggestedFilename()).toBe('Angebot und Vertragsunterlagen 2026-11 (final).pdf')
    const chunks: Buffer[] = []
    for await (const chunk of await download.createReadStream()) chunks.push(chunk)
    expect(Buffer.concat(chunks).equals(attachment)).toBe(true)

    await page.getByRole('link', { name: 'Als reinen Text zeigen' }).click()
    await page.getByText('anbei das Angebot').waitFor()
    await page.getByLabel('Ihre Nachricht').fill('Vielen Dank!')
    await page
      .getByLabel('Dateien (freiwillig)')
      .setInputFiles({ name: 'Unterschrift.pdf', mimeType: 'application/pdf', buffer: randomBytes(70_000) })
    await page.getByRole('button', { name: 'Antwort senden' }).click()
    await page.getByRole('heading', { name: 'Ihre Antwort ist unterwegs' }).waitFor()
    await inspect(page, '6-done', look)
    expect(await house.events('portal.replied')).toContainEqual(expect.objectContaining({ grant: grant.id, files: 1 }))

    await page.getByRole('button', { name: 'Abmelden' }).click()
    await page.getByRole('heading', { name: 'Sie sind abgemeldet' }).waitFor()
    await inspect(page, '7-left', look)
    expect(complaints).toEqual([])
    expect(outside, 'nothing is loaded from elsewhere').toEqual([])
    await context.close()
  })

  it('shows files and dead links', async () => {
    const { context, page } = await visitor(look)
    const { path } = await house.link(series)
    await page.goto(origin + path)
    await inspect(page, '8-files', look)
    await page.goto(`${origin}/portal/demo/nothing`)
    await inspect(page, '9-unknown', look)
    const expired = await house.link({ ...series, expiresIn: -1 })
    await page.goto(origin + expired.path)
    await inspect(page, '10-expired', look)
    await page.goto(`${origin}/docs`)
    await inspect(page, '11-docs', look)
    await context.close()
  })
})

describe('without a pointer', () => {
  it('the way can be gone by keyboard alone', async () => {
    const { path } = await house.link({ ...message, access: 'portal' })
    const { context, page } = await visitor({ colorScheme: 'light', width: 1280 })
    await page.goto(origin + path)
    await tabTo(page, 'Code zusenden')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/code$/)
    // The field takes the focus by itself; typing before it has would go nowhere.
    await page.waitForFunction("document.activeElement?.tagName === 'INPUT'")
    await page.keyboard.type(codeIn(house.mails.at(-1)?.text))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: /Ihr Angebot/ }).waitFor()
    await tabTo(page, 'Antwort senden')
    await context.close()
  })
})

async function tabTo(page: Page, name: string): Promise<void> {
  for (let n = 0; n < 25; n++) {
    await page.keyboard.press('Tab')
    if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === name) return
  }
  throw new Error(`${name} cannot be reached by Tab`)
}
