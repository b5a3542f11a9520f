/** The task pane in Chromium: every designed state, in every theme, at 320 px, by keyboard; before a real gateway in demo mode. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Verdict, type VerdictAnswer, Vocabulary } from '../../shared/contract/index.ts'
import type { FakeMailbox } from '../support/fake-mailbox.ts'
import { type Look, type OpenPane, type PaneBrowser, paneBrowser } from '../support/pane-browser.ts'
import type { PaneHost } from '../support/pane-host.ts'
import { submit } from '../support/submit.ts'

/** A folder to put a picture of every state into. */
const pictures = process.env.SECFLOW_TEST_PICTURES

let browser: PaneBrowser
beforeAll(async () => {
  browser = await paneBrowser()
})
afterAll(() => browser?.[Symbol.asyncDispose]())

const FOUR = ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example']
const one = (more: PaneHost['draft'] = {}): PaneHost => ({ draft: { to: ['cert@partner.example'], ...more } })

type Api = (status: number, body?: unknown, headers?: Record<string, string>) => (page: Page) => Promise<unknown>
/** Every answer of one resource. */
const answering =
  (path: string): Api =>
  (status, body = {}, headers = {}) =>
  (page) =>
    page.route(`**/${path}*`, (route) => route.fulfill({ status, json: body, headers }))
const api = answering('api/v1/**/')
const evaluate = answering('api/v1/evaluate')

interface State {
  readonly host: PaneHost
  readonly look?: Look
  /** Text that is there once the state is reached. */
  readonly until: string | RegExp
  readonly act?: (open: OpenPane) => Promise<void>
}

const recipient = (address: string, more: object): Verdict['recipients'][number] => ({
  address,
  outcome: 'deliver',
  steps: [],
  method: null,
  reasons: [{ rule: 'mergers', layer: 'tenant', text: 'Nothing about the merger leaves the house' }],
  missing: [],
  ...more,
})
const stopped = Verdict.parse({
  decisionId: 'd',
  revision: 'r',
  stamp: 'a.b.c',
  recipients: [
    recipient('rival@competitor.example', { outcome: 'reject', text: 'Blocked until the announcement on Friday.' }),
    recipient('lawyer@kanzlei.example', { outcome: 'hold', text: 'Legal has to release it.' }),
    recipient('eva@demo.example', {}),
  ],
  copies: [],
})
const wordsWith = (labels: object[]) =>
  Vocabulary.parse({ language: 'en', labels, defaultLabel: null, protections: [] })

const good: VerdictAnswer = {
  state: 'good',
  text: 'Signed by its sender and unchanged.',
  signer: { address: 'bob@partner.example', name: 'Bob Baumann', issuer: 'Partner AG CA' },
  damage: null,
  layers: [
    { kind: 'smime-encrypted', state: 'good', key: null, text: 'Encrypted with S/MIME (AES-256-GCM)' },
    { kind: 'smime-signed', state: 'good', key: 'ab', text: 'Signed with S/MIME' },
  ],
  classification: 'confidential',
  time: '2026-11-23T09:00:00.000Z',
}
const received = (headers: string | null = 'From: a\r\nX-Secflow-Verdict: eyJ.\r\n eyJ.sig\r\n'): PaneHost => ({
  reading: { from: 'bob@partner.example', subject: 'Angebot', headers },
})
const verdicts = answering('api/v1/verdicts')
const receipts = answering('api/v1/messages')

/** Two without a certificate, a key or a telephone. */
const PHONELESS: PaneHost = {
  draft: { to: ['nothing@partner.example', 'k.kurz@other.example'], subject: 'Offer' },
  names: { 'nothing@partner.example': 'Nora Nothing', 'k.kurz@other.example': 'Karl Kurz' },
}
async function wishForPdf(page: Page): Promise<void> {
  await page.getByRole('radio', { name: /^Confidential/ }).check()
  await page.getByText('Way of delivery').click()
  await page.getByRole('radio', { name: /^PDF/ }).check()
}

const STATES: Readonly<Record<string, State>> = {
  'compose-four-ways': {
    host: {
      language: 'de-DE',
      draft: { to: FOUR, subject: 'Angebot' },
      names: { [FOUR[0]!]: 'Carla Cert', [FOUR[1]!]: 'Paul Pgp' },
    },
    until: 'An dieser Nachricht gestempelt',
    async act({ page }) {
      await page.getByRole('radio', { name: /^Vertraulich/ }).check()
      for (const name of ['Mit S/MIME', 'Mit OpenPGP', 'Verschlüsseltes PDF', 'Sicheres Portal'])
        await page.getByRole('heading', { name }).waitFor()
      await page.getByText('An dieser Nachricht gestempelt').waitFor()
    },
  },
  'compose-no-recipients': { host: { draft: { to: [] } }, until: 'Add recipients' },
  'compose-loading': { host: { ...one(), faults: { to: 'late' } }, until: 'Reading the message' },
  'compose-slow-server': {
    host: one(),
    look: { prepare: (page) => page.route('**/api/v1/evaluate', () => {}) },
    until: 'Still waiting for the service',
  },
  'compose-stale': {
    host: one(),
    look: {
      async prepare(page) {
        let asked = 0
        // The first answer comes, the next one does not.
        await page.route('**/api/v1/evaluate', (route) => (asked++ === 0 ? route.continue() : undefined))
      },
    },
    until: 'Stamped on this message',
    async act({ page }) {
      await page.getByRole('radio', { name: /^Confidential/ }).check()
      await page.locator('.group.stale').waitFor()
    },
  },
  'compose-signed-out': {
    host: one(),
    look: { prepare: api(401, { code: 'token-invalid' }) },
    until: 'You are not signed in',
  },
  'compose-no-sign-in': {
    host: one(),
    look: { prepare: answering('addin/config.json')(404) },
    until: 'No sign-in for your organisation',
  },
  'compose-forbidden': {
    host: one(),
    look: { prepare: evaluate(403, { code: 'sender-not-allowed' }) },
    until: 'You may not use this for this sender',
  },
  'compose-busy': {
    host: one(),
    look: { prepare: evaluate(429, {}, { 'retry-after': '60' }) },
    until: 'Many requests',
  },
  'compose-server-error': { host: one(), look: { prepare: evaluate(500) }, until: 'out of order' },
  'compose-no-labels': {
    host: one(),
    look: { prepare: answering('api/v1/vocabulary')(200, wordsWith([])) },
    until: 'No classes',
  },
  'compose-stopped': {
    host: { draft: { to: ['rival@competitor.example', 'lawyer@kanzlei.example', 'eva@demo.example'] } },
    look: { prepare: evaluate(200, stopped) },
    until: 'Blocked until the announcement',
    act: ({ page }) =>
      page.getByRole('alert').getByText('1 recipient: Will not be sent').waitFor({ state: 'attached' }),
  },
  'compose-500-recipients': {
    host: { draft: { to: Array.from({ length: 500 }, (_, at) => `customer${at}@shop${at % 40}.example`) } },
    until: /500 recipients outside/,
    async act({ page }) {
      await page.getByText('Outlook tells add-ins only a part').waitFor()
      await page.getByRole('button', { name: /^Show \d+ more/ }).click()
      expect(await page.locator('.members li').count()).toBeLessThan(150)
    },
  },
  'compose-unresolved': {
    host: one({ to: ['cert@partner.example', 'Bernd Bauer', 'Marketing list'] }),
    until: '2 names are not addresses yet',
  },
  'compose-large-attachment': {
    host: one({ attachments: [{ name: 'Gutachten Röntgen 2026.zip', size: 48_000_000 }] }),
    until: 'Stamped on this message',
    act: ({ page }) => page.getByText('Large: Gutachten Röntgen 2026.zip (48 MB)').waitFor(),
  },
  'compose-link-options': {
    host: one({ to: ['phone@partner.example'], attachments: [{ name: 'plan.step', size: 3_000_000 }] }),
    until: 'Stamped on this message',
    async act({ page }) {
      await page.getByRole('checkbox', { name: /^Attachments as links/ }).check()
      await page.getByLabel('Available for').selectOption({ label: '7 days' })
      await page.getByRole('checkbox', { name: /second factor/ }).check()
      await page.getByText('1 attachment as a link, 7 days').waitFor()
    },
  },
  'compose-late-attachments': {
    host: one(),
    until: 'Stamped on this message',
    async act({ page }) {
      await page.evaluate(() => {
        const { mailbox } = globalThis as unknown as { mailbox: FakeMailbox }
        mailbox.draft.attachments.push({ name: 'late.pdf', size: 12_000_000 })
      })
      await page.getByText('Large: late.pdf (12 MB)').waitFor()
    },
  },
  'compose-phone': {
    host: PHONELESS,
    until: 'Protection',
    async act({ page }) {
      await wishForPdf(page)
      const nora = page.getByLabel('Mobile number of Nora Nothing')
      await nora.fill('0151 2345678')
      await nora.press('Enter')
      await page.getByText('This is no number with country code.').waitFor()
      await page.getByLabel('Mobile number of Karl Kurz').fill('+43 664 1234567')
      await page.getByLabel('Mobile number of Karl Kurz').press('Tab')
      await page.getByRole('heading', { name: 'Encrypted PDF' }).waitFor()
      await page.getByText('Password by text message', { exact: true }).waitFor()
      await page.getByText('Stamped on this message').waitFor()
    },
  },
  'compose-reason': {
    host: {
      draft: {
        to: ['cert@partner.example'],
        composeType: 'reply',
        headers: [['x-secflow-classification', 'confidential']],
      },
    },
    until: 'This conversation is “Confidential”',
    async act({ page }) {
      await page.getByRole('radio', { name: /^Public/ }).check()
      await page.getByText('Please give a reason').waitFor()
      await page.getByRole('combobox', { name: /less protection/ }).selectOption({ label: 'Another reason' })
      await page.getByRole('textbox').fill(`Ärztlich 👋 ${'sehr '.repeat(60)}`)
      await page.getByText(/Please shorten: \d+ characters too many/).waitFor()
    },
  },
  'compose-right-to-left': {
    host: {
      draft: { to: ['cert@partner.example', 'pgp@partner.example'], subject: `عقد 👩‍⚕️ ${'🙂'.repeat(400)}` },
      names: { 'cert@partner.example': 'שרה לוי (יועצת)', 'pgp@partner.example': '🦊 أحمد' },
    },
    until: 'Stamped on this message',
  },
  'compose-old-client': {
    host: { ...one(), client: 'LTSC 2021' },
    until: 'Stamped on this message',
  },
  'compose-no-headers': {
    host: { ...one(), faults: { 'headers.set': 'missing' } },
    until: 'This Outlook cannot keep your choice',
  },
  'compose-headers-fail': {
    host: { ...one(), faults: { 'headers.set': 'fails' } },
    until: 'Outlook did not take your choice',
  },
  'compose-unreadable': {
    host: { ...one(), faults: { to: 'missing' } },
    until: 'Outlook does not tell who this message goes to',
  },
  'read-verified': { host: received(), look: { prepare: verdicts(200, good) }, until: 'Bob Baumann' },
  'read-broken': {
    host: received(),
    look: {
      prepare: verdicts(200, {
        ...good,
        state: 'broken',
        signer: null,
        layers: [good.layers[1]],
        text: 'The signature does not fit the message: it was changed on its way.',
      }),
    },
    until: 'Not to be trusted',
  },
  'read-forged-verdict': {
    host: received(),
    until: 'The verdict could not be checked',
  },
  'read-no-verdict': { host: received('From: a\r\n'), until: 'No verdict on this message' },
  'read-sent-item': { host: received(''), until: 'Outlook gave no headers' },
  'read-old-client': { host: received(null), until: 'shows no headers to add-ins' },
  'read-receipts': {
    host: received('From: a\r\n'),
    look: {
      prepare: receipts(200, {
        messages: [
          {
            id: '0198',
            state: 'done',
            from: 'e.lang@demo.example',
            subject: 'Offer 2026-11',
            size: 1,
            acceptedAt: '2026-11-20T09:00:00.000Z',
            decisionId: 'd',
            revision: 'r',
            recipients: [
              {
                address: 'cert@partner.example',
                state: 'delivered',
                detail: '',
                updatedAt: '2026-11-20T09:00:05.000Z',
                receipt: {
                  method: 'smime',
                  layers: ['S/MIME signed', 'S/MIME AES-256'],
                  links: [],
                  rules: ['partners'],
                },
              },
              {
                address: 'nothing@partner.example',
                state: 'held',
                detail: 'waits for release by legal',
                updatedAt: '2026-11-20T09:00:05.000Z',
                receipt: null,
              },
            ],
          },
        ],
        next: null,
      }),
    },
    until: 'Offer 2026-11',
    async act({ page }) {
      await page.getByRole('tab', { name: 'My receipts' }).click()
      await page.getByLabel('Search receipts').fill('offer')
      await page.keyboard.press('Enter')
      await page.getByText('1 message').waitFor()
      await page.getByText('Rules').click()
    },
  },
  'read-nothing-selected': { host: { reading: null }, until: 'No message is selected' },
}

/** CSS pixels: what Outlook gives a pane on a small screen, and what a user may draw it to. */
const WIDTHS = [320, 480]

/** Every rule of axe in every theme and width: focus, names and structure may hang on both. */
async function inspect(page: Page, name: string): Promise<void> {
  const { height } = page.viewportSize()!
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height })
    for (const [theme, media] of [
      ['light', { colorScheme: 'light', forcedColors: 'none' }],
      ['dark', { colorScheme: 'dark', forcedColors: 'none' }],
      ['contrast', { colorScheme: 'dark', forcedColors: 'active' }],
    ] as const) {
      await page.emulateMedia(media)
      const shown = theme === 'light' || name === 'compose-four-ways'
      if (pictures && width === WIDTHS[0] && shown) await picture(page, `${name}-${theme}`)
      const { violations } = await new AxeBuilder({ page })
        .options({ iframes: false, resultTypes: ['violations'] })
        .setLegacyMode(true)
        // Places where Fluent catches the focus for a moment.
        .exclude('[data-tabster-dummy]')
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze()
      expect(
        violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`),
        `${name}, ${theme}, ${width} px`,
      ).toEqual([])
    }
    await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' })
    expect(await overflow(page), `${name} scrolls sideways at ${width} px`).toBeLessThanOrEqual(0)
  }
  await page.setViewportSize({ width: WIDTHS[0]!, height })
}

const overflow = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

/** As high as the pane wants to be, so that what sticks to its end is there. */
async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures!, { recursive: true })
  const size = page.viewportSize()!
  const height = await page.evaluate(() => {
    const pane = document.querySelector<HTMLElement>('.pane')!
    pane.style.minBlockSize = '0'
    const tall = pane.scrollHeight
    pane.style.minBlockSize = ''
    return tall
  })
  await page.setViewportSize({ width: size.width, height: Math.max(360, height) })
  await page.screenshot({ path: join(pictures!, `${name}.png`) })
  await page.setViewportSize(size)
}

describe('every state is readable by everybody, in every theme, narrow and wide', () => {
  it.each(Object.entries(STATES))('%s', { timeout: 180_000 }, async (name, { host, look, until, act }) => {
    await using open = await browser.open(host, look)
    const { page, complaints } = open
    await page.getByText(until).first().waitFor({ timeout: 15_000 })
    await act?.(open)
    await inspect(page, name)
    expect(complaints).toEqual([])
  })
})

it('bears text that is 40 % longer', async () => {
  await using open = await browser.open({ language: 'de-DE', draft: { to: FOUR } })
  const { page } = open
  await page.getByRole('radio', { name: /^Vertraulich/ }).check()
  await page.getByRole('heading', { name: 'Sicheres Portal' }).waitFor()
  await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent ?? ''
      node.textContent = text.replace(/\p{L}{3,}/gu, (word) => word + word.slice(0, Math.ceil(word.length * 0.4)))
    }
  })
  expect(await overflow(page)).toBeLessThanOrEqual(0)
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll('.pane *')]
      .filter((one) => !one.closest('.hidden') && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
      .filter((one) => getComputedStyle(one).overflowX !== 'visible')
      .map((one) => one.outerHTML.slice(0, 120)),
  )
  expect(cut).toEqual([])
})

it('is used by keyboard alone: class, option, number, why, more', async () => {
  await using open = await browser.open({ draft: { to: FOUR } })
  const { page } = open
  await page.getByText('Stamped on this message').waitFor()
  await page.getByRole('radio', { name: /^Internal/ }).focus()
  await page.keyboard.press('ArrowDown')
  await page.getByRole('heading', { name: 'Encrypted with S/MIME' }).waitFor()
  expect(await page.getByRole('radio', { name: /^Confidential/ }).isChecked()).toBe(true)
  const seen: string[] = []
  for (let at = 0; at < 9; at++) {
    await page.keyboard.press('Tab')
    seen.push(
      await page.evaluate(() => {
        const { activeElement: active } = document
        return `${active?.tagName} ${active?.closest('label, .option, .phone')?.textContent ?? active?.textContent}`.slice(
          0,
          40,
        )
      }),
    )
  }
  expect(seen.filter((one) => one.startsWith('SUMMARY Why'))).toHaveLength(4)
  expect(seen.some((one) => one.includes('Receipt'))).toBe(true)
  expect(seen.some((one) => one.startsWith('INPUT Mobile number of nothing@'))).toBe(true)
  expect(seen.some((one) => one.startsWith('SELECT'))).toBe(true)
})

it('previews without a connection what the last signed policy says, and asks again when it is back', async () => {
  await using open = await browser.open({ draft: { to: ['rival@competitor.example', 'cert@partner.example'] } })
  const { page, context, complaints } = open
  const policy = page.waitForResponse('**/api/v1/policies/offline')
  await page.getByText('Stamped on this message').waitFor()
  expect((await policy).status()).toBe(200)
  // The engine follows the policy.
  await expect
    .poll(() =>
      page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => /\/engine-/.test(name))),
    )
    .toBe(true)
  await page.waitForTimeout(300)
  await context.setOffline(true)
  await page.getByRole('radio', { name: /^Confidential/ }).check()
  await page.getByText('No connection').waitFor()
  await page.getByText('Without connection').waitFor()
  await page.getByRole('heading', { name: 'Decided when you send' }).waitFor()
  await page.getByText('Your choice stands on this message').waitFor()
  await inspect(page, 'compose-offline')
  await context.setOffline(false)
  await page.getByRole('heading', { name: 'Encrypted with S/MIME' }).waitFor()
  await page.getByText('Stamped on this message').waitFor()
  expect(complaints).toEqual([])
})

it('says so in a plain browser tab', async () => {
  await using open = await browser.open({}, { prepare: (page) => page.addInitScript('delete globalThis.Office') })
  await open.page.getByText('Please open this in Outlook').waitFor()
  await inspect(open.page, 'outside-outlook')
})

it('follows Outlook’s theme, also when it changes, and the setting before it', async () => {
  await using open = await browser.open({ ...one(), theme: { bodyBackgroundColor: '#1f1f1f' } })
  const { page } = open
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
  await page.getByText('Stamped on this message').waitFor()
  expect(await theme()).toBe('dark')
  await page.evaluate(() =>
    (globalThis as unknown as { fire(type: string, event: object): void }).fire('officeThemeChanged', {
      officeTheme: { bodyBackgroundColor: '#ffffff' },
    }),
  )
  await expect.poll(theme).toBe('light')
  await page.getByLabel('Appearance').selectOption('dark')
  await expect.poll(theme).toBe('dark')
  await page.reload()
  await page.getByText('Stamped on this message').waitFor()
  expect(await theme()).toBe('dark')
})

it('stamps what the sender chose, signed by the service, before the mail is sent', async () => {
  await using open = await browser.open(one({ bcc: ['pgp@partner.example'] }))
  const { page, outside } = open
  await page.getByText('Stamped on this message').waitFor()
  await page.getByRole('radio', { name: /^Confidential/ }).check()
  await page.getByRole('heading', { name: 'Encrypted with OpenPGP' }).waitFor()
  await page.getByText('Stamped on this message').waitFor()
  const headers = await page.evaluate(() => {
    const { mailbox } = globalThis as unknown as { mailbox: FakeMailbox }
    return Object.fromEntries(mailbox.draft.headers)
  })
  expect(headers).toMatchObject({ 'x-secflow-classification': 'confidential', 'x-secflow-protection': 'none' })
  const claims = JSON.parse(Buffer.from(headers['x-secflow-stamp']!.split('.')[1]!, 'base64url').toString())
  expect(claims).toMatchObject({ sub: 'e.lang@demo.example', cls: 'confidential', prt: '', out: 'send' })
  expect(outside.filter((url) => !url.startsWith('https://appsforoffice.microsoft.com/'))).toEqual([])
})

it('finds the receipts of own mail: for the mail that is open, and by words', async () => {
  const { gateway } = browser
  const from = 'e.lang@demo.example'
  const { id } = await submit(gateway.smtpPort, {
    from,
    to: ['cert@partner.example'],
    password: gateway.password(from),
    mail: `From: ${from}\r\nTo: cert@partner.example\r\nSubject: Offer 4711\r\nMessage-ID: <offer-4711@demo.example>\r\nX-Secflow-Classification: confidential\r\n\r\nText\r\n`,
  })
  await gateway.settled(id)
  await using open = await browser.open({
    reading: { from, subject: 'Offer 4711', headers: '', messageId: '<offer-4711@demo.example>' },
  })
  const { page } = open
  await page.getByRole('heading', { name: 'Offer 4711' }).waitFor()
  await page.getByText('delivered', { exact: true }).waitFor()
  await inspect(page, 'read-own-receipt')
  await page.getByRole('tab', { name: 'My receipts' }).click()
  await page.getByLabel('Search receipts').fill('4711')
  await page.keyboard.press('Enter')
  await page.getByText('1 message').waitFor()
  expect(await page.locator('.receipt').innerText()).toContain('S/MIME')
  await page.getByLabel('Search receipts').fill('4712')
  await page.keyboard.press('Enter')
  await page.getByText('No messages found.').waitFor()
  await inspect(page, 'read-no-receipts')
})

describe('the number of each recipient', () => {
  const stampedOn = (page: Page) =>
    page.evaluate(() => {
      const { mailbox } = globalThis as unknown as { mailbox: FakeMailbox }
      return mailbox.draft.headers.get('x-secflow-protection') ?? ''
    })

  it('is asked for in his row, by his name, read out, and stamped for him', async () => {
    await using open = await browser.open(PHONELESS)
    const { page } = open
    await wishForPdf(page)
    const nora = page.getByLabel('Mobile number of Nora Nothing')
    await nora.waitFor()
    expect(await page.locator('.members li', { has: nora }).innerText()).toContain('nothing@partner.example')
    const status = page.getByRole('status').filter({ hasText: 'Preview updated' })
    await expect.poll(() => status.innerText()).toContain('Mobile numbers are missing: Nora Nothing, Karl Kurz.')

    await nora.fill('+49 (151) 234-5678')
    await page.keyboard.press('Enter')
    await expect.poll(() => stampedOn(page)).toBe('pdf, "nothing@partner.example";sms="+491512345678"')
    await expect.poll(() => status.innerText()).toContain('A mobile number is missing: Karl Kurz.')
    const mine = () => page.evaluate(() => (document.activeElement as HTMLInputElement).value)
    expect(await mine(), 'the row moved, the focus with it').toBe('+49 (151) 234-5678')

    const karl = page.getByLabel('Mobile number of Karl Kurz')
    await karl.fill('+43 664 1234567')
    // The window of Outlook takes the focus: its Send button was pressed.
    await karl.blur()
    await expect
      .poll(() => stampedOn(page))
      .toBe('pdf, "nothing@partner.example";sms="+491512345678", "k.kurz@other.example";sms="+436641234567"')
    await page.getByText('Stamped on this message').waitFor()
    await expect.poll(() => status.innerText()).not.toContain('missing')
    expect(await page.locator('.group', { hasText: 'Encrypted PDF' }).locator('.members li').count()).toBe(2)

    await nora.fill('12')
    await nora.blur()
    await page.getByRole('alert').filter({ hasText: 'no number with country code' }).waitFor()
    await expect.poll(() => stampedOn(page)).toBe('pdf, "k.kurz@other.example";sms="+436641234567"')
  })

  it('is there again when the draft is opened again, from its headers alone', async () => {
    const header = 'pdf, "nothing@partner.example";sms="+491512345678"'
    await using open = await browser.open({
      ...PHONELESS,
      draft: { ...PHONELESS.draft, headers: [['x-secflow-protection', header]] },
    })
    await expect.poll(() => open.page.getByLabel('Mobile number of Nora Nothing').inputValue()).toBe('+491512345678')
    await expect.poll(() => open.page.getByLabel('Mobile number of Karl Kurz').inputValue()).toBe('')
  })
})
