/** Mail over the API: streamed or composed, once for each key, refused with a reason. */
import { describe, expect, it } from 'vitest'
import { type Client, draft, EML, openedApi } from '../../test/support/api.ts'
import { tenant } from '../../test/support/http-services.ts'
import { createHttpApp } from './app.ts'

const api = openedApi()

describe('POST /api/v1/messages', () => {
  const send = async (client: Client, payload: string | Buffer | object, headers: Record<string, string> = {}) =>
    api.app.inject({
      method: 'POST',
      url: '/api/v1/messages',
      headers: { ...(await api.bearer(client)), ...headers },
      payload,
    })
  const rfc822 = { 'content-type': 'message/rfc822' }

  it('streams a mail; recipients from its header, Bcc removed', async () => {
    const response = await send('anna', EML, rfc822)
    expect(response.statusCode).toBe(202)
    const { id, location } = response.json()
    expect(response.headers.location).toBe(location)
    const bytes = (await api.house.stored(id)).toString()
    expect(bytes).toContain('X-Secflow-Classification: confidential\r\n')
    expect(bytes).not.toMatch(/bcc|e@x\.example/i)
    expect(bytes.endsWith('\r\n\r\nText\r\n')).toBe(true)
    const message = await api.house.services.store.tenant(tenant).read.message(id)
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
    const message = await api.house.services.store.tenant(tenant).read.message(id)
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
    const bytes = (await api.house.stored(response.json().id)).toString()
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
    const before = (await api.house.services.store.tenant(tenant).read.messages({ limit: 1000 })).length
    const response = await send('anna', payload, { ...rfc822, ...headers })
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect((await api.house.services.store.tenant(tenant).read.messages({ limit: 1000 })).length).toBe(before)
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
    const open = await createHttpApp({ ...api.house.services, config: { ...api.house.services.config, demo } })
    const headers = { ...(await api.bearer('anna', open)), 'content-type': 'application/json' }
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
    const subjects = await api.house.services.store.tenant(tenant).read.messages({ limit: 1000 })
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
