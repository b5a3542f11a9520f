/** Every client of the simulator: what the add-in does in it, and that no fault of ours or of the client stops a mail. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { stampedFiles } from '../../shared/words/stamp.ts'
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

/** The headers of the mail that is sent next, by lower-case name. */
async function sentHeaders(page: Page): Promise<Record<string, string>> {
  const request = await page.waitForRequest('**/simulator/send')
  const { headers } = request.postDataJSON() as { readonly headers: readonly (readonly [string, string])[] }
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
}

/** As the stamp has it for these attachments. */
const attachmentHash = (files: readonly { readonly name: string; readonly size: number }[]) =>
  createHash('sha256').update(stampedFiles(files)).digest('base64url')
/** Of the stamp that stands on the draft; null for none. */
const attOf = async (page: Page) => attIn((await stamped(page))['x-secflow-stamp'] ?? '')
function attIn(stamp: string): string | null {
  const claims = stamp.split('.')[1]
  if (claims === undefined) return null
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { readonly att?: string }).att ?? null
}

/** Chooses a fault of the client or of the service, in the drawer of the simulator. */
async function setFault(page: Page, whose: string, fault: string): Promise<void> {
  await page.getByText('Faults').click()
  await page.getByLabel(whose).selectOption(fault)
  await page.getByText('Faults').click()
}

/** A confidential mail in a client that names its attachments late: when `nameFiles` says so. */
async function withLateFiles(): Promise<Page> {
  visit = await world.open(client('web'))
  await setFault(visit.page, 'Outlook itself', 'filesLate')
  await visit.page.evaluate(() => {
    window.secflowSimulator!.desk.filesLate = Number.POSITIVE_INFINITY
  })
  await sample(visit.page, 'Minutes for four')
  await confidential(visit.page)
  return visit.page
}

const nameFiles = (page: Page) =>
  page.evaluate(() => {
    const { draft } = window.secflowSimulator!.open()!.session
    draft.attachments = draft.attachments.map((one) => ({ ...one, listedAt: 0 }))
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

/** Text of what has the focus in the pane, '' for nothing. */
async function focused(page: Page): Promise<string> {
  const pane = await frameOf(page, '/taskpane.html')
  return pane
    .evaluate(() => {
      const { activeElement: active } = document
      return active?.closest('.phone, label, .fui-Radio, .reason')?.textContent ?? ''
    })
    .catch(() => '')
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
      // The pane opens at what there is to choose: nothing else is missing here.
      await expect.poll(() => focused(page), { timeout: 20_000 }).toMatch(/^Public|^Internal/)
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
async function goesOut(page: Page, recipients = 4): Promise<void> {
  const began = Date.now()
  await send(page)
  await page.locator('.delivery').waitFor({ timeout: 15_000 })
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(Date.now() - began).toBeLessThan(5000)
  await delivered(page, recipients)
}

const withSend = CLIENTS.filter(({ launchEvents }) => launchEvents.includes('onMessageSend'))

describe.each(withSend)('$name with something broken', ({ id }) => {
  it.each(['headersFail', 'headersSilent', 'recipientsSilent'])(
    'sends although the client has %s',
    { timeout: 60_000 },
    async (fault) => {
      visit = await world.open(client(id))
      const { page } = visit
      await setFault(page, 'Outlook itself', fault)
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
      await setFault(page, 'Server of the add-in', fault)
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

describe('the manifest with Block', () => {
  it('holds the mail when nobody answers, and sends it once the add-in does', { timeout: 60_000 }, async () => {
    visit = await world.open(`${client('web')}&send=block`)
    const { page } = visit
    await page.route('**/launchevent.js', (route) => route.abort())
    await page.evaluate(() => Object.assign(window.secflowSimulator!.times, { slow: 300, over: 1500 }))
    await sample(page, 'Minutes for four')
    await page.waitForTimeout(1000)
    await send(page)
    const slow = page.getByRole('dialog', { name: 'This is taking longer than usual' })
    await slow.waitFor()
    expect(await slow.getByRole('button').allInnerTexts()).toEqual(['Don’t send'])
    const stopped = page.getByRole('dialog', { name: 'The add-in does not answer' })
    await stopped.waitFor()
    await stopped.getByRole('button', { name: 'OK' }).click()
    expect(await page.locator('.delivery').count()).toBe(0)
    expect(await page.getByLabel('Subject').inputValue()).toContain('Minutes')

    // It is there again: the same window sends.
    await page.unroute('**/launchevent.js')
    await page.getByRole('button', { name: 'Discard' }).click()
    await sample(page, 'Minutes for four')
    await page.evaluate(() => Object.assign(window.secflowSimulator!.times, { slow: 5000, over: 300_000 }))
    await page.waitForTimeout(1500)
    await goesOut(page)
  })

  it('changes nothing where the client has no event on sending', { timeout: 60_000 }, async () => {
    visit = await world.open(`${client('ltsc')}&send=block`)
    await sample(visit.page, 'Minutes for four')
    await goesOut(visit.page)
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
    await page.reload()
    await page.getByRole('main').waitFor()
    await page.evaluate(() => {
      for (const number of [185, 186]) window.secflowSimulator!.desk.faults.set(number, 'fails')
    })
    await sample(page, 'Minutes for four')
    await confidential(page)
    // The faults were in force: nothing was kept anywhere.
    expect(await page.evaluate(() => window.secflowSimulator!.open()!.session.draft.session.size)).toBe(0)
    const pane = await frameOf(page, '/taskpane.html')
    expect(
      await pane.evaluate(() => {
        try {
          return localStorage.length
        } catch (error) {
          return (error as Error).name
        }
      }),
    ).toBe('SecurityError')
    const sent = sentHeaders(page)
    await goesOut(page)
    expect(await sent).toMatchObject({ 'x-secflow-classification': 'confidential' })
  })
})

/** Adds a recipient as the user does. */
async function addRecipient(page: Page, address: string): Promise<void> {
  await page.getByLabel('To: Add a recipient').fill(address)
  await page.getByLabel('To: Add a recipient').press('Enter')
}

const stampOn = async (page: Page) => (await stamped(page))['x-secflow-stamp'] ?? ''

/** A stamped draft whose pane is closed again: from here on only launch events write. */
async function stampedWithoutPane(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'New mail' }).click()
  await addRecipient(page, 'cert@partner.example')
  await page.getByLabel('Subject').fill('Figures')
  await confidential(page)
  await expect.poll(() => attOf(page), { timeout: 10_000 }).toBe(attachmentHash([]))
  await page.getByRole('button', { name: 'Protect' }).click()
  await page.locator('.pane iframe').waitFor({ state: 'detached' })
}

const FILE = { name: 'figures.csv', mimeType: 'text/csv', buffer: Buffer.from('42\n'.repeat(100)) }
const EVENTS = [
  {
    event: 'onMessageFromChanged',
    change: async (page: Page) => void (await page.getByLabel('From', { exact: true }).selectOption({ index: 0 })),
    back: async (page: Page) => void (await page.getByLabel('From', { exact: true }).selectOption({ index: 1 })),
  },
  {
    event: 'onMessageAttachmentsChanged',
    change: (page: Page) => page.locator('input[type=file]').setInputFiles(FILE),
    back: (page: Page) => page.getByRole('button', { name: /figures\.csv$/ }).click(),
  },
] as const

describe.each(withSend)('launch events of $name', ({ id, sessionDelay }) => {
  it.each(EVENTS)(
    '$event takes the stamp off a draft it was not made for, and puts it back on the one it was',
    { timeout: 60_000 },
    async ({ change, back }) => {
      visit = await world.open(client(id))
      const { page } = visit
      await stampedWithoutPane(page)
      await page.waitForTimeout(sessionDelay)
      const stamp = await stampOn(page)
      await change(page)
      await expect.poll(() => stampOn(page), { timeout: 20_000 }).toBe('none')
      expect(await stamped(page)).toMatchObject({ 'x-secflow-classification': 'confidential' })
      await back(page)
      await expect.poll(() => stampOn(page), { timeout: 20_000 }).toBe(stamp)
    },
  )
})

describe('a client without launch events', () => {
  it.each(EVENTS)('keeps the stamp where $event would have acted', async ({ change }) => {
    visit = await world.open(client('ltsc'))
    const { page } = visit
    await stampedWithoutPane(page)
    const stamp = await stampOn(page)
    await change(page)
    await page.waitForTimeout(1000)
    expect(await stampOn(page)).toBe(stamp)
  })
})

describe('a header that would be longer than 998 characters', () => {
  it.each(['web', 'classic'])(
    'is not written in %s: the pane asks for less, the wish stays without its reason, and the mail goes',
    { timeout: 60_000 },
    async (id) => {
      visit = await world.open(client(id))
      const { page } = visit
      await sample(page, 'Minutes for four')
      const pane = await frameOf(page, '/taskpane.html')
      await pane.getByRole('checkbox', { name: /Without protection|No protection|Unprotected|Plain/i }).check()
      await pane.getByRole('combobox', { name: /less protection/ }).selectOption({ label: 'Another reason' })
      await pane.getByRole('textbox', { name: /less protection/ }).fill('ü'.repeat(190))
      await pane.getByText(/Please shorten: \d+ characters too many/).waitFor()
      const fitting = { 'x-secflow-protection': 'plain', 'x-secflow-stamp': 'none' }
      await expect.poll(() => stamped(page), { timeout: 10_000 }).toMatchObject(fitting)
      await pane.getByText('Your choice stands on this message').waitFor()
      await expect
        .poll(() => page.evaluate(() => window.secflowSimulator!.open()!.session.draft.session.get('secflow') ?? ''))
        .toContain('%c3%bc'.repeat(190))

      // The launch events find the long wish in the notes, on a draft that has lost its headers.
      await page.getByRole('button', { name: 'Protect' }).click()
      await page.locator('.pane iframe').waitFor({ state: 'detached' })
      await page.evaluate(() => window.secflowSimulator!.open()!.session.draft.headers.clear())
      await page.getByRole('button', { name: 'Cc and Bcc' }).click()
      await page.getByLabel('Cc: Add a recipient', { exact: true }).fill('design@supplier.example')
      await page.getByLabel('Cc: Add a recipient', { exact: true }).press('Enter')
      await expect.poll(() => stamped(page), { timeout: 20_000 }).toMatchObject(fitting)

      const sent = sentHeaders(page)
      await goesOut(page, 5)
      const headers = await sent
      expect(headers).toMatchObject(fitting)
      for (const [name, value] of Object.entries(headers)) expect(name.length + value.length).toBeLessThanOrEqual(998)
    },
  )
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
    const page = await withLateFiles()
    // What was stamped first knows of no attachment: the client has not named it yet.
    expect(await attOf(page)).toBe(attachmentHash([]))
    await nameFiles(page)
    const named = attachmentHash([{ name: 'Minutes.txt', size: 2400 }])
    await expect.poll(() => attOf(page), { timeout: 15_000 }).toBe(named)
    const sent = sentHeaders(page)
    await send(page)
    expect(attIn((await sent)['x-secflow-stamp'] ?? '')).toBe(named)
    await delivered(page, 4)
  })

  it('attachments that are named only while the mail is sent leave the mail without a stamp, and it goes', {
    timeout: 60_000,
  }, async () => {
    const page = await withLateFiles()
    await page.getByRole('button', { name: 'Protect' }).click()
    await expect.poll(() => page.frames().some((frame) => frame.url().includes('/taskpane.html'))).toBe(false)
    await nameFiles(page)
    const sent = sentHeaders(page)
    await goesOut(page)
    expect(await sent).toMatchObject({ 'x-secflow-classification': 'confidential', 'x-secflow-stamp': 'none' })
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

describe('the way from a Smart Alert into the pane', () => {
  /** A second factor by text message for two whose telephones nobody knows. */
  async function held(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'New mail' }).click()
    for (const address of ['nothing@partner.example', 'k.kurz@other.example']) {
      await page.getByLabel('To: Add a recipient').fill(address)
      await page.getByLabel('To: Add a recipient').press('Enter')
    }
    await page.getByLabel('Subject').fill('Drawings')
    await page.locator('input[type=file]').setInputFiles({
      name: 'plan.step',
      mimeType: 'application/octet-stream',
      buffer: Buffer.alloc(2000, 7),
    })
    await page.locator('.files li').waitFor()
    if ((await page.locator('.pane iframe').count()) === 0) await page.getByRole('button', { name: 'Protect' }).click()
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByRole('checkbox', { name: /^Attachments as links/ }).check()
    await pane.getByRole('checkbox', { name: /second factor/ }).check()
    await pane.getByRole('heading', { name: 'Waits for a release' }).waitFor()
    await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
  }

  it.each(CLIENTS.filter(({ mailbox, launchEvents }) => mailbox >= 14 && launchEvents.includes('onMessageSend')))(
    'leads to the telephone that is missing in $name, and once it is there the mail goes',
    { timeout: 90_000 },
    async ({ id, sessionDelay }) => {
      visit = await world.open(client(id))
      const { page } = visit
      await page.getByRole('button', { name: 'New mail' }).waitFor()
      await held(page)
      await page.waitForTimeout(sessionDelay + 200)
      await send(page)
      const alert = page.getByRole('dialog')
      await alert.getByRole('button', { name: 'Review protection' }).click()
      await expect
        .poll(() => focused(page), { timeout: 20_000 })
        .toMatch(/^Mobile number of .*(nothing@|Partner without)/)
      await page.keyboard.type('+49 151 2345678')
      await page.keyboard.press('Enter')
      const pane = await frameOf(page, '/taskpane.html')
      await pane.getByLabel(/Mobile number of .*kurz/).fill('+43 664 1234567')
      await pane.getByLabel(/Mobile number of .*kurz/).press('Tab')
      await pane.getByRole('heading', { name: 'Waits for a release' }).waitFor({ state: 'detached' })
      await expect
        .poll(async () => (await stamped(page))['x-secflow-protection'], { timeout: 20_000 })
        .toContain('"nothing@partner.example";sms="+491512345678", "k.kurz@other.example";sms="+436641234567"')
      await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
      await page.waitForTimeout(sessionDelay + 200)
      await send(page)
      await delivered(page, 2)
    },
  )

  it('leads to the reason that is missing', { timeout: 90_000 }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await sample(page, 'An address that only')
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByRole('checkbox', { name: /^Less protection|^Without protection/ }).check()
    await expect.poll(async () => (await stamped(page))['x-secflow-stamp'], { timeout: 20_000 }).toMatch(/^eyJ/)
    await send(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Review protection' }).click()
    await expect.poll(() => focused(page), { timeout: 20_000 }).toContain('Why is less protection right here?')
  })

  it('is another than that of its button, which moves no focus', { timeout: 60_000 }, async () => {
    visit = await world.open(client('web'))
    const { page } = visit
    await sample(page, 'A mail to a competitor')
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByRole('heading', { name: 'Will not be sent' }).waitFor()
    await page.waitForTimeout(1000)
    expect(await focused(page)).toBe('')
  })
})
