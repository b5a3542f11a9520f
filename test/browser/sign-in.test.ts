/** The sign-in of the add-in in a real browser against a real OpenID provider: code with PKCE in a window, renewal, and what goes wrong. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SignIn } from '../../addin/sign-in/index.ts'
import { type App, createHttpApp } from '../../server/http/app.ts'
import { person } from '../contract/store-records.ts'
import { bundlePage } from '../support/bundle-page.ts'
import { launchChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { type TestHouse, tenant, testHouse } from '../support/http-services.ts'
import { API, type IdentityProvider, SCOPE, startProvider } from '../support/identity-provider.ts'

const DIRECTORY = '11111111-2222-3333-4444-555555555555'
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
        {
          tenant,
          domains: ['entra.example'],
          issuer: provider.issuer,
          directory: DIRECTORY,
          audience: 'urn:api-of-entra',
          jwks: { url: provider.jwksUri },
          scope: SCOPE,
          addIn: { clientId: 'outlook', scope: `api://mail.example/outlook/${SCOPE}` },
        },
      ],
      demo: { tenant, domains: ['demo.example'], persons: [{ address: ANNA, name: 'Anna' }] },
    },
  })
  await app.listen({ port, host: '127.0.0.1' })
  expect((app.server.address() as AddressInfo).port).toBe(port)
  await services.store.tenant(tenant).write((tx) => tx.putPerson(person(ANNA, '')))
  modules = await bundlePage(join(import.meta.dirname, '../support/sign-in-page.ts'))
  browser = await launchChromium()
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
  prepare: (page: Page) => Promise<unknown> = async () => {},
): Promise<{ page: Page; context: BrowserContext; problems: string[]; loaded: () => number } & AsyncDisposable> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await prepare(page)
  let loaded = 0
  const problems: string[] = []
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  for (const [name, body] of modules.files)
    await page.route(`${origin}/addin/test/${name}`, (route) => {
      loaded += body.length
      return route.fulfill({ contentType: 'text/javascript', body })
    })
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
  return { page, context, problems, loaded: () => loaded, [Symbol.asyncDispose]: () => context.close() }
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
    subject?: string
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
    // Nobody fetches MSAL who has no use for it.
    expect(opened.loaded()).toBeLessThan(20_000)

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

describe('nested app authentication', () => {
  /** The host's side of MSAL's bridge, as Outlook has it: it asks the user once. */
  async function host(page: Page, answers: { popup: 'token' | 'USER_CANCEL' | 'DISABLED' }) {
    const before = provider.claims
    await page.exposeFunction('tokenOfHost', async () => {
      provider.claims = { preferred_username: ANNA, ver: '2.0', tid: DIRECTORY, oid: 'oid-of-anna' }
      const token = await provider.token({ resource: 'urn:api-of-entra' })
      provider.claims = before
      return token
    })
    await page.addInitScript((answers) => {
      type Hear = (event: { data: string }) => void
      const listeners: Hear[] = []
      let asked = false
      const account = {
        environment: 'login.example',
        homeAccountId: 'h',
        localAccountId: 'l',
        tenantId: 't',
        username: 'u',
      }
      const here = globalThis as unknown as Record<string, unknown> & { tokenOfHost(): Promise<string> }
      here.asked = [] as string[]
      async function reply({ method, requestId }: { method: string; requestId: string }) {
        ;(here.asked as string[]).push(method)
        const about = { messageType: 'NestedAppAuthResponse', requestId }
        if (method === 'GetInitContext') {
          const initContext = { sdkName: 'test', sdkVersion: '1', capabilities: {}, accountContext: account }
          return { ...about, success: true, initContext }
        }
        if (method === 'GetToken' && !asked)
          return { ...about, success: false, error: { status: 'USER_INTERACTION_REQUIRED', description: 'ask' } }
        if (method === 'GetTokenPopup' && answers.popup !== 'token')
          return { ...about, success: false, error: { status: answers.popup, description: 'no' } }
        asked = true
        const id_token = `e30.${btoa(JSON.stringify({ oid: 'oid-of-anna' }))}.x`
        const token = { access_token: await here.tokenOfHost(), id_token, expires_in: 600, scope: 'mail' }
        return { ...about, success: true, token, account }
      }
      here.nestedAppAuthBridge = {
        addEventListener: (_: string, hear: Hear) => listeners.push(hear),
        removeEventListener: () => {},
        async postMessage(text: string) {
          const data = JSON.stringify(await reply(JSON.parse(text) as { method: string; requestId: string }))
          for (const hear of listeners) hear({ data })
        },
      }
      here.Office = { context: { ui: {}, requirements: { isSetSupported: (set: string) => set === 'NestedAppAuth' } } }
    }, answers)
  }

  it('gets the token of Outlook by MSAL, which is loaded for it alone; no window of ours', async () => {
    await using opened = await pane('anna@entra.example', (page) => host(page, { popup: 'token' }))
    const { page } = opened
    expect(await page.evaluate(() => (globalThis as unknown as Pane).signIn.mode)).toBe('entra')
    expect(opened.loaded()).toBeLessThan(20_000)
    expect(await silently(page)).toBe('interaction-required')
    expect(opened.loaded()).toBeGreaterThan(100_000)
    await page.locator('button').click()
    const token = await said(page)
    expect(await me(token)).toMatchObject({ address: ANNA, subject: `${provider.issuer}#oid-of-anna` })
    expect(await silently(page)).toBe(token)
    expect(opened.context.pages()).toHaveLength(1)
    expect(await page.evaluate(() => (globalThis as unknown as { asked: string[] }).asked)).toEqual([
      'GetInitContext',
      'GetToken',
      'GetToken',
      'GetTokenPopup',
    ])
  })

  it('says when the user did not want to', async () => {
    await using opened = await pane('anna@entra.example', (page) => host(page, { popup: 'USER_CANCEL' }))
    await opened.page.locator('button').click()
    expect(await said(opened.page)).toBe('cancelled')
  })

  it('gives way to a window where Outlook does not do it after all', async () => {
    await using opened = await pane('anna@entra.example', (page) => host(page, { popup: 'DISABLED' }))
    await window(opened.page)
    // The provider of this test is no Entra: it has no metadata below /v2.0, and says so by not being there.
    expect(await said(opened.page)).toBe('unreachable')
  })
})

describe('the demo', () => {
  it('lets its visitors be one of its persons, without a window', async () => {
    await using opened = await pane(`x@demo.example`)
    const token = await silently(opened.page)
    expect(await me(token)).toMatchObject({ address: ANNA })
  })
})
