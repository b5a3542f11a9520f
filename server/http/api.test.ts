import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CLIENTS, type TestHouse, tenant, testHouse } from '../../test/support/http-services.ts'
import { bindsNumbers, stampKey, verifyStamp } from '../people/stamp.ts'
import { bytesOf } from '../ports/bytes.ts'
import { type App, createHttpApp, createOperatorApp } from './app.ts'

let house: TestHouse
let app: App
beforeAll(async () => {
  house = await testHouse()
  app = await createHttpApp(house.services)
})
afterAll(async () => {
  await app.close()
  await house[Symbol.asyncDispose]()
})

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const basic = (client: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
})

async function bearer(client: keyof typeof CLIENTS, on = app): Promise<Record<string, string>> {
  const response = await on.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { ...form, ...basic(client, 'right') },
    payload: 'grant_type=client_credentials',
  })
  return { authorization: `Bearer ${response.json().access_token}` }
}

describe('POST /oauth/token', () => {
  it('takes the credentials by Basic or in the form', async () => {
    for (const request of [
      {
        headers: { ...form, ...basic('erp', 'right') },
        payload: 'grant_type=client_credentials&scope=evaluate%20nonsense',
      },
      { headers: form, payload: 'grant_type=client_credentials&client_id=erp&client_secret=right&scope=evaluate' },
    ]) {
      const response = await app.inject({ method: 'POST', url: '/oauth/token', ...request })
      expect(response.statusCode).toBe(200)
      expect(response.headers['cache-control']).toBe('no-store')
      expect(response.json()).toMatchObject({ token_type: 'Bearer', expires_in: 600, scope: 'evaluate' })
    }
  })

  it.each([
    [401, 'invalid_client', basic('erp', 'wrong'), 'grant_type=client_credentials'],
    [401, 'invalid_client', basic('nobody', 'right'), 'grant_type=client_credentials'],
    [401, 'invalid_client', {}, 'grant_type=client_credentials'],
    [400, 'invalid_request', basic('erp', 'right'), 'grant_type=client_credentials&client_secret=right'],
    [400, 'unsupported_grant_type', basic('erp', 'right'), 'grant_type=password'],
    [400, 'invalid_scope', basic('erp', 'right'), 'grant_type=client_credentials&scope=messages:read-all'],
  ])('answers %i %s', async (status, error, headers, payload) => {
    const response = await app.inject({
      method: 'POST',
      url: '/oauth/token',
      headers: { ...form, ...headers },
      payload,
    })
    expect([response.statusCode, response.json().error]).toEqual([status, error])
    expect(response.headers['content-type']).toContain('application/problem+json')
  })

  it('is limited by address', async () => {
    const own = await testHouse()
    const limits = { ...own.services.config.limits, tokens: 3 }
    const limited = await createHttpApp({ ...own.services, config: { ...own.services.config, limits } })
    const statuses: number[] = []
    for (let n = 0; n < 5; n++) {
      const response = await limited.inject({
        method: 'POST',
        url: '/oauth/token',
        headers: form,
        payload: 'grant_type=x',
      })
      statuses.push(response.statusCode)
      if (n === 4) {
        expect(response.json().type).toBe('urn:secflow:fault:rate-limited')
        expect(response.headers['retry-after']).toBeDefined()
      }
    }
    expect(statuses).toEqual([400, 400, 400, 429, 429])
    await limited.close()
    await own[Symbol.asyncDispose]()
  })
})

describe('bearer tokens', () => {
  const me = (headers: Record<string, string>) => app.inject({ url: '/api/v1/me', headers })

  it('say who calls', async () => {
    expect((await me(await bearer('anna'))).json()).toEqual({
      tenant: 'demo',
      subject: 'anna',
      address: 'anna@klinik.example',
      roles: ['user'],
      scopes: ['vocabulary', 'evaluate', 'messages:send', 'messages:read', 'messages:recall'],
    })
  })

  it('are refused when missing, forged, of another key, algorithm, audience or too old', async () => {
    const token = (await bearer('anna')).authorization!.slice(7)
    const [head, body] = token.split('.') as [string, string]
    const { privateKey } = await generateKeyPair('EdDSA')
    const other = new SignJWT({ tenant: 'demo', scope: 'evaluate' })
      .setSubject('anna')
      .setProtectedHeader({ alg: 'EdDSA' })
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${body}.`
    const forged = [
      {},
      { authorization: 'Bearer ' },
      { authorization: `Basic ${token}` },
      { authorization: `Bearer ${none}` },
      { authorization: `Bearer ${head}.${body}.${'A'.repeat(86)}` },
      { authorization: `Bearer ${await other.sign(privateKey)}` },
      { authorization: `Bearer ${await stampAsToken()}` },
    ]
    for (const headers of forged) {
      const response = await me(headers as Record<string, string>)
      expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer realm="secflow"'])
    }
    house.advance(601_000)
    expect((await me({ authorization: `Bearer ${token}` })).statusCode).toBe(401)
    house.advance(-601_000)
    expect((await me({ authorization: `Bearer ${token}` })).statusCode).toBe(200)
  })

  async function stampAsToken(): Promise<string> {
    const response = await app.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await bearer('anna'),
      payload: draft,
    })
    return response.json().stamp
  }

  it('without the scope are forbidden', async () => {
    const response = await app.inject({ url: '/api/v1/vocabulary', headers: await bearer('auditor') })
    expect([response.statusCode, response.json().type]).toEqual([403, 'urn:secflow:fault:forbidden'])
  })
})

const draft = {
  sender: 'anna@klinik.example',
  recipients: ['b@x.example', { address: 'c@x.example', field: 'bcc' }],
  subject: 'Befund',
  attachments: [{ name: 'a.dcm', size: 5, type: 'application/dicom' }],
  classification: 'confidential',
  protection: [{ token: 'pdf', sms: '+4915112345678' }],
}

describe('POST /api/v1/evaluate', () => {
  it('answers per recipient in the caller’s language, with a stamp for the visible ones', async () => {
    const headers = { ...(await bearer('anna')), 'accept-language': 'de-DE,de;q=0.9,en;q=0.8' }
    const response = await app.inject({ method: 'POST', url: '/api/v1/evaluate', headers, payload: draft })
    expect(response.statusCode).toBe(200)
    const { stamp, ...verdict } = response.json()
    expect(verdict).toEqual({
      decisionId: 'd1',
      revision: 'r1',
      protection: 'pdf;sms="+4915112345678"',
      recipients: ['b@x.example', 'c@x.example'].map((address) => ({
        address,
        outcome: 'deliver',
        method: 'smime',
        steps: [{ do: 'sign', with: 'smime' }],
        reasons: [{ rule: 'default', layer: 'tenant', text: 'Standard' }],
        missing: [{ field: 'phone', text: 'Telefon fehlt' }],
      })),
      copies: [{ recipients: ['b@x.example', 'c@x.example'], steps: [{ do: 'sign', with: 'smime' }] }],
    })
    const mail = { sender: draft.sender, visible: ['b@x.example'], subject: 'Befund' }
    expect(
      await verifyStamp(stampKey(house.services.secrets, tenant), stamp, mail, house.services.clock.now()),
    ).toMatchObject({
      stamp: { classification: 'confidential', protection: 'pdf;sms="+4915112345678"' },
    })
  })

  it('takes a telephone with each recipient, and binds the header that names them', async () => {
    const recipients = [
      { address: 'B@x.example', field: 'to', phone: '+4915112345678' },
      { address: 'c@x.example', field: 'bcc', phone: '+436641234567' },
    ]
    const ask = async (payload: object) =>
      app.inject({ method: 'POST', url: '/api/v1/evaluate', headers: await bearer('anna'), payload })
    const { stamp, protection } = (await ask({ ...draft, protection: [{ token: 'encrypt' }], recipients })).json()
    expect(protection).toBe('encrypt, "B@x.example";sms="+4915112345678", "c@x.example";sms="+436641234567"')
    const mail = { sender: draft.sender, visible: ['b@x.example'], subject: 'Befund' }
    const read = await verifyStamp(stampKey(house.services.secrets, tenant), stamp, mail, house.services.clock.now())
    if (!('stamp' in read)) throw new Error(read.refused)
    expect(read.stamp.protection).toBe('encrypt')
    expect(bindsNumbers(read.stamp, protection)).toBe(true)
    for (const phone of ['0151 2345678', '+49', '+0151234567', '+4915112345678901'])
      expect((await ask({ ...draft, recipients: [{ ...recipients[0], phone }] })).statusCode, phone).toBe(400)
  })

  it('says where the request is not valid', async () => {
    const payload = { ...draft, recipients: ['nonsense'], protection: [{ token: 'magic' }] }
    const response = await app.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await bearer('anna'),
      payload,
    })
    expect(response.statusCode).toBe(400)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      '/recipients/0',
      '/protection/0/token',
    ])
  })

  it('is for own addresses only', async () => {
    const payload = { ...draft, sender: 'ben@klinik.example' }
    const response = await app.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await bearer('anna'),
      payload,
    })
    expect([response.statusCode, response.json().code]).toEqual([403, 'sender-not-allowed'])
  })
})

const EML =
  'From: Anna <anna@klinik.example>\r\nTo: b@x.example\r\nCc: "C, D" <c@x.example>\r\nBcc: e@x.example,\r\n f@x.example\r\nSubject: Hallo\r\nX-Secflow-Classification: confidential\r\n\r\nText\r\n'

describe('POST /api/v1/messages', () => {
  const send = async (
    client: keyof typeof CLIENTS,
    payload: string | Buffer | object,
    headers: Record<string, string> = {},
  ) =>
    app.inject({ method: 'POST', url: '/api/v1/messages', headers: { ...(await bearer(client)), ...headers }, payload })
  const rfc822 = { 'content-type': 'message/rfc822' }

  it('streams a mail; recipients from its header, Bcc removed', async () => {
    const response = await send('anna', EML, rfc822)
    expect(response.statusCode).toBe(202)
    const { id, location } = response.json()
    expect(response.headers.location).toBe(location)
    const bytes = (await house.stored(id)).toString()
    expect(bytes).toContain('X-Secflow-Classification: confidential\r\n')
    expect(bytes).not.toMatch(/bcc|e@x\.example/i)
    expect(bytes.endsWith('\r\n\r\nText\r\n')).toBe(true)
    const message = await house.services.store.tenant(tenant).read.message(id)
    expect(message?.envelope.recipients.map(({ address }) => address)).toEqual([
      'b@x.example',
      'c@x.example',
      'e@x.example',
      'f@x.example',
    ])
    expect(message?.origin).toMatchObject({ channel: 'api', authenticated: 'token', identity: 'anna' })
  })

  it('takes the envelope from its headers', async () => {
    const headers = { ...rfc822, 'x-envelope-from': 'erp@klinik.example', 'x-envelope-to': 'x@x.example, y@x.example' }
    const { id } = (await send('erp', EML, headers)).json()
    const message = await house.services.store.tenant(tenant).read.message(id)
    expect(message?.envelope.mailFrom).toBe('erp@klinik.example')
    expect(message?.envelope.recipients.map(({ address }) => address)).toEqual(['x@x.example', 'y@x.example'])
  })

  it('composes a mail from JSON', async () => {
    const content = Buffer.from(Array.from({ length: 1000 }, (_, n) => n % 256))
    const response = await send('anna', {
      from: 'anna@klinik.example',
      to: ['b@müller.example'],
      bcc: ['secret@x.example'],
      subject: 'Größe\r\nBcc: evil@x.example',
      text: 'Guten Tag\n.\nÄ',
      html: '<p>Guten Tag</p>',
      attachments: [
        { name: 'Prüfung\r\nX-Evil: 1.pdf', mediaType: 'application/pdf', contentBase64: content.toString('base64') },
      ],
      classification: 'confidential',
      protection: [{ token: 'plain', reason: 'Gerät "alt" & ü' }],
    })
    expect(response.statusCode).toBe(202)
    const bytes = (await house.stored(response.json().id)).toString()
    expect(bytes).not.toMatch(/^(x-evil|bcc):/im)
    expect(bytes).toContain('To: b@xn--mller-kva.example\r\n')
    expect(bytes).toContain('X-Secflow-Protection: plain;reason=%"Ger%c3%a4t %22alt%22 & %c3%bc"')
    expect(bytes.replace(/\r\n/g, '')).toContain(content.toString('base64'))
    expect(bytes).not.toContain('secret@x.example')
  })

  it.each([
    [403, 'sender-not-allowed', EML.replaceAll('anna@', 'ben@'), {}],
    [403, 'sender-not-allowed', EML, { 'x-envelope-from': 'ben@klinik.example' }],
    [400, 'address-invalid', EML, { 'x-envelope-to': 'a@x.example,nonsense' }],
    [400, 'request-invalid', 'From: anna@klinik.example\r\n\r\nx', {}],
    [400, 'header-malformed', 'To: b@x.example\r\n\r\nx', { 'x-envelope-from': 'anna@klinik.example' }],
    [400, 'bare-line-end', EML.replace('Text\r\n', 'Text\nmore\r\n'), {}],
    [400, 'header-too-large', `${EML.slice(0, -8)}X: ${'a'.repeat(300_000)}\r\n\r\nx`, {}],
  ])('answers %i %s', async (status, code, payload, headers) => {
    const before = (await house.services.store.tenant(tenant).read.messages({ limit: 1000 })).length
    const response = await send('anna', payload, { ...rfc822, ...headers })
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect((await house.services.store.tenant(tenant).read.messages({ limit: 1000 })).length).toBe(before)
  })

  it('refuses a telephone for somebody who is no recipient, and says which', async () => {
    const mail = { from: 'anna@klinik.example', to: ['b@x.example'], text: 't' }
    const phones = ['B@X.example', 'bee@x.example'].map((address) => ({ address, phone: '+4915112345678' }))
    const answer = await send('anna', { ...mail, phones })
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'request-invalid'])
    expect(answer.json().errors).toEqual([{ pointer: '/phones/1/address', detail: 'not a recipient of this mail' }])
    const unread = await send('anna', { ...mail, to: ['nobody'], phones })
    expect([unread.statusCode, unread.json().code]).toEqual([400, 'request-invalid'])
    expect((await send('anna', { ...mail, phones: phones.slice(0, 1) })).statusCode).toBe(202)
  })

  it('refuses other media types and too much JSON', async () => {
    expect((await send('anna', 'x', { 'content-type': 'text/plain' })).json().code).toBe('media-type-unsupported')
    expect((await send('anna', '{', { 'content-type': 'application/json' })).json().code).toBe('request-invalid')
    const huge = { from: 'anna@klinik.example', to: ['b@x.example'], text: 'a'.repeat(17 * 1_048_576) }
    expect((await send('anna', huge)).json().code).toBe('payload-too-large')
  })

  it.each([
    ['/oauth/token', { grant_type: 'client_credentials', client_id: 'x' }, 70_000],
    ['/addin/demo-token', { address: 'anna@klinik.example' }, 70_000],
    ['/api/v1/verdicts', { verdict: 'x', from: 'a@x.example' }, 70_000],
    ['/api/v1/evaluate', draft, 5 * 1_048_576],
  ])('%s holds no more in memory than its fields need', async (url, body, bytes) => {
    const demo = { tenant, domains: [], persons: [] }
    const open = await createHttpApp({ ...house.services, config: { ...house.services.config, demo } })
    const headers = { ...(await bearer('anna', open)), 'content-type': 'application/json' }
    const payload = JSON.stringify({ ...body, more: 'a'.repeat(bytes) })
    const answer = await open.inject({ method: 'POST', url, headers, payload })
    await open.close()
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'payload-too-large'])
  })

  it('makes one mail of one Idempotency-Key, in both forms', async () => {
    const mail = { from: 'anna@klinik.example', to: ['b@x.example'], subject: 'once', text: 'x' }
    for (const [payload, other, headers] of [
      [mail, { ...mail, text: 'y' }, {}],
      [EML, EML.replace('Text', 'Tex2'), rfc822],
    ] as const) {
      const key = { 'idempotency-key': `"${headers === rfc822 ? 'k-raw' : 'k-json'}"` }
      const first = await send('anna', payload, { ...headers, ...key })
      const again = await send('anna', payload, { ...headers, ...key })
      expect(again.statusCode).toBe(202)
      expect(again.json()).toEqual(first.json())
      expect((await send('anna', other, { ...headers, ...key })).json().code).toBe('idempotency-conflict')
      // another client's key is another key
      expect((await send('erp', payload, { ...headers, ...key })).json().id).not.toBe(first.json().id)
    }
    const subjects = await house.services.store.tenant(tenant).read.messages({ limit: 1000 })
    expect(subjects.filter(({ subject, origin }) => subject === 'once' && origin.identity === 'anna')).toHaveLength(1)
  })

  it('lets one of two simultaneous twins win, and a failed one try again', async () => {
    const mail = { from: 'anna@klinik.example', to: ['b@x.example'], text: 'x' }
    const key = { 'idempotency-key': 'twins' }
    const answers = await Promise.all([send('anna', mail, key), send('anna', mail, key)])
    const statuses = answers.map(({ statusCode }) => statusCode).sort()
    expect([JSON.stringify([202, 409]), JSON.stringify([202, 202])]).toContain(JSON.stringify(statuses))
    if (statuses[1] === 202) expect(answers[0]!.json().id).toBe(answers[1]!.json().id)

    const bad = { 'idempotency-key': 'later', ...rfc822 }
    expect((await send('anna', EML.replace('Text\r\n', 'Text\nmore\r\n'), bad)).statusCode).toBe(400)
    expect((await send('anna', EML, bad)).statusCode).toBe(202)
  })
})

describe('GET /api/v1/messages/{id} and recall', () => {
  it('is for the sender, and for those who may see all; never across tenants', async () => {
    const sent = await app.inject({
      method: 'POST',
      url: '/api/v1/messages',
      headers: { ...(await bearer('anna')), 'content-type': 'message/rfc822' },
      payload: EML,
    })
    const { id, location } = sent.json()
    const { services } = house
    const receipt = {
      method: 'smime',
      layers: ['CMS'],
      rules: ['r'],
      links: [{ name: 'a', size: 1, sha256: 'ab', access: 'link', expiresAt: 1_800_000_000_000 }],
    }
    await services.store.tenant(tenant).write((tx) =>
      tx.updateRecipient(id, 'b@x.example', {
        state: 'delivered',
        detail: '250 2.0.0 Ok',
        receipt,
        at: services.clock.now(),
      }),
    )
    const see = async (client: keyof typeof CLIENTS) => app.inject({ url: location, headers: await bearer(client) })
    const own = (await see('anna')).json()
    expect(own).toMatchObject({ id, state: 'accepted', from: 'anna@klinik.example', subject: 'Hallo' })
    expect(own.recipients.find((one: { address: string }) => one.address === 'b@x.example')).toMatchObject({
      state: 'delivered',
      receipt: { ...receipt, links: [{ ...receipt.links[0], expiresAt: '2027-01-15T08:00:00.000Z' }] },
    })
    expect((await see('auditor')).statusCode).toBe(200)
    expect((await see('ben')).statusCode).toBe(404)
    expect((await see('stranger')).statusCode).toBe(404)
  })

  it('is not for the one whose address a stranger wrote into the envelope', async () => {
    const { id } = await house.services.accept({
      tenant,
      envelope: {
        mailFrom: 'anna@klinik.example',
        recipients: [{ address: 'ben@klinik.example' }],
        body: '7BIT',
        smtputf8: false,
        requireTls: false,
      },
      origin: { channel: 'smtp', authenticated: 'none', peer: '198.51.100.1', tls: null },
      content: bytesOf(Buffer.from(EML)).stream(),
    })
    const see = async (client: keyof typeof CLIENTS) =>
      (await app.inject({ url: `/api/v1/messages/${id}`, headers: await bearer(client) })).statusCode
    expect([await see('anna'), await see('auditor')]).toEqual([404, 200])
  })

  it('recall closes the links and is audited', async () => {
    const { grant, path } = await house.link({ access: 'link', files: [{ name: 'a.txt', content: Buffer.from('x') }] })
    const recall = async (client: keyof typeof CLIENTS) =>
      app.inject({ method: 'POST', url: `/api/v1/messages/${grant.message}/recall`, headers: await bearer(client) })
    expect((await recall('ben')).statusCode).toBe(404)
    expect((await app.inject({ url: path })).statusCode).toBe(200)
    expect((await recall('anna')).json()).toEqual({ id: grant.message, revoked: 1 })
    expect((await app.inject({ url: path })).statusCode).toBe(410)
    expect(await house.events('message.recalled')).toEqual([{ revoked: 1 }])
  })
})

describe('GET /api/v1/messages/{id}/archive', () => {
  it('streams the mail as received or as sent, to those who may see all, and records each reading', async () => {
    const { id, location } = (
      await app.inject({
        method: 'POST',
        url: '/api/v1/messages',
        headers: { ...(await bearer('anna')), 'content-type': 'message/rfc822' },
        payload: EML,
      })
    ).json()
    const fetch = async (client: keyof typeof CLIENTS, query = '') =>
      app.inject({ url: `${location}/archive${query}`, headers: await bearer(client) })
    const codeOf = (response: { statusCode: number; json(): { code: string } }) => [
      response.statusCode,
      response.json().code,
    ]
    expect(codeOf(await fetch('auditor'))).toEqual([404, 'not-found'])
    const received = Buffer.from(Array.from({ length: 600_000 }, (_, n) => n % 251))
    await house.archive(id, received)
    await house.archive(`${id}-c1`, Buffer.from('as sent'))
    await house.services.store
      .tenant(tenant)
      .write((tx) => tx.updateRecipient(id, 'b@x.example', { state: 'delivered', copy: 'c1', at: 1 }))

    const response = await fetch('auditor')
    expect(response.headers).toMatchObject({
      'content-type': 'message/rfc822',
      'content-length': '600000',
      'content-disposition': `attachment; filename="${id}.eml"`,
      'cache-control': 'no-store',
    })
    expect(response.rawPayload.equals(received)).toBe(true)
    expect((await fetch('auditor', '?recipient=b@x.example')).body).toBe('as sent')
    expect(codeOf(await fetch('auditor', '?recipient=c@x.example'))).toEqual([404, 'not-found'])
    expect(codeOf(await fetch('auditor', '?recipient=nobody@x.example'))).toEqual([404, 'not-found'])
    expect(codeOf(await fetch('anna'))).toEqual([403, 'forbidden'])
    expect(codeOf(await fetch('erp'))).toEqual([403, 'forbidden'])
    expect(codeOf(await fetch('stranger'))).toEqual([404, 'not-found'])
    expect(await house.events('archive.read')).toEqual([
      { archive: id },
      { archive: `${id}-c1`, recipient: 'b@x.example' },
    ])
    expect(house.opened.count).toBe(0)
  })
})

describe('the rest', () => {
  it('answers unknown URLs and faults inside as problems, without their text', async () => {
    const response = await app.inject({ url: '/nowhere' })
    expect([response.statusCode, response.json().type]).toEqual([404, 'urn:secflow:fault:not-found'])
    const failing = await createHttpApp({
      ...house.services,
      preview: async () => {
        throw new Error('secret inside')
      },
    })
    const inside = await failing.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await bearer('anna', failing),
      payload: draft,
    })
    expect([inside.statusCode, inside.json().code]).toEqual([500, 'internal'])
    expect(inside.body).not.toContain('secret')
    await failing.close()
  })

  it('has health, documents and strict headers', async () => {
    expect((await app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' })
    expect((await app.inject({ url: '/readyz' })).json()).toEqual({ status: 'ready', checks: { database: true } })
    expect((await app.inject({ url: '/openapi.json' })).json()).toMatchObject({ openapi: '3.1.0' })
    const docs = await app.inject({ url: '/docs' })
    expect(docs.body).toContain('POST /api/v1/evaluate')
    expect(docs.headers['content-security-policy']).toContain("default-src 'none'")
    expect(docs.headers['content-security-policy']).not.toContain('unsafe')
    expect((await app.inject({ url: '/metrics' })).statusCode).toBe(404)
    const operator = await createOperatorApp(house.services)
    expect((await operator.inject({ url: '/metrics' })).body).toContain('secflow_up 1')
    await operator.close()
  })

  it('says 503 when it is not ready', async () => {
    const operator = await createOperatorApp({
      ...house.services,
      ready: async () => ({ ready: false, checks: { policy: false } }),
    })
    expect((await operator.inject({ url: '/readyz' })).statusCode).toBe(503)
    await operator.close()
  })

  it('does not start with an API route that does not say who may call it', async () => {
    await expect(
      createHttpApp(house.services, [(scope) => void scope.get('/api/v1/open', async () => ({}))]),
    ).rejects.toThrow('does not say who may call it')
  })
})
