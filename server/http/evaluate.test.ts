/** What would become of a mail, before it is sent. */
import { describe, expect, it } from 'vitest'
import { draft, openedApi } from '../../test/support/api.ts'
import { tenant } from '../../test/support/http-services.ts'
import { bindsNumbers, stampKey, verifyStamp } from '../people/stamp.ts'

const api = openedApi()

describe('POST /api/v1/evaluate', () => {
  it('answers per recipient in the caller’s language, with a stamp for the visible ones', async () => {
    const headers = { ...(await api.bearer('anna')), 'accept-language': 'de-DE,de;q=0.9,en;q=0.8' }
    const response = await api.app.inject({ method: 'POST', url: '/api/v1/evaluate', headers, payload: draft })
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
      await verifyStamp(stampKey(api.house.services.secrets, tenant), stamp, mail, api.house.services.clock.now()),
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
      api.app.inject({ method: 'POST', url: '/api/v1/evaluate', headers: await api.bearer('anna'), payload })
    const { stamp, protection } = (await ask({ ...draft, protection: [{ token: 'encrypt' }], recipients })).json()
    expect(protection).toBe('encrypt, "B@x.example";sms="+4915112345678", "c@x.example";sms="+436641234567"')
    const mail = { sender: draft.sender, visible: ['b@x.example'], subject: 'Befund' }
    const read = await verifyStamp(
      stampKey(api.house.services.secrets, tenant),
      stamp,
      mail,
      api.house.services.clock.now(),
    )
    if (!('stamp' in read)) throw new Error(read.refused)
    expect(read.stamp.protection).toBe('encrypt')
    expect(bindsNumbers(read.stamp, protection)).toBe(true)
    for (const phone of ['0151 2345678', '+49', '+0151234567', '+4915112345678901'])
      expect((await ask({ ...draft, recipients: [{ ...recipients[0], phone }] })).statusCode, phone).toBe(400)
  })

  it('says where the request is not valid', async () => {
    const payload = { ...draft, recipients: ['nonsense'], protection: [{ token: 'magic' }] }
    const response = await api.app.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await api.bearer('anna'),
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
    const response = await api.app.inject({
      method: 'POST',
      url: '/api/v1/evaluate',
      headers: await api.bearer('anna'),
      payload,
    })
    expect([response.statusCode, response.json().code]).toEqual([403, 'sender-not-allowed'])
  })
})
