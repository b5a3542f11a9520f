import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestHouse, tenant, testHouse } from '../../test/support/http-services.ts'
import { type App, createHttpApp } from './app.ts'

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

const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }
const content = randomBytes(700_000)
const files = [{ name: 'Serie ü.dcm', content, mediaType: 'application/dicom' }]
const mail = {
  from: 'anna@klinik.example',
  to: ['praxis@partner.example'],
  subject: 'Angebot <b>',
  date: Date.UTC(2026, 10, 23),
  text: 'Klartext',
  html: '<p>Schön</p><script>alert(1)</script><img src="https://t.example/x.gif">',
  attachments: [{ name: 'vertrag.pdf', content: Buffer.from('%PDF-1.7 x') }],
}

const post = (url: string, payload = '', cookie = '') =>
  app.inject({ method: 'POST', url, headers: { ...form, ...(cookie && { cookie }) }, payload })
const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })
const codeIn = (text: string | undefined) => /\d{4} \d{4}/.exec(text ?? '')![0]!
const cookieOf = (response: { headers: Record<string, unknown> }) =>
  [response.headers['set-cookie']]
    .flat()
    .map((one) => String(one).split(';')[0])
    .join('; ')

/** Proves the mailbox and returns the session's cookie. */
async function proveMail(path: string): Promise<string> {
  expect((await post(`${path}/code/send`)).statusCode).toBe(303)
  const verified = await post(`${path}/code`, `code=${encodeURIComponent(codeIn(house.mails.at(-1)?.text))}`)
  expect([verified.statusCode, verified.headers.location]).toEqual([303, path])
  return cookieOf(verified)
}

describe('access by link', () => {
  it('lists the files and gives them bit for bit, whole and in ranges', async () => {
    const { path, grant } = await house.link({ access: 'link', files })
    const page = await get(path)
    expect(page.statusCode).toBe(200)
    expect(page.body).toContain('Serie ü.dcm')
    expect(page.headers['cache-control']).toBe('no-store')
    const url = `${path}/files/${grant.files[0]}`
    const whole = await get(url)
    expect(whole.rawPayload.equals(content)).toBe(true)
    expect(whole.headers).toMatchObject({
      'content-type': 'application/dicom',
      'content-disposition': `attachment; filename="Serie u_.dcm"; filename*=UTF-8''Serie%20%C3%BC.dcm`,
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'bytes',
      'content-length': '700000',
    })
    const part = await get(url, { range: 'bytes=65530-262150', 'if-range': String(whole.headers.etag) })
    expect([part.statusCode, part.headers['content-range']]).toEqual([206, 'bytes 65530-262150/700000'])
    expect(part.rawPayload.equals(content.subarray(65_530, 262_151))).toBe(true)
    expect((await get(url, { range: 'bytes=700000-' })).statusCode).toBe(416)
    const head = await app.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([200, '700000', ''])
    expect(house.opened.count).toBe(0)
    expect(await house.events('link.downloaded')).toMatchObject([
      { from: 0, to: 700_000, bytes: 700_000, complete: true },
      { from: 65_530, to: 262_151, bytes: 196_621, complete: true },
    ])
  })

  it('gives all files in one archive, each audited', async () => {
    const { path, grant } = await house.link({
      access: 'link-code',
      files: [...files, { name: 'b.txt', content: Buffer.from('b') }],
    })
    expect((await get(`${path}/files.zip`)).statusCode).toBe(403)
    const cookie = await proveMail(path)
    expect((await get(path, { cookie })).body).toContain(`${path}/files.zip`)
    const archive = await get(`${path}/files.zip`, { cookie })
    expect(archive.statusCode).toBe(200)
    expect(archive.rawPayload.length).toBe(Number(archive.headers['content-length']))
    expect(archive.rawPayload.includes(content)).toBe(true)
    const audited = (await house.events('link.downloaded')).filter((event) => event.grant === grant.id)
    expect(audited.map(({ name, complete }) => [name, complete])).toEqual([
      ['Serie ü.dcm', true],
      ['b.txt', true],
    ])
    const single = await house.link({ access: 'link', files })
    expect((await get(`${single.path}/files.zip`)).statusCode).toBe(404)
  })

  it('gives nothing that the grant does not name', async () => {
    const one = await house.link({ access: 'link', files })
    const two = await house.link({ access: 'link', files })
    expect((await get(`${one.path}/files/${two.grant.files[0]}`)).statusCode).toBe(404)
    expect((await get(`${one.path}/attachments/0`)).statusCode).toBe(404)
    expect((await get(one.path.replace(`/${tenant}/`, '/other/'))).statusCode).toBe(404)
    expect((await get(`${one.path.slice(0, -1)}x`)).statusCode).toBe(404)
    expect((await get('/portal/..%2f/x')).statusCode).toBe(404)
  })

  it('audits a download that breaks off, and gives the file back', async () => {
    const big = randomBytes(8_000_000)
    const { path, grant } = await house.link({ access: 'link', files: [{ name: 'big', content: big }] })
    const own = await createHttpApp(house.services)
    await own.listen({ port: 0, host: '127.0.0.1' })
    const { port } = own.server.address() as AddressInfo
    await new Promise<void>((resolve) => {
      const request = httpRequest({ port, host: '127.0.0.1', path: `${path}/files/${grant.files[0]}` }, (response) => {
        response.once('data', () => {
          response.destroy()
          resolve()
        })
      })
      request.on('error', () => {})
      request.end()
    })
    await expect
      .poll(() => house.events('link.downloaded'))
      .toContainEqual(expect.objectContaining({ to: big.length, complete: false }))
    expect(house.opened.count).toBe(0)
    await own.close()
  })

  it('tells the sender once, where a receipt is due', async () => {
    const { path, grant } = await house.link({ access: 'link', files, receipt: true })
    await get(`${path}/files/${grant.files[0]}`, { range: 'bytes=0-1' })
    expect(house.mails.filter(({ key }) => key === `receipt.${grant.id}`)).toHaveLength(0)
    await get(`${path}/files/${grant.files[0]}`)
    expect(house.mails.find(({ key }) => key === `receipt.${grant.id}`)).toMatchObject({ to: 'anna@klinik.example' })
  })
})

describe('access by link and code', () => {
  it('opens after the code from the mail, in that browser only', async () => {
    const { path, grant } = await house.link({ access: 'link-code', files })
    const url = `${path}/files/${grant.files[0]}`
    const landing = await get(path)
    expect(landing.body).toContain('p•••@partner.example')
    expect(landing.body).not.toContain('praxis@partner.example')
    expect(landing.body).not.toContain('Serie')
    expect((await get(url)).statusCode).toBe(403)
    const mails = house.mails.length
    await get(`${path}/code`)
    expect(house.mails.length, 'GET sends nothing').toBe(mails)

    const cookie = await proveMail(path)
    expect(cookie).toMatch(/^secflow-[0-9a-f]{16}=[\w-]{43}$/)
    expect((await get(url, { cookie })).rawPayload.equals(content)).toBe(true)
    expect((await get(url)).statusCode).toBe(403)
    const other = await house.link({ access: 'link-code', files })
    const stolen = cookie.replace(/^secflow-[0-9a-f]+/, `secflow-${other.grant.tokenHash.slice(0, 16)}`)
    expect((await get(`${other.path}/files/${other.grant.files[0]}`, { cookie: stolen })).statusCode).toBe(403)
    house.advance(2 * 3_600_000 + 1000)
    expect((await get(url, { cookie })).statusCode, 'session over').toBe(403)
    expect(await house.events('link.code-verified')).toContainEqual({
      grant: grant.id,
      access: 'link-code',
      factor: 'code',
    })
    expect(await house.events('link.refused')).toContainEqual({
      grant: grant.id,
      access: 'link-code',
      fault: 'factor-missing',
      missing: 'code',
    })
  })

  it('counts tries and codes, also when they come at once', async () => {
    const { path } = await house.link({ access: 'link-code', files })
    await post(`${path}/code/send`)
    const right = codeIn(house.mails.at(-1)?.text)
    const wrong = right === '1111 1111' ? '2222 2222' : '1111 1111'
    const tries = await Promise.all(Array.from({ length: 8 }, () => post(`${path}/code`, `code=${wrong}`)))
    expect(tries.map(({ statusCode }) => statusCode).sort()).toEqual([403, 403, 403, 403, 429, 429, 429, 429])
    expect((await post(`${path}/code`, `code=${right}`)).statusCode, 'right, but used up').toBe(429)
    expect((await post(`${path}/code/send`)).statusCode, 'a moment ago').toBe(429)
    for (let n = 2; n <= 5; n++) {
      house.advance(30_000)
      expect((await post(`${path}/code/send`)).statusCode).toBe(303)
    }
    house.advance(30_000)
    expect((await post(`${path}/code/send`)).statusCode, 'five in a row').toBe(429)
    house.advance(3_600_000)
    expect((await post(`${path}/code/send`)).statusCode).toBe(303)
    house.advance(600_001)
    expect((await post(`${path}/code`, `code=${codeIn(house.mails.at(-1)?.text)}`)).statusCode, 'too old').toBe(403)
  })

  it('takes a code once, and an older one not any more', async () => {
    const { path } = await house.link({ access: 'link-code', files })
    await post(`${path}/code/send`)
    const first = codeIn(house.mails.at(-1)?.text)
    house.advance(30_000)
    await post(`${path}/code/send`)
    const second = codeIn(house.mails.at(-1)?.text)
    if (first !== second) expect((await post(`${path}/code`, `code=${first}`)).statusCode).toBe(403)
    expect((await post(`${path}/code`, `code=${second.replace(' ', '')}`)).statusCode).toBe(303)
    expect((await post(`${path}/code`, `code=${second}`)).statusCode).toBe(403)
  })

  it('stores neither codes nor tokens', async () => {
    const { path, grant } = await house.link({ access: 'link-code', files })
    await post(`${path}/code/send`)
    const record = await house.services.store.tenant(tenant).read.code(grant.id, 'mail')
    expect(JSON.stringify(record)).not.toContain(codeIn(house.mails.at(-1)?.text).replace(' ', ''))
    expect(JSON.stringify(grant)).not.toContain(path.split('/').at(-1))
  })
})

describe('access with a second factor', () => {
  it('wants mail, then phone; a line in the audit for each step', async () => {
    const { path, grant } = await house.link({ access: 'portal-2fa', files, phone: '+4915112345678' })
    const url = `${path}/files/${grant.files[0]}`
    expect((await post(`${path}/sms/send`)).statusCode, 'phone before mail').toBe(403)
    expect(house.texts).toHaveLength(0)
    const half = await proveMail(path)
    expect((await get(url, { cookie: half })).statusCode, 'no download without the second factor').toBe(403)
    expect((await get(path, { cookie: half })).body).toContain('•••678')
    expect((await post(`${path}/sms/send`, '', half)).statusCode).toBe(303)
    expect(house.texts.at(-1)).toMatchObject({ to: '+4915112345678' })
    const mailCode = codeIn(house.mails.at(-1)?.text)
    const smsCode = codeIn(house.texts.at(-1)?.text)
    if (mailCode !== smsCode) expect((await post(`${path}/sms`, `code=${mailCode}`, half)).statusCode).toBe(403)
    const verified = await post(`${path}/sms`, `code=${smsCode}`, half)
    const cookie = cookieOf(verified)
    expect(cookie).not.toBe(half)
    expect((await get(url, { cookie })).rawPayload.equals(content)).toBe(true)
    expect((await get(url, { cookie: half })).statusCode, 'the old token is gone').toBe(403)

    const all = await house.services.store.tenant(tenant).read.audit({ message: grant.message, limit: 100 })
    expect(all.map(({ type, detail }) => [type, detail.factor ?? detail.fault].filter(Boolean).join(' '))).toEqual([
      'message.accepted',
      'link.refused sms',
      'link.code-sent code',
      'link.code-verified code',
      'link.refused factor-missing',
      'link.opened',
      'link.code-sent sms',
      ...(mailCode !== smsCode ? ['link.refused sms'] : []),
      'link.code-verified sms',
      'link.downloaded',
      'link.refused factor-missing',
    ])
  })

  it('is closed to those whose phone nobody knows', async () => {
    const { path } = await house.link({ access: 'portal-2fa', files })
    const half = await proveMail(path)
    const answer = await post(`${path}/sms/send`, '', half)
    expect(answer.statusCode).toBe(422)
    expect(answer.body).toContain('No phone number is known')
  })
})

describe('a message', () => {
  it('is shown with its HTML in a frame of its own, its attachments, and text on demand', async () => {
    const { path } = await house.link({ access: 'portal', mail })
    expect((await get(path)).body).not.toContain('Angebot')
    expect((await get(`${path}/body`)).statusCode).toBe(403)
    const cookie = await proveMail(path)
    const page = await get(path, { cookie })
    expect(page.body).toContain('Angebot &lt;b&gt;')
    expect(page.body).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"')
    expect(page.body).not.toContain('/reply')
    const frame = await get(`${path}/body`, { cookie })
    expect(frame.body).toContain('<p>Schön</p>')
    expect(frame.body).not.toMatch(/script|t\.example/)
    expect(frame.headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox/)
    expect((await get(`${path}?view=text`, { cookie })).body).toContain('Klartext')
    const file = await get(`${path}/attachments/0`, { cookie })
    expect(file.body).toBe('%PDF-1.7 x')
    expect((await get(`${path}/attachments/1`, { cookie })).statusCode).toBe(404)
    expect(await house.events('portal.read')).toHaveLength(2)
    const left = await post(`${path}/leave`, '', cookie)
    expect(left.body).toContain('You are signed out')
    expect((await get(`${path}/body`, { cookie })).statusCode).toBe(403)
  })

  it('is answered to its sender, files streamed along', async () => {
    const { path, grant } = await house.link({ access: 'portal', mail, reply: true })
    const cookie = await proveMail(path)
    const upload = randomBytes(3_000_000)
    const answer = await multipart(`${path}/reply`, cookie, [
      ['text', 'Danke\r\n.\r\nGrüße'],
      ['files', upload, 'Röntgen.dcm'],
      ['files', Buffer.alloc(0), ''],
    ])
    expect([answer.statusCode, answer.headers.location]).toEqual([303, `${path}/done`])
    const [event] = await house.events('portal.replied')
    expect(event).toMatchObject({ grant: grant.id, files: 1 })
    const bytes = (await house.stored(String(event?.reply))).toString()
    expect(bytes).toMatch(/^From: praxis@partner\.example\r$/m)
    expect(bytes).toMatch(/^To: anna@klinik\.example\r$/m)
    expect(bytes).toMatch(/^Subject: Re: Befund\r$/m)
    expect(bytes).toMatch(/^In-Reply-To: <m1@klinik\.example>\r$/m)
    expect(bytes.replace(/\r\n/g, '')).toContain(upload.toString('base64'))
    const sent = await house.services.store.tenant(tenant).read.message(String(event?.reply) as never)
    expect(sent?.origin).toMatchObject({ channel: 'portal', identity: `grant ${grant.id}` })
    expect(sent?.envelope).toMatchObject({
      mailFrom: 'praxis@partner.example',
      recipients: [{ address: 'anna@klinik.example' }],
    })
    expect((await get(`${path}/done`, { cookie })).body).toContain('on its way')
  })

  it('takes no empty answer, none without factors, none where the policy allows none, and none too large', async () => {
    const closed = await house.link({ access: 'portal', mail })
    const open = await house.link({ access: 'portal', mail, reply: true })
    const text = [['text', 'x']] as const
    expect((await multipart(`${open.path}/reply`, '', text)).statusCode).toBe(403)
    expect((await multipart(`${closed.path}/reply`, await proveMail(closed.path), text)).statusCode).toBe(403)
    const cookie = await proveMail(open.path)
    const empty = await multipart(`${open.path}/reply`, cookie, [
      ['text', '  '],
      ['files', Buffer.alloc(0), ''],
    ])
    expect(empty.statusCode).toBe(400)
    expect(empty.body).toContain('Write a message or choose a file')
    const count = (await house.services.store.tenant(tenant).read.messages({ limit: 1000 })).length
    const limits = { ...house.services.config.limits, message: 100_000 }
    const small = await createHttpApp({ ...house.services, config: { ...house.services.config, limits } })
    for (const parts of [
      [['files', randomBytes(150_000), 'a']],
      [
        ['files', randomBytes(60_000), 'a'],
        ['files', randomBytes(60_000), 'b'],
      ],
    ] as const)
      expect((await multipart(`${open.path}/reply`, cookie, [['text', 'x'], ...parts], small)).statusCode).toBe(413)
    await small.close()
    expect((await house.services.store.tenant(tenant).read.messages({ limit: 1000 })).length).toBe(count)
  })
})

type Part = readonly [name: string, value: string | Buffer, fileName?: string]
function multipart(url: string, cookie: string, parts: readonly Part[], on = app) {
  const boundary = 'test-boundary'
  const payload = Buffer.concat([
    ...parts.flatMap(([name, value, fileName]) => [
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"`}\r\n${fileName === undefined ? '' : 'Content-Type: application/octet-stream\r\n'}\r\n`,
      ),
      Buffer.from(value),
      Buffer.from('\r\n'),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
  const headers = {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'sec-fetch-site': 'same-origin',
    cookie,
  }
  return on.inject({ method: 'POST', url, headers, payload })
}

describe('forms of other sites', () => {
  it.each([
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://127.0.0.1:8080' }, 303],
    [{}, 303],
  ])('%j is answered %i', async (headers, status) => {
    const { path } = await house.link({ access: 'link-code', files })
    const response = await app.inject({
      method: 'POST',
      url: `${path}/code/send`,
      headers: headers as Record<string, string>,
    })
    expect(response.statusCode).toBe(status)
  })
})

describe('dead links and languages', () => {
  it('have pages of their own', async () => {
    const expired = await house.link({ access: 'link', files, expiresIn: 1000 })
    house.advance(2000)
    const gone = await get(expired.path, { 'accept-language': 'de' })
    expect([gone.statusCode, gone.headers['content-type']]).toEqual([410, 'text/html; charset=utf-8'])
    expect(gone.body).toContain('Dieser Link ist abgelaufen')
    expect((await get('/portal/demo/nothing')).body).toContain('This link is not known')
    expect((await get('/portal/nothing')).body).toContain('This link is not known')
  })

  it('follow Accept-Language, and the reader’s choice from then on', async () => {
    const { path } = await house.link({ access: 'link-code', files })
    expect((await get(path, { 'accept-language': 'de-AT, en;q=0.5' })).body).toContain('<html lang="de">')
    const chosen = await get(`${path}?lang=en`, { 'accept-language': 'de' })
    expect(chosen.body).toContain('<html lang="en">')
    expect((await get(path, { 'accept-language': 'de', cookie: cookieOf(chosen) })).body).toContain('<html lang="en">')
  })

  it('use __Host- cookies over https', async () => {
    const config = { ...house.services.config, publicUrl: 'https://mail.example' }
    const secure = await createHttpApp({ ...house.services, config })
    const { path } = await house.link({ access: 'link-code', files })
    await post(`${path}/code/send`)
    const verified = await secure.inject({
      method: 'POST',
      url: `${path}/code`,
      headers: form,
      payload: `code=${codeIn(house.mails.at(-1)?.text)}`,
    })
    expect(String(verified.headers['set-cookie'])).toMatch(
      /^__Host-secflow-\w+=[\w-]+; Max-Age=7200; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(verified.headers['strict-transport-security']).toBe('max-age=31536000')
    await secure.close()
  })
})
