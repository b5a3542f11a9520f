/** The simulator's own window: what axe says of each state in every theme, narrow and wide, and pictures for the guide. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { frameOf, type SimulatedWorld, simulatedWorld } from '../support/simulator.ts'

let world: SimulatedWorld
beforeAll(async () => {
  world = await simulatedWorld()
})
afterAll(() => world?.[Symbol.asyncDispose]())

/** Set to keep pictures of every state. */
const pictures = process.env.SECFLOW_TEST_PICTURES

interface Look {
  readonly theme: 'light' | 'dark'
  readonly width: number
  readonly language: 'de' | 'en'
  readonly contrast?: boolean
}

async function inspect(page: Page, name: string, look: Look): Promise<void> {
  if (pictures) {
    mkdirSync(pictures, { recursive: true })
    const file = `simulator-${name}-${look.contrast ? 'contrast' : look.theme}-${look.width}.png`
    await page.screenshot({ path: join(pictures, file) })
  }
  // Frames are the add-in's own page, which has a test of its own, and letters, which run no script.
  const axe = new AxeBuilder({ page }).options({ iframes: false }).setLegacyMode(true)
  const { violations } = await axe
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze()
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
    name,
  ).toEqual([])
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(overflow, `${name} scrolls sideways`).toBeLessThanOrEqual(0)
}

const LOOKS: readonly Look[] = [
  { theme: 'light', width: 1400, language: 'de' },
  { theme: 'dark', width: 1400, language: 'en' },
  { theme: 'light', width: 1400, language: 'en', contrast: true },
  { theme: 'light', width: 320, language: 'de' },
  { theme: 'dark', width: 320, language: 'en' },
]

describe.each(LOOKS)('simulator, $theme, $width px, $language', (look) => {
  it('can be used by everybody in each of its states', { timeout: 120_000 }, async () => {
    const { theme, width, language, contrast } = look
    const { page, outside, complaints, close } = await world.open(`client=web&language=${language}&theme=${theme}`, {
      viewport: { width, height: 900 },
      ...(contrast ? { forcedColors: 'active' as const } : {}),
    })
    const say = (de: string, en: string) => (language === 'de' ? de : en)
    const sample = (de: string, en: string) => page.locator('.sample', { hasText: say(de, en) }).click()
    await inspect(page, 'start', look)

    await sample('Ein Protokoll', 'Minutes for four')
    const pane = await frameOf(page, '/taskpane.html')
    await pane
      .getByRole('radio', { name: say('Vertraulich', 'Confidential') })
      .first()
      .check()
    await pane.getByText(say('An dieser Nachricht gestempelt', 'Stamped on this message')).waitFor()
    await pane.locator('[aria-busy="false"] .group:not(.stale)').first().waitFor()
    await inspect(page, 'compose', look)

    await page.getByRole('button', { name: say('Senden', 'Send'), exact: true }).click()
    await expect.poll(() => page.locator('.delivery li.delivered').count(), { timeout: 40_000 }).toBe(4)
    await inspect(page, 'sent', look)

    await page
      .getByRole('button', { name: say('Postfach öffnen', 'Open mailbox') })
      .first()
      .click()
    await page.locator('.read .protection').waitFor()
    await inspect(page, 'smime', look)
    await page.getByRole('button', { name: /^Partner with phone only/ }).click()
    await page.locator('.protection.pdf').waitFor()
    await inspect(page, 'pdf', look)

    await page.getByRole('button', { name: /^Viktor Kern/ }).click()
    await page.locator('.sample').first().waitFor()
    await sample('Nachricht an einen Wettbewerber', 'A mail to a competitor')
    const other = await frameOf(page, '/taskpane.html')
    await other.getByText(say('An dieser Nachricht gestempelt', 'Stamped on this message')).waitFor()
    await page.getByRole('button', { name: say('Senden', 'Send'), exact: true }).click()
    await page.getByRole('dialog').waitFor()
    await inspect(page, 'alert', look)
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('BUTTON')
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)

    await page.getByText(say('Störungen', 'Faults')).click()
    await inspect(page, 'faults', look)
    expect(outside).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })
})
