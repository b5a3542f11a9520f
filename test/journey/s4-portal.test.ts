/** B2C: an offer with contracts is read in the portal by link and code, answered there, and closed by recall and expiry. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { demoFiles } from '../../server/demo/tenant.ts'
import { codeIn, fieldNames, headerOf, lastMailTo, linkIn, mailsTo, partOf, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type SentScenario, scenarioOf, sendScenario } from '../support/scenario.ts'
import { type Visitor, visitor } from '../support/visitor.ts'

const TO = 'familie.berger@privat.example'
const FROM = 'v.kern@demo.example'
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let gateway: Gateway
let mail: SentScenario
let notice: string
let who: Visitor

/** A further offer, and a browser that is signed in to it. */
async function offer(): Promise<{ readonly mail: SentScenario; readonly notice: string; readonly who: Visitor }> {
  const mail = await sendScenario(gateway, {
    ...scenarioOf('S4'),
    fields: [
      ['X-Demo-Case', 'offer'],
      ['X-Secflow-Classification', 'internal'],
      ['X-Internal-Ticket', 'S-1'],
    ],
  })
  const notice = await lastMailTo(gateway.sink, TO)
  const who = visitor(await linkIn(notice))
  const before = gateway.sink.delivered.filter(({ address }) => address === TO).length
  expect((await who.post('/code/send')).status).toBe(303)
  const code = codeIn(await textOf((await mailsTo(gateway.sink, TO, before + 1)).at(-1)!))
  expect((await who.post('/code', { code })).status).toBe(303)
  return { mail, notice, who }
}

async function token(): Promise<string> {
  const { client_id, client_secret } = JSON.parse(readFileSync(demoFiles(gateway.folder).client, 'utf8'))
  const response = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { access_token: string }).access_token
}

/** Nothing opens any more: not the page, not the files, not for the browser that was signed in, nor for a new code. */
async function expectClosed(who: Visitor): Promise<void> {
  for (const path of ['', '/body', '/attachments/0']) {
    const answer = await who.get(path)
    expect(answer.status, path).toBe(410)
    expect(answer.text).not.toContain('Angebot und die Vertragsunterlagen')
  }
  const stranger = visitor(who.link)
  expect((await stranger.post('/code/send')).status).toBe(410)
  const form = new FormData()
  form.set('text', 'too late')
  expect((await who.post('/reply', form)).status).toBe(410)
}

beforeAll(async () => {
  gateway = await startGateway()
  ;({ mail, notice, who } = await offer())
})
afterAll(() => gateway?.[Symbol.asyncDispose]())

it('sends a notice that says who wrote, and nothing of what', async () => {
  expect(mail.recipients).toMatchObject([{ address: TO, state: 'delivered', receipt: { method: 'portal' } }])
  const told = `${headerOf(notice)}\n${await textOf(notice)}`
  expect(told).toContain(FROM)
  for (const secret of ['4711', 'Angebot', 'Kaufvertrag']) expect(told).not.toContain(secret)
  expect(fieldNames(notice).filter((name) => /^x-(secflow|internal|demo)/.test(name))).toEqual([])
})

it('shows nothing of the message before the code', async () => {
  const stranger = visitor(who.link)
  const page = await stranger.get()
  expect(page.status).toBe(200)
  for (const secret of ['4711', 'Vertragsunterlagen', 'Kaufvertrag']) expect(page.text).not.toContain(secret)
  for (const path of ['/body', '/attachments/0']) expect((await stranger.get(path)).status, path).toBe(403)
})

it('shows the message and gives its files after the code', async () => {
  const page = await who.get()
  expect(page.status).toBe(200)
  expect(page.text).toContain('Ihr Angebot 2026-4711')
  expect((await who.get('/body')).text).toContain('<b>Angebot</b> und die Vertragsunterlagen')
  expect((await who.get('?view=text')).text).toContain('Liebe Familie Berger')
  const files = [...page.text.matchAll(/href="([^"]+\/attachments\/[^"/]+)" aria-label="[^":]*: ([^"]+)"/g)]
  expect(files.map(([, , name]) => name).sort()).toEqual([...mail.hashes.keys()].sort())
  for (const [, path = '', name = ''] of files) {
    const response = await who.open(path)
    expect(response.headers.get('content-disposition')).toMatch(/^attachment;/)
    expect(sha256(Buffer.from(await response.arrayBuffer())), name).toBe(mail.hashes.get(name))
  }
})

it('takes the answer through the gateway into the mailbox of the author', async () => {
  const upload = Buffer.from('%PDF-1.7 signed')
  const form = new FormData()
  form.set('text', 'Vielen Dank, wir nehmen das Angebot an.')
  form.append('files', new Blob([upload], { type: 'application/pdf' }), 'Unterschrift.pdf')
  const sent = await who.post('/reply', form)
  expect({ status: sent.status, location: sent.location }).toMatchObject({
    status: 303,
    location: expect.stringMatching(/\/done$/),
  })
  const answer = await lastMailTo(gateway.sink, FROM)
  expect(await textOf(answer)).toContain('wir nehmen das Angebot an')
  expect((await partOf(answer, ({ fileName }) => fileName === 'Unterschrift.pdf')).equals(upload)).toBe(true)
  const header = headerOf(answer)
  expect(header).toMatch(/^From: .*familie\.berger@privat\.example/m)
  const original = /^Message-ID: (\S+)/m.exec(headerOf(mail.file))?.[1]
  expect(header).toContain(`In-Reply-To: ${original}`)
  expect(header, 'it went through the gateway as any mail').toMatch(/^Received: .*gateway\.test\.example/m)
  await using records = await gateway.records()
  const types = (await records.read.audit({ message: mail.id, limit: 1_000 })).map(({ type }) => type)
  expect(types).toEqual(expect.arrayContaining(['portal.read', 'link.downloaded', 'portal.replied']))
})

it('closes when the author recalls it over the API', async () => {
  const url = `${gateway.url}/api/v1/messages/${mail.id}/recall`
  expect((await fetch(url, { method: 'POST' })).status, 'without a token').toBe(401)
  expect((await who.get()).status).toBe(200)
  const response = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${await token()}` } })
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 200,
    body: { id: mail.id, revoked: 1 },
  })
  await expectClosed(who)
})

it('closes when its time is over', async () => {
  const later = await offer()
  expect((await later.who.get()).status).toBe(200)
  // 30 days in one statement: the gateway's own clock is the machine's.
  using database = new DatabaseSync(join(gateway.folder, 'secflow.db'))
  const { changes } = database
    .prepare('update access_grant set expires_at = ? where message = ?')
    .run(Date.now() - 1, later.mail.id)
  expect(changes).toBe(1)
  await expectClosed(later.who)
})
