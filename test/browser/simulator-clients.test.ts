/** Every client of the simulator: what the add-in does in it, and that no fault of ours or of the client stops a mail. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CLIENTS } from '../../simulator/profiles/clients.ts'
import type { Hook } from '../../simulator/window/hook.ts'
import { eventually, headerOf, mailsTo } from '../support/delivered.ts'
import { frameOf, type SimulatedWorld, simulatedWorld, type Visit } from '../support/simulator.ts'

let world: SimulatedWorld
let visit: Visit
beforeAll(async () => {
  world = await simulatedWorld()
})
afterAll(() => world?.[Symbol.asyncDispose]())
afterEach(async () => {
  expect(visit.outside, 'requests to other hosts').toEqual([])
  await visit.close()
})

const client = (id: string) => `client=${id}&language=en&theme=light`
const sample = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
const send = (page: Page) => page.getByRole('button', { name: 'Send', exact: true }).click()
const delivered = (page: Page, count: number) =>
  expect.poll(() => page.locator('.delivery li.delivered').count(), { timeout: 30_000 }).toBe(count)

/** The three headers as they stand on the draft, by lower-case name. */
const stamped = (page: Page): Promise<Record<string, string>> =>
  page.evaluate(() => {
    const hook: Hook = window.secflowSimulator!
    const { draft } = hook.open()!.session
    return Object.fromEntries([...draft.headers].map(([name, { value }]) => [name, value]))
  })

async function confidential(page: Page): Promise<void> {
  const pane = await frameOf(page, '/taskpane.html')
  await pane.getByRole('radio', { name: /^Confidential/ }).check()
  await expect
    .poll(() => stamped(page), { timeout: 20_000 })
    .toMatchObject({
      'x-secflow-classification': 'confidential',
      'x-secflow-stamp': expect.stringMatching(/^eyJ/),
    })
}

describe.each(CLIENTS)('$name', (profile) => {
  const { id } = profile

  it('stamps what is chosen, and the gateway does it', { timeout: 60_000 }, async () => {
    visit = await world.open(client(id))
    const { page } = visit
    await sample(page, 'Minutes for four')
    if (profile.composePane) await confidential(page)
    else {
      // Phones have events and no pane: the stamp says that nothing was chosen.
      await expect.poll(() => stamped(page), { timeout: 10_000 }).toMatchObject({ 'x-secflow-classification': 'none' })
      expect(await page.getByRole('button', { name: 'Protect' }).isDisabled()).toBe(true)
    }
    await send(page)
    await delivered(page, 4)
    const [file] = (await mailsTo(world.sink, 'cert@partner.example')).slice(-1)
    expect(headerOf(file!)).not.toMatch(/x-secflow-/i)
    expect(readFileSync(file!, 'latin1').includes('Umspannwerk')).toBe(false)
    expect(/enveloped-data/.test(headerOf(file!))).toBe(profile.composePane)
  })

  it('holds a mail that the policy stops, where it can', { timeout: 60_000 }, async () => {
    visit = await world.open(client(id))
    const { page } = visit
    await sample(page, 'A mail to a competitor')
    if (profile.composePane)
      await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
    const knows = profile.composePane && profile.launchEvents.includes('onMessageSend')
    // Session data of the Mac can be read two seconds later only.
    await page.waitForTimeout(profile.sessionDelay + 200)
    await send(page)
    if (knows) {
      const alert = page.getByRole('dialog')
      await alert.waitFor()
      const buttons = await alert.getByRole('button').allInnerTexts()
      expect(buttons).toEqual(
        profile.takeAction === 'extra' ? ['Review protection', 'Don’t send'] : ['Review protection'],
      )
      await alert.getByRole('button', { name: 'Review protection' }).click()
      await page.locator('.pane iframe').waitFor()
      expect(await page.locator('.delivery').count()).toBe(0)
    } else {
      // No event, or nobody who told it: the gateway refuses, as it would in any case.
      await expect.poll(() => page.locator('.delivery').innerText(), { timeout: 30_000 }).toContain('refused')
    }
    expect(world.sink.delivered.filter(({ address }) => address === 'm.hart@rival.example')).toEqual([])
  })
})

describe('an address that only looks right', () => {
  it('is asked about, and goes to the gateway when the sender insists, which holds it', {
    timeout: 60_000,
  }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await sample(page, 'An address that only')
    await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
    await send(page)
    const alert = page.getByRole('dialog')
    await alert.waitFor()
    expect(await alert.getByRole('button').allInnerTexts()).toEqual(['Send anyway', 'Review protection', 'Don’t send'])
    await alert.getByRole('button', { name: 'Send anyway' }).click()
    await expect.poll(() => page.locator('.delivery').innerText(), { timeout: 30_000 }).toContain('held')
  })
})

/** What the pane says of its server, see addin/pane/words/en.ts. */
const PANE_SAYS: Readonly<Record<string, RegExp>> = {
  '401': /You are not signed in/,
  '403': /You may not use this|not signed in/,
  '429': /Many requests at the moment/,
  '500': /out of order/,
  offline: /No connection/,
  slow: /Still waiting for the service|does not answer in time/,
}

/** A mail goes out although something is broken: within five seconds of the click, without any question. */
async function goesOut(page: Page): Promise<void> {
  const began = Date.now()
  await send(page)
  await page.locator('.delivery').waitFor({ timeout: 15_000 })
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(Date.now() - began).toBeLessThan(5000)
  await delivered(page, 4)
}

const withSend = CLIENTS.filter(({ launchEvents }) => launchEvents.includes('onMessageSend'))

describe.each(withSend)('$name with something broken', ({ id }) => {
  it.each(['headersFail', 'headersSilent', 'recipientsSilent'])(
    'sends although the client has %s',
    { timeout: 60_000 },
    async (fault) => {
      visit = await world.open(client(id))
      const { page } = visit
      await page.getByText('Faults').click()
      await page.getByLabel('Outlook itself').selectOption(fault)
      await page.getByText('Faults').click()
      await sample(page, 'Minutes for four')
      await page.waitForTimeout(1500)
      await goesOut(page)
    },
  )

  it.each(id === 'web' ? ['offline', '401', '403', '429', '500', 'slow'] : ['offline'])(
    'sends while the server of the add-in: %s',
    { timeout: 60_000 },
    async (fault) => {
      visit = await world.open(client(id))
      const { page } = visit
      await page.getByText('Faults').click()
      await page.getByLabel('Server of the add-in').selectOption(fault)
      await page.getByText('Faults').click()
      await sample(page, 'Minutes for four')
      const pane = await frameOf(page, '/taskpane.html')
      await pane.getByText(PANE_SAYS[fault]!).first().waitFor({ timeout: 20_000 })
      await goesOut(page)
    },
  )

  it('asks the user when the events cannot be loaded, and sends when nobody answers', { timeout: 60_000 }, async () => {
    visit = await world.open(client(id))
    const { page } = visit
    await page.route('**/launchevent.js', (route) => route.abort())
    visit.complaints.length = 0
    await page.evaluate(() => Object.assign(window.secflowSimulator!.times, { slow: 300, over: 1500 }))
    await sample(page, 'Minutes for four')
    await page.waitForTimeout(1500)
    await send(page)
    await page.getByRole('dialog', { name: 'This is taking longer than usual' }).waitFor()
    await delivered(page, 4)
  })
})

describe('storage that fails', () => {
  it('stops nobody: no local storage, no session data', { timeout: 60_000 }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await page.context().addInitScript(() => {
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException('denied', 'SecurityError')
          },
        })
    })
    await page.evaluate(() => {
      for (const number of [185, 186]) window.secflowSimulator!.desk.faults.set(number, 'fails')
    })
    await page.reload()
    await sample(page, 'Minutes for four')
    await confidential(page)
    await goesOut(page)
  })
})

describe('what senders get wrong, and what servers do', () => {
  it('names that nobody has are named before anything is sent', { timeout: 60_000 }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await page.getByRole('button', { name: 'New mail' }).click()
    await page.getByLabel('To: Add a recipient').fill('Zacharias')
    await page.getByLabel('To: Add a recipient').press('Enter')
    await send(page)
    expect(await page.getByRole('dialog').innerText()).toContain('Zacharias')
    await page.getByRole('button', { name: 'OK' }).click()
    const pane = await frameOf(page, '/taskpane.html')
    expect(await pane.locator('body').innerText()).not.toContain('Something went wrong')
  })

  it('500 recipients are previewed and the mail is sent', { timeout: 120_000 }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await page.getByRole('button', { name: 'New mail' }).click()
    const many = Array.from({ length: 500 }, (_, at) => `person-${at}@many.example`)
    await page.getByLabel('To: Add a recipient').fill(many.join(';'))
    await page.getByLabel('To: Add a recipient').press('Enter')
    await page.getByLabel('Subject').fill('To everybody')
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByText('500 recipients', { exact: true }).first().waitFor({ timeout: 20_000 })
    await page.keyboard.press('Tab')
    await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
    expect((await stamped(page))['x-secflow-stamp']!.length).toBeLessThan(998 - 'X-Secflow-Stamp'.length)
    await send(page)
    await page.locator('.delivery').waitFor({ timeout: 30_000 })
    await eventually(
      'all of them',
      () => world.sink.delivered.filter(({ address }) => address.endsWith('@many.example')).length === 500 || undefined,
      60,
    )
  })

  it.each(['عرض سعر رقم 12', 'הצעת מחיר 🔒', 'Offer 👩‍⚕️🇩🇪 – “Größe”', 'x'.repeat(255)])(
    'the subject %s arrives as it was written',
    { timeout: 60_000 },
    async (subject) => {
      visit = await world.open(client('web'))
      const { page } = visit
      await page.getByRole('button', { name: 'New mail' }).click()
      await page.getByLabel('To: Add a recipient').fill('nothing@partner.example')
      await page.getByLabel('To: Add a recipient').press('Enter')
      await page.getByLabel('Subject').fill(subject)
      await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
      await send(page)
      await delivered(page, 1)
      await page.getByRole('button', { name: 'Open mailbox' }).click()
      expect(await page.locator('.read-subject').innerText()).toBe(subject)
    },
  )

  it('attachments that the client names late are in the stamp of the mail that is sent', {
    timeout: 60_000,
  }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await page.getByText('Faults').click()
    await page.getByLabel('Outlook itself').selectOption('filesLate')
    await page.getByText('Faults').click()
    await sample(page, 'Minutes for four')
    await confidential(page)
    await page.waitForTimeout(3500)
    await send(page)
    await delivered(page, 4)
  })

  it('a tenant without labels has its state in the pane, and mail goes', { timeout: 60_000 }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await page.route('**/api/v1/vocabulary**', async (route) => {
      const answer = await route.fetch()
      const body = (await answer.json()) as object
      await route.fulfill({ response: answer, json: { ...body, labels: [], defaultLabel: null } })
    })
    await sample(page, 'Minutes for four')
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByRole('heading', { name: 'Classification' }).waitFor()
    expect(await pane.getByRole('radio').count()).toBe(0)
    await goesOut(page)
  })
})
