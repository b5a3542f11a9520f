/** The add-in in Outlook, end to end: a mail is written in the simulator, the gateway delivers, and the bytes are looked at. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Frame, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, headerOf, linkIn, mailsTo, savePart } from '../support/delivered.ts'
import { frameOf, type SimulatedWorld, simulatedWorld } from '../support/simulator.ts'
import { submit } from '../support/submit.ts'

let world: SimulatedWorld
beforeAll(async () => {
  world = await simulatedWorld()
})
afterAll(() => world?.[Symbol.asyncDispose]())

const SAMPLE = /Minutes for four recipients/
const FOUR = ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example']
const SECRET = 'Umspannwerk Nord'

async function beginSample(page: Page): Promise<Frame> {
  await page.getByRole('button', { name: SAMPLE }).click()
  const pane = await frameOf(page, '/taskpane.html')
  await pane.getByRole('radio').first().waitFor()
  return pane
}

/** What the pane says will happen: title of the card, by address. */
async function previewed(pane: Frame): Promise<Record<string, string>> {
  await pane.locator('[aria-busy="false"] .group:not(.stale)').first().waitFor()
  const cards = await pane.locator('.group').all()
  const found: Record<string, string> = {}
  for (const card of cards) {
    const title = await card.getByRole('heading').innerText()
    for (const text of await card.locator('.members li').allInnerTexts()) {
      const address = FOUR.find((one) => text.includes(one))
      if (address) found[address] = title
    }
  }
  return found
}

const openssl = (...args: string[]) =>
  execFileSync('openssl', args, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'pipe'] })

describe('a confidential mail to four who can read four different things', () => {
  it('is delivered exactly as the preview in the pane said', { timeout: 120_000 }, async () => {
    const { page, outside, close } = await world.open()
    const pane = await beginSample(page)
    await pane.getByRole('radio', { name: /^Confidential/ }).check()
    await expect
      .poll(() => previewed(pane), { timeout: 20_000 })
      .toEqual({
        'cert@partner.example': 'Encrypted with S/MIME',
        'pgp@partner.example': 'Encrypted with OpenPGP',
        'phone@partner.example': 'Encrypted PDF',
        'nothing@partner.example': 'Secure portal',
      })
    await pane.getByText('Stamped on this message').waitFor()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await expect.poll(() => page.locator('.delivery li.delivered').count(), { timeout: 30_000 }).toBe(4)
    expect(await page.locator('.delivery li').allInnerTexts()).toEqual([
      expect.stringContaining('S/MIME'),
      expect.stringContaining('OpenPGP'),
      expect.stringContaining('Encrypted PDF'),
      expect.stringContaining('Portal'),
    ])

    const [smime, pgp, pdf, portal] = await Promise.all(
      FOUR.map(async (address) => (await mailsTo(world.sink, address)).at(-1)!),
    )
    const bytes = [smime, pgp, pdf, portal].map((file) => readFileSync(file!, 'latin1'))
    for (const one of bytes) {
      expect(one).not.toMatch(/^X-Secflow-/im)
      expect(one).not.toContain(SECRET)
      expect(one).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 12))
    }

    const peer = world.files.peer(FOUR[0]!)
    const decrypted = join(world.folder, 'decrypted.eml')
    openssl('cms', '-decrypt', '-in', smime!, '-recip', peer.certificate, '-inkey', peer.key, '-out', decrypted)
    const verified = openssl('cms', '-verify', '-in', decrypted, '-CAfile', world.files.ca)
    expect(decodedText(verified)).toContain(SECRET)

    const home = join(world.folder, 'gnupg')
    mkdirSync(home, { mode: 0o700 })
    const gpg = (...args: string[]) =>
      execFileSync('gpg', ['-q', '--batch', '--homedir', home, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    gpg('--import', world.files.peer(FOUR[1]!).pgp, join(world.files.directory, 'gateway.asc'))
    const armored = join(world.folder, 'mail.asc')
    writeFileSync(armored, /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(bytes[1]!)![0])
    expect(decodedText(gpg('--decrypt', armored))).toContain(SECRET)

    const container = await savePart(pdf!, 'application/pdf', join(world.folder, 'mail.pdf'))
    const text = await eventually('the password by SMS', () =>
      world.sink.texts.findLast(({ to }) => to === '+4915100000006'),
    )
    const password = text.text.split(': ').at(-1)!
    expect(() => execFileSync('qpdf', ['--password=wrong', '--check', container], { stdio: 'pipe' })).toThrow()
    expect(execFileSync('qpdf', [`--password=${password}`, '--check', container], { encoding: 'utf8' })).toContain(
      'AESv3',
    )
    expect(execFileSync('pdftotext', ['-upw', password, container, '-'], { encoding: 'utf8' })).toContain(SECRET)

    const link = await linkIn(portal!)
    expect((await fetch(link)).status).toBe(200)
    expect(await (await fetch(link)).text()).not.toContain(SECRET)

    expect(outside).toEqual([])
    await close()
  })

  it('shows each recipient what he gets, opened with his own key', { timeout: 60_000 }, async () => {
    const { page, complaints, close } = await world.open()
    const open = async (name: string) => {
      await page.getByRole('button', { name: new RegExp(`^${name}`) }).click()
      await page.locator('.read .protection').waitFor()
      return page.locator('.read').innerText()
    }
    expect(await open('Partner with certificate')).toContain('Opened with the recipient’s key')
    expect(await page.frameLocator('iframe.letter').locator('body').innerText()).toContain(SECRET)
    expect(await open('Partner with OpenPGP key')).toContain('OpenPGP')
    expect(await page.frameLocator('iframe.letter').locator('body').innerText()).toContain(SECRET)
    expect(await open('Partner with phone only')).toContain('The password went to the telephone')
    expect(await page.locator('.telephone').innerText()).toContain('+4915100000006')
    await open('Partner without anything')
    expect(await page.getByRole('link', { name: 'Open in the portal' }).getAttribute('href')).toContain('/portal/')
    expect(complaints).toEqual([])
    await close()
  })
})

describe('an encrypted PDF for two whose telephones nobody knows', () => {
  const PHONES = { 'nothing@partner.example': '+491512345678', 'k.kurz@other.example': '+436641234567' }

  it('opens with the password that came by the number the sender gave for each', { timeout: 120_000 }, async () => {
    const { page, outside, close } = await world.open()
    await page.getByRole('button', { name: 'New mail' }).click()
    for (const address of Object.keys(PHONES)) {
      await page.getByLabel('To: Add a recipient').fill(address)
      await page.getByLabel('To: Add a recipient').press('Enter')
    }
    await page.getByLabel('Subject').fill('Two telephones')
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByRole('radio', { name: /^Confidential/ }).check()
    await pane.getByText('Way of delivery').click()
    await pane.getByRole('radio', { name: /^PDF/ }).check()
    for (const [address, phone] of Object.entries(PHONES)) {
      const row = pane.locator('.members li', { hasText: address })
      await row.getByRole('textbox').fill(phone)
      await row.getByRole('textbox').press('Enter')
    }
    await pane.getByRole('heading', { name: 'Secure portal' }).waitFor({ state: 'detached' })
    await pane.getByRole('heading', { name: 'Encrypted PDF' }).waitFor()
    await pane.getByText('Stamped on this message').waitFor()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await expect.poll(() => page.locator('.delivery li.delivered').count(), { timeout: 30_000 }).toBe(2)

    const got = await Promise.all(
      Object.entries(PHONES).map(async ([address, phone]) => {
        const text = await eventually(`the password to ${phone}`, () =>
          world.sink.texts.findLast(({ to }) => to === phone),
        )
        const file = (await mailsTo(world.sink, address)).at(-1)!
        return {
          password: text.text.split(': ').at(-1)!,
          pdf: await savePart(file, 'application/pdf', join(world.folder, `${phone}.pdf`)),
        }
      }),
    )
    const opens = ({ pdf }: { pdf: string }, { password }: { password: string }) => {
      try {
        execFileSync('qpdf', [`--password=${password}`, '--check', pdf], { stdio: 'pipe' })
        return true
      } catch {
        return false
      }
    }
    expect(got.map((one) => got.map((other) => opens(one, other)))).toEqual([
      [true, false],
      [false, true],
    ])
    expect(outside).toEqual([])
    await close()
  })
})

describe('a mail from outside', () => {
  it('arrives in the mailbox, where the pane reads it', { timeout: 60_000 }, async () => {
    const { page, outside, complaints, close } = await world.open()
    await page.getByRole('button', { name: /^Partner with certificate/ }).click()
    await page.getByRole('button', { name: 'New mail' }).click()
    expect(await page.getByRole('button', { name: 'Protect' }).isDisabled()).toBe(true)
    await page.getByLabel('To: Add a recipient').fill('leitstelle@demo.example')
    await page.getByLabel('To: Add a recipient').press('Enter')
    await page.getByLabel('Subject').fill('Question about the minutes')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByRole('button', { name: 'Open mailbox' }).click()
    await page.getByRole('button', { name: 'Protection' }).click()
    const pane = await frameOf(page, '/taskpane.html')
    await pane.getByRole('tab', { name: 'My receipts' }).waitFor()
    expect(outside).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })
})

describe('a PDF that travels in the clear', () => {
  it('is not shown as a mail protected by a password', { timeout: 60_000 }, async () => {
    const file = join(world.folder, 'open.pdf')
    execFileSync('qpdf', ['--empty', file])
    const { page, close } = await world.open()
    await page.getByRole('button', { name: /^Partner without anything/ }).click()
    await page.getByRole('button', { name: 'New mail' }).click()
    await page.getByLabel('To: Add a recipient').fill('leitstelle@demo.example')
    await page.getByLabel('To: Add a recipient').press('Enter')
    await page.getByLabel('Subject').fill('An open PDF')
    await page.locator('input[type=file]').setInputFiles(file)
    await page.locator('.files li').waitFor()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByRole('button', { name: 'Open mailbox' }).click({ timeout: 30_000 })
    await page.locator('.read-subject', { hasText: 'An open PDF' }).waitFor()
    await page.locator('.protection.plain').waitFor()
    expect(await page.locator('.read .files').innerText()).toContain('open.pdf')
    await close()
  })
})

describe('the badge of a mail from outside', () => {
  const PARTNER = 'cert@partner.example'
  const READER = 'leitstelle@demo.example'

  /** Mail as the partner's own program sends it: signed by openssl, over SMTP. */
  async function arrives(subject: string, from: string): Promise<void> {
    const { certificate, key } = world.files.peer(PARTNER)
    const plain = join(world.folder, 'plain.txt')
    writeFileSync(plain, 'Content-Type: text/plain\r\n\r\nThe figures are 42.\r\n')
    const signed = openssl('cms', '-sign', '-in', plain, '-md', 'sha256', '-signer', certificate, '-inkey', key)
    const head = [
      `From: ${from}`,
      `To: ${READER}`,
      `Subject: ${subject}`,
      `Message-ID: <${subject.replace(/ /g, '.')}@partner.example>`,
    ]
    const mail = `${head.join('\r\n')}\r\n${signed.replace(/\r?\n/g, '\r\n')}`
    const { reply } = await submit(world.running.ports.smtp!, { from: PARTNER, to: [READER], mail })
    expect(reply).toMatch(/^250/)
    await eventually(`"${subject}" in the mailbox`, async () => {
      const files = await mailsTo(world.sink, READER)
      return files.some((file) => headerOf(file).includes(`Subject: ${subject}`)) || undefined
    })
  }

  /** What the pane shows of the mail, and what it asked the service. */
  async function badge(subject: string): Promise<{ text: string; asked: unknown; answered: { state: string } }> {
    const { page, outside, complaints, close } = await world.open()
    await page.getByRole('button', { name: /^Leitstelle/ }).click()
    await page.locator('.message', { hasText: subject }).click()
    await page.locator('.read-subject', { hasText: subject }).waitFor()
    const [answer] = await Promise.all([
      page.waitForResponse('**/api/v1/verdicts'),
      page.getByRole('button', { name: 'Protection' }).click(),
    ])
    const pane = await frameOf(page, '/taskpane.html')
    const verdict = pane.locator('.verdict')
    await verdict.waitFor()
    const shown = {
      text: await verdict.innerText(),
      asked: answer.request().postDataJSON() as unknown,
      answered: (await answer.json()) as { state: string },
    }
    expect(outside).toEqual([])
    expect(complaints).toEqual([])
    await close()
    return shown
  }

  it('says who signed it, after the service has verified what the gateway found', { timeout: 60_000 }, async () => {
    await arrives('Signed figures', PARTNER)
    const { text, asked, answered } = await badge('Signed figures')
    expect(asked).toMatchObject({ verdict: expect.stringMatching(/^eyJ/), from: PARTNER })
    expect(answered.state).toBe('good')
    expect(text).toContain('Verified')
    expect(text).toContain(`Signed by: Partner with certificate · ${PARTNER}`)
    expect(text).toContain('Partner AG')
  })

  it('shows nothing good where somebody else writes under that signature', { timeout: 60_000 }, async () => {
    await arrives('Borrowed signature', 'Partner with certificate <boss@elsewhere.example>')
    const { text, answered } = await badge('Borrowed signature')
    expect(answered.state).toBe('from-differs')
    expect(text).not.toContain('Verified')
    expect(text).not.toContain('Signed by')
  })

  it('stands on the example of the demo, too', { timeout: 60_000 }, async () => {
    const { page, close } = await world.open()
    await page.getByRole('button', { name: /^Signed mail from a partner/ }).click()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.locator('.delivery li.delivered').waitFor({ timeout: 30_000 })
    await close()
    const { text } = await badge('This week’s readings')
    expect(text).toContain(`Signed by: Partner with certificate · ${PARTNER}`)
  })
})

describe('an organisation of Entra', () => {
  /** A window whose add-in is told to sign in with Entra, and what it asks of Outlook meanwhile. */
  async function opened(client: string) {
    const visit = await world.open(`client=${client}&language=en&theme=light`)
    const { page } = visit
    const config = {
      mode: 'entra',
      authority: 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555',
      tenant: '11111111-2222-3333-4444-555555555555',
      clientId: '00000000-0000-4000-8000-000000000001',
      scope: 'api://mail.example/outlook/access_as_user',
    }
    await page.route('**/addin/config.json*', (route) => route.fulfill({ json: config }))
    await page.evaluate(() => {
      const asked: string[] = []
      Object.assign(window, { asked })
      addEventListener('message', ({ data }: MessageEvent<{ readonly nestedAppAuth?: string } | string | null>) => {
        if (typeof data !== 'object' || !data?.nestedAppAuth) return
        asked.push((JSON.parse(data.nestedAppAuth) as { readonly method: string }).method)
      })
    })
    const asked = () => page.evaluate(() => (window as unknown as { asked: string[] }).asked)
    return { ...visit, asked }
  }

  it.each(['web', 'mac'])(
    'is signed in by Outlook itself in %s: MSAL asks the host, and the service takes the token',
    { timeout: 60_000 },
    async (client) => {
      const { page, outside, complaints, asked, close } = await opened(client)
      const tokens: boolean[] = []
      const bearers: string[] = []
      page.on('request', (request) => {
        const { pathname } = new URL(request.url())
        if (pathname === '/addin/demo-token') tokens.push(request.frame() === page.mainFrame())
        if (pathname.startsWith('/api/')) bearers.push(request.headers().authorization ?? '')
      })
      const pane = await beginSample(page)
      await pane.getByRole('radio', { name: /^Confidential/ }).check()
      await pane.getByText('Stamped on this message').waitFor()
      expect((await asked()).slice(0, 2)).toEqual(['GetInitContext', 'GetToken'])
      // The host fetched the token, and nobody else; all that was asked of the service went with it.
      expect(new Set(tokens)).toEqual(new Set([true]))
      expect(bearers.length).toBeGreaterThan(1)
      for (const bearer of bearers) expect(bearer).toMatch(/^Bearer \S{20,}/)
      expect(page.context().pages()).toHaveLength(1)
      expect(outside).toEqual([])
      expect(complaints).toEqual([])
      await close()
    },
  )

  it('is told that it is not signed in where Outlook gives no token, and mail goes', { timeout: 60_000 }, async () => {
    const { page, outside, close } = await opened('web')
    await page.route('**/addin/demo-token', (route) => route.fulfill({ status: 403, json: {} }))
    await page.getByRole('button', { name: SAMPLE }).click()
    const pane = await frameOf(page, '/taskpane.html')
    await pane
      .getByText(/You are not signed in|You may not use this/)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await expect.poll(() => page.locator('.delivery li.delivered').count(), { timeout: 30_000 }).toBe(4)
    expect(outside).toEqual([])
    await close()
  })
})

/** A MIME entity with its base64 bodies as text. */
const decodedText = (entity: string): string =>
  entity.replace(/(?:^[A-Za-z0-9+/]{16,}={0,2}\r?$\n?)+(?:^[A-Za-z0-9+/]+={0,2}\r?$\n?)?/gm, (block) =>
    Buffer.from(block, 'base64').toString('utf8'),
  )
