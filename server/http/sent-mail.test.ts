/** What became of a mail: its receipt, its recall and its archive, and for whom. */
import { describe, expect, it } from 'vitest'
import { type Client, EML, openedApi } from '../../test/support/api.ts'
import { tenant } from '../../test/support/http-services.ts'
import { bytesOf } from '../ports/bytes.ts'

const api = openedApi()

describe('GET /api/v1/messages/{id} and recall', () => {
  it('is for the sender, and for those who may see all; never across tenants', async () => {
    const sent = await api.app.inject({
      method: 'POST',
      url: '/api/v1/messages',
      headers: { ...(await api.bearer('anna')), 'content-type': 'message/rfc822' },
      payload: EML,
    })
    const { id, location } = sent.json()
    const { services } = api.house
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
    const see = async (client: Client) => api.app.inject({ url: location, headers: await api.bearer(client) })
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
    const { id } = await api.house.services.accept({
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
    const see = async (client: Client) =>
      (await api.app.inject({ url: `/api/v1/messages/${id}`, headers: await api.bearer(client) })).statusCode
    expect([await see('anna'), await see('auditor')]).toEqual([404, 200])
  })

  it('recall closes the links and is audited', async () => {
    const { grant, path } = await api.house.link({
      access: 'link',
      files: [{ name: 'a.txt', content: Buffer.from('x') }],
    })
    const recall = async (client: Client) =>
      api.app.inject({
        method: 'POST',
        url: `/api/v1/messages/${grant.message}/recall`,
        headers: await api.bearer(client),
      })
    expect((await recall('ben')).statusCode).toBe(404)
    expect((await api.app.inject({ url: path })).statusCode).toBe(200)
    expect((await recall('anna')).json()).toEqual({ id: grant.message, revoked: 1 })
    expect((await api.app.inject({ url: path })).statusCode).toBe(410)
    expect(await api.house.events('message.recalled')).toEqual([{ revoked: 1 }])
  })
})

describe('GET /api/v1/messages/{id}/archive', () => {
  it('streams the mail as received or as sent, to those who may see all, and records each reading', async () => {
    const { id, location } = (
      await api.app.inject({
        method: 'POST',
        url: '/api/v1/messages',
        headers: { ...(await api.bearer('anna')), 'content-type': 'message/rfc822' },
        payload: EML,
      })
    ).json()
    const fetch = async (client: Client, query = '') =>
      api.app.inject({ url: `${location}/archive${query}`, headers: await api.bearer(client) })
    const codeOf = (response: { statusCode: number; json(): { code: string } }) => [
      response.statusCode,
      response.json().code,
    ]
    expect(codeOf(await fetch('auditor'))).toEqual([404, 'not-found'])
    const received = Buffer.from(Array.from({ length: 600_000 }, (_, n) => n % 251))
    await api.house.archive(id, received)
    await api.house.archive(`${id}-c1`, Buffer.from('as sent'))
    await api.house.services.store
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
    expect(await api.house.events('archive.read')).toEqual([
      { archive: id },
      { archive: `${id}-c1`, recipient: 'b@x.example' },
    ])
    expect(api.house.opened.count).toBe(0)
  })
})
