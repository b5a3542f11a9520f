/** Users who sign in, at a gateway as it is installed: at their organisation's provider by secflow.yaml, and in the demo. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import type { AddinConfig, Me, Problem, Verdict, Vocabulary } from '../../shared/contract/index.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { API, type IdentityProvider, SCOPE, startProvider } from '../support/identity-provider.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'

const AUTHOR = 'leitstelle@demo.example'
const TEAM = 'security-team@demo.example'

async function ask<T>(gateway: Gateway, path: string, token?: string, body?: unknown, language = 'de') {
  const answer = await fetch(`${gateway.url}/${path}`, {
    headers: {
      'accept-language': language,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as T }
}

describe("an organisation's own provider", () => {
  let scratch: string
  let sink: Sink
  let tenant: OwnTenant
  let gateway: Gateway
  let provider: IdentityProvider
  let token: string

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'secflow-sign-in-'))
    sink = await openSink({ directory: scratch, smtpPort: 0, httpPort: 0 })
    tenant = await ownTenant({ outside: sink.url })
    tenant.people(({ people }) => {
      for (const person of people) if (person.address === AUTHOR) person.sendsAs = [TEAM]
    })
    provider = await startProvider()
    provider.claims = { preferred_username: AUTHOR }
    const addIn = { clientId: 'outlook', scope: `openid ${SCOPE}`, resource: API }
    const issuers = [{ issuer: provider.issuer, jwksUri: provider.jwksUri, audience: API, scope: SCOPE, addIn }]
    gateway = await startGateway({
      folder: tenant.folder,
      relayPort: sink.smtpPort,
      settings: tenant.settings({ issuers }),
    })
    token = await provider.token()
  })
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
    tenant?.[Symbol.dispose]()
    await sink?.close()
    rmSync(scratch, { recursive: true, force: true })
  })

  it('is named to the add-in, without a secret', async () => {
    const { body } = await ask<AddinConfig>(gateway, 'addin/config.json?domain=demo.example')
    expect(body).toEqual({
      mode: 'oidc',
      authority: provider.issuer,
      clientId: 'outlook',
      scope: `openid ${SCOPE}`,
      resource: API,
    })
  })

  it('vouches for its users: they ask as themselves and those they are delegates of', async () => {
    const { body } = await ask<Me>(gateway, 'api/v1/me', token)
    expect(body).toMatchObject({ address: AUTHOR, subject: `${provider.issuer}#machine`, roles: ['user'] })
    const preview = (sender: string) =>
      ask<Verdict & Problem>(gateway, 'api/v1/evaluate', token, { sender, recipients: ['cert@partner.example'] })
    expect((await preview(AUTHOR)).status).toBe(200)
    expect((await preview(TEAM)).status).toBe(200)
    expect(await preview('e.lang@demo.example')).toMatchObject({ status: 403, body: { code: 'sender-not-allowed' } })
  })

  it('has labels and protections for them, in their language, with sentence and colour', async () => {
    const german = (await ask<Vocabulary>(gateway, 'api/v1/vocabulary', token)).body
    const english = (await ask<Vocabulary>(gateway, 'api/v1/vocabulary', token, undefined, 'en')).body
    expect(german.labels.map(({ id, name }) => [id, name])).toContainEqual(['secret', 'Streng vertraulich'])
    expect(english.labels.map(({ id, name }) => [id, name])).toContainEqual(['secret', 'Secret'])
    for (const label of [...german.labels, ...english.labels]) {
      expect(label.description).not.toBe('')
      expect(label.color).toMatch(/^#[0-9a-f]{6}$/)
    }
    expect(german.protections.map(({ token }) => token)).toContain('filelink')
  })

  it('answers what is wrong as problem+json', async () => {
    const none = await ask<Problem>(gateway, 'api/v1/evaluate', undefined, {})
    expect([none.status, none.headers.get('content-type')]).toEqual([401, 'application/problem+json; charset=utf-8'])
    const stranger = await provider.token({ resource: 'urn:another' })
    expect((await ask<Problem>(gateway, 'api/v1/me', stranger)).status).toBe(401)
  })

  it('has no demo', async () => {
    expect((await ask(gateway, 'addin/demo-token', undefined, { address: AUTHOR })).status).toBe(404)
  })
})

describe('the demo', () => {
  it('lets its visitors preview as one of its persons', async () => {
    await using gateway = await startGateway()
    const { body: config } = await ask<AddinConfig>(gateway, 'addin/config.json?domain=demo.example')
    const persons = config.mode === 'demo' ? config.persons : []
    expect(persons.map(({ address }) => address)).toContain(AUTHOR)
    const given = await ask<{ access_token: string }>(gateway, 'addin/demo-token', undefined, { address: AUTHOR })
    const verdict = await ask<Verdict>(gateway, 'api/v1/evaluate', given.body.access_token, {
      sender: AUTHOR,
      recipients: ['cert@partner.example', 'phone@partner.example'],
      classification: 'confidential',
    })
    expect(verdict.body.recipients.map(({ method }) => method)).toEqual(['smime', 'pdf'])
    const other = await ask(gateway, 'api/v1/evaluate', given.body.access_token, {
      sender: 'e.lang@demo.example',
      recipients: ['cert@partner.example'],
    })
    expect(other.status).toBe(403)
    const offline = await ask<{ bundle: string; domains: string[] }>(
      gateway,
      'api/v1/policies/offline',
      given.body.access_token,
    )
    expect(offline.body.domains).toEqual(['demo.example'])
  })
})

it('a burst of previews is told to come back later, and when', async () => {
  await using gateway = await startGateway()
  const given = await ask<{ access_token: string }>(gateway, 'addin/demo-token', undefined, { address: AUTHOR })
  const statuses = new Set<number>()
  for (let burst = 0; burst < 30; burst++) {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask<Problem>(gateway, 'api/v1/me', given.body.access_token)),
    )
    for (const { status } of answers) statuses.add(status)
    const refused = answers.find(({ status }) => status === 429)
    if (!refused) continue
    expect(refused.body.code).toBe('rate-limited')
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    break
  }
  expect(statuses).toEqual(new Set([200, 429]))
})
