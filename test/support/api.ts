/** The API over a house of its own, asked without a socket. */
import { afterAll, beforeAll } from 'vitest'
import { type App, createHttpApp } from '../../server/http/app.ts'
import { type CLIENTS, type TestHouse, testHouse } from './http-services.ts'

export type Client = keyof typeof CLIENTS

/** Opened before the tests of this file, and closed after them. */
export function openedApi() {
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
  return {
    get house() {
      return house
    },
    get app() {
      return app
    },
    /** Header of a fresh token of this client. */
    async bearer(client: Client, on = app): Promise<Record<string, string>> {
      const response = await on.inject({
        method: 'POST',
        url: '/oauth/token',
        headers: { ...form, ...basic(client, 'right') },
        payload: 'grant_type=client_credentials',
      })
      return { authorization: `Bearer ${response.json().access_token}` }
    },
  }
}

export const form = { 'content-type': 'application/x-www-form-urlencoded' }
export const basic = (client: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
})

/** What a pane asks about before the mail is sent. */
export const draft = {
  sender: 'anna@klinik.example',
  recipients: ['b@x.example', { address: 'c@x.example', field: 'bcc' }],
  subject: 'Befund',
  attachments: [{ name: 'a.dcm', size: 5, type: 'application/dicom' }],
  classification: 'confidential',
  protection: [{ token: 'pdf', sms: '+4915112345678' }],
}

export const EML =
  'From: Anna <anna@klinik.example>\r\nTo: b@x.example\r\nCc: "C, D" <c@x.example>\r\nBcc: e@x.example,\r\n f@x.example\r\nSubject: Hallo\r\nX-Secflow-Classification: confidential\r\n\r\nText\r\n'
