/** The sign-in of the add-in in a real browser against a real OpenID provider: code with PKCE in a window, renewal, and what goes wrong. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SignIn } from '../../addin/sign-in/index.ts'
import { type App, createHttpApp } from '../../server/http/app.ts'
import { person } from '../contract/store-records.ts'
import { bundlePage } from '../support/bundle-page.ts'
import { type TestHouse, tenant, testHouse } from '../support/http-services.ts'
import { API, type IdentityProvider, SCOPE, startProvider } from '../support/identity-provider.ts'
import { freePort } from '../support/postfix.ts'

const ANNA = 'anna@klinik.example'

let house: TestHouse
let app: App
let provider: IdentityProvider
let browser: Browser
let origin: string
let modules: Awaited<ReturnType<typeof bundlePage>>

/** What the page of a test has: the add-in's own module, and one sign-in. */
interface Pane {
  secflow: typeof import('../../addin/sign-in/index.ts')
  signIn: SignIn
}

beforeAll(async () => {
  house = await testHouse()
  const port = await freePort()
  origin = `http://127.0.0.1:${port}`
  provider = await startProvider({ redirectUri: `${origin}/addin/sign-in.html` })
  const { services } = house
  app = await createHttpApp({
    ...services,
    config: {
      ...services.config,
      publicUrl: origin,
      issuers: [
        {
          tenant,
          domains: ['klinik.example'],
          issuer: provider.issuer,
          audience: API,
          jwks: { url: provider.jwksUri },
          scope: SCOPE,
          clients: ['outlook'],
          addIn: { clientId: 'outlook', scope: `openid ${SCOPE}`, resource: API },
        },
      ],
      demo: { tenant, domains: ['demo.example'], persons: [{ address: ANNA, name: 'Anna' }] },
    },
  })
  await app.listen({ port, host: '127.0.0.1' })
  expect((app.server.address() as AddressInfo).port).toBe(port)
  await services.store.tenant(tenant).write((tx) => tx.putPerson(person(ANNA, '')))
  modules = await bundlePage(join(import.meta.dirname, '../support/sign-in-page.ts'))
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  })
})
afterAll(async () => {
  await browser?.close()
  await app?.close()
  await provider?.[Symbol.asyncDispose]()
  await house?.[Symbol.asyncDispose]()
})

/** A page of our origin, with our content policy, that has the module and a button whose click signs in. */
async function pane(
  address = ANNA,
): Promise<{ page: Page; context: BrowserContext; problems: string[] } & AsyncDisposable> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  for (const [name, body] of modules.files)
    await page.route(`${origin}/addin/test/${name}`, (route) => route.fulfill({ contentType: 'text/javascript', body }))
  await page.goto(`${origin}/addin/help.html`)
  await page.addScriptTag({ url: `${origin}/addin/test/${modules.entry}`, type: 'module' })
  await page.evaluate(async (address) => {
    const here = globalThis as unknown as Pane
    const config = await here.secflow.readConfig(address)
    here.signIn = await here.secflow.openSignIn(config!, { hint: address })
    const button = document.createElement('button')
    button.onclick = () => {
      button.dataset.said = ''
      here.signIn.token('interactive').then(
        (token) => (button.dataset.said = token),
        (error: { code: string }) => (button.dataset.said = error.code),
      )
    }
    document.body.replaceChildren(button)
  }, address)
  return { page, context, problems, [Symbol.asyncDispose]: () => context.close() }
}

const silently = (page: Page) =>
  page.evaluate(() =>
    (globalThis as unknown as Pane).signIn.token('silent').catch((error: { code: string }) => error.code),
  )
const said = async (page: Page) => {
  await expect.poll(() => page.locator('button').getAttribute('data-said'), { timeout: 10_000 }).toBeTruthy()
  return (await page.locator('button').getAttribute('data-said'))!
}
const window = async (page: Page) => {
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.locator('button').click()])
  return popup
}

/** What a person does in the window. */
async function throughProvider(popup: Page, login = ANNA): Promise<void> {
  await popup.locator('input[name=login]').fill(login)
  await popup.locator('input[name=password]').fill('any')
  await popup.locator('button[type=submit]').click()
  await popup.locator('button[type=submit]').click()
}

const me = async (token: string) =>
  (await fetch(`${origin}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })).json() as Promise<{
    address?: string
    code?: string
  }>

describe('signing in with OpenID Connect', () => {
  it('asks in a window once, then answers silently, renews, and forgets', async () => {
    await using opened = await pane()
    const { page } = opened
    expect(await silently(page)).toBe('interaction-required')
    const popup = await window(page)
    await popup.waitForURL(`${provider.issuer}/**`)
    await throughProvider(popup)
    const token = await said(page)
    expect(await me(token)).toMatchObject({ address: ANNA })
    await expect.poll(() => popup.isClosed()).toBe(true)
    expect(await silently(page)).toBe(token)
    // Nothing is kept where another page, or the next user of the machine, could find it.
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([0, 0, ''])

    await page.evaluate(() => {
      const later = Date.now() + 590_000
      Date.now = () => later
    })
    const renewed = await silently(page)
    expect(renewed).not.toBe(token)
    expect(await me(renewed)).toMatchObject({ address: ANNA })
    expect(opened.problems).toEqual([])

    await page.evaluate(() => (globalThis as unknown as Pane).signIn.signOut())
    expect(await silently(page)).toBe('interaction-required')
    const again = await window(page)
    // Signed in at the provider still, and asked all the same.
    await again.locator('input[name=password]').waitFor()
  })

  it('says when the user closed the window', async () => {
    await using opened = await pane()
    const popup = await window(opened.page)
    await popup.waitForURL(`${provider.issuer}/**`)
    await popup.close()
    expect(await said(opened.page)).toBe('cancelled')
  })

  it('hears nobody but its own window: an answer to another question is nothing', async () => {
    await using opened = await pane()
    const { page } = opened
    const popup = await window(page)
    await popup.waitForURL(`${provider.issuer}/**`)
    await page.evaluate(() => {
      for (const state of ['window.guessed', 'office.guessed', ''])
        globalThis.postMessage(JSON.stringify({ state, code: 'stolen' }), '*')
    })
    await throughProvider(popup)
    expect(await me(await said(page))).toMatchObject({ address: ANNA })
  })

  it('refuses tokens of an answer that was swapped for another', async () => {
    await using opened = await pane()
    const { page } = opened
    // A provider's answer that belongs to another sign-in has another nonce.
    await page.route(`${provider.issuer}/token`, async (route) => {
      const answer = await route.fetch()
      const body = (await answer.json()) as { id_token: string }
      const [head, claims, signature] = body.id_token.split('.') as [string, string, string]
      const other = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), nonce: 'another' }
      const swapped = `${head}.${Buffer.from(JSON.stringify(other)).toString('base64url')}.${signature}`
      await route.fulfill({ response: answer, json: { ...body, id_token: swapped } })
    })
    await throughProvider(await window(page))
    expect(await said(page)).toBe('forged')
    expect(await silently(page)).toBe('interaction-required')
  })

  it('says soon that the provider is away', async () => {
    await using opened = await pane()
    await opened.context.route(`${provider.issuer}/**`, (route) => route.abort())
    await window(opened.page)
    expect(await said(opened.page)).toBe('unreachable')
  })

  it('of somebody who is no user ends at our API', async () => {
    await using opened = await pane()
    await throughProvider(await window(opened.page), 'nobody@elsewhere.example')
    expect(await me(await said(opened.page))).toMatchObject({ code: 'unauthenticated' })
  })
})

describe('the window', () => {
  it('goes nowhere but where our server says, whatever its address says', async () => {
    await using opened = await pane()
    const { page } = opened
    const asked: string[] = []
    page.on('request', (request) => request.isNavigationRequest() && asked.push(new URL(request.url()).origin))
    await page.goto(
      `${origin}/addin/sign-in.html#state=window.x&challenge=${'c'.repeat(43)}&nonce=n&domain=klinik.example&authority=https://evil.example&redirect_uri=https://evil.example`,
    )
    await page.waitForURL(`${provider.issuer}/**`)
    expect(new URL(page.url()).origin).toBe(provider.issuer)
    expect(new Set(asked)).toEqual(new Set([origin, provider.issuer]))
  })
})

describe('the demo', () => {
  it('lets its visitors be one of its persons, without a window', async () => {
    await using opened = await pane(`x@demo.example`)
    const token = await silently(opened.page)
    expect(await me(token)).toMatchObject({ address: ANNA })
  })
})
