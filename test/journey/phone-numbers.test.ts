/** A telephone for each recipient: asked for by the API, signed, stamped by the launch events, sent by SMTP; each PDF opens with the password of its own text message. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { claimsOf } from '../../addin/stamp/claims.ts'
import { EMPTY_NOTEBOOK, NOTEBOOK_KEY, writeNotebook } from '../../addin/stamp/notebook.ts'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { loadClassic } from '../support/classic-runtime.ts'
import { eventually, mailsTo, savePart } from '../support/delivered.ts'
import { CLIENTS, fakeMailbox } from '../support/fake-mailbox.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { submit } from '../support/submit.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const FROM = 'v.kern@demo.example'
const ALMA = 'alma@pdf.example'
const BELA = 'bela@pdf.example'
const CARL = 'carl@pdf.example'
const KEYS = 'cert@partner.example'
const PHONES = { [ALMA]: '+4915111111111', [BELA]: '+4366422222222', [CARL]: '+41793333333' } as const
const SECRET = 'a secret of the phones'
const RULES = `apiVersion: secflow/v1
kind: RuleSet
metadata: {name: phones, layer: tenant, owner: owner@demo.example}
spec:
  rules:
    - {id: pdf, when: {recipient.domain: pdf.example}, then: [{protect: {anyOf: [smime, pdf], password: {channel: sms}, ifNone: hold}}]}
`
const SCRIPT = readFileSync(join(import.meta.dirname, '../../addin/public/launchevent.js'), 'utf8')

let scratch: string
let sink: Sink
let tenant: OwnTenant
let gateway: Gateway

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-phones-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url, rules: [RULES] })
  const client = {
    id: FROM,
    secretHash: await hashPassword(SECRET),
    senders: [FROM],
    scopes: ['evaluate', 'messages:send'],
  }
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({ clients: [client] }),
  })
}, 60_000)
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

let texts = 0
beforeEach(() => {
  texts = sink.texts.length
})

interface Verdict {
  readonly stamp: string
  readonly protection: string
  readonly recipients: readonly {
    address: string
    outcome: string
    method: string | null
    missing: { field: string }[]
  }[]
}

async function api(path: string, body: unknown) {
  const grant = { grant_type: 'client_credentials', client_id: FROM, client_secret: SECRET }
  const given = await fetch(`${gateway.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(grant) })
  const { access_token } = (await given.json()) as { access_token: string }
  return fetch(`${gateway.url}/api/v1/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

async function evaluate(recipients: readonly unknown[], more: object = {}): Promise<Verdict> {
  const answer = await api('evaluate', { sender: FROM, recipients, subject: 'Figures', ...more })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Verdict
}

const withPhone = (address: keyof typeof PHONES, field = 'to') => ({ address, field, phone: PHONES[address] })

async function send(
  to: readonly string[],
  headers: readonly string[],
  more: { readonly visible?: readonly string[]; readonly signedIn?: boolean; readonly from?: string } = {},
) {
  const { visible = to, signedIn = true, from = FROM } = more
  const { id, reply } = await submit(gateway.smtpPort, {
    from,
    to,
    ...(signedIn ? { password: gateway.password(from) } : {}),
    mail: plainMail({ from, to: visible.join(',\r\n '), subject: 'Figures', headers }),
  })
  expect(reply).toMatch(/^250 /)
  const settled = await gateway.settled(id)
  await using records = await gateway.records()
  const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
  return {
    states: Object.fromEntries(settled.map(({ address, state }) => [address, state])),
    ignored: audit.filter(({ type }) => type === 'intent.ignored').map(({ detail }) => detail.why),
  }
}

/** New text messages, by the telephone they went to. */
async function newTexts(count: number): Promise<ReadonlyMap<string, string>> {
  const found = await eventually(`${count} text messages`, () => {
    const fresh = sink.texts.slice(texts)
    return fresh.length >= count ? fresh : undefined
  })
  expect(found).toHaveLength(count)
  return new Map(found.map(({ to, text }) => [to, /\b[a-z]{5}(?:-[a-z]{5})+\b/.exec(text)?.[0] ?? '']))
}

async function opens(recipient: string, password: string): Promise<boolean> {
  const container = await savePart(
    (await mailsTo(sink, recipient, 1)).at(-1)!,
    'application/pdf',
    join(scratch, 'c.pdf'),
  )
  const file = join(scratch, 'typed.txt')
  writeFileSync(file, password)
  return spawnSync('qpdf', [`--password-file=${file}`, '--check', container], { stdio: 'pipe' }).status === 0
}

/** Each of these got a PDF that the password on his own telephone opens, and no other. */
async function eachHisOwn(people: readonly (keyof typeof PHONES)[]) {
  const passwords = await newTexts(people.length)
  expect([...passwords.keys()].sort()).toEqual(people.map((one) => PHONES[one]).sort())
  for (const one of people)
    for (const other of people)
      expect(await opens(one, passwords.get(PHONES[other])!), `${one} with the password of ${other}`).toBe(
        one === other,
      )
}

it('says who lacks a number, takes one for each, and every password goes to its own telephone', async () => {
  const bare = await evaluate([ALMA, BELA, KEYS])
  expect(
    bare.recipients.map(({ outcome, missing }) => [outcome, missing.some(({ field }) => field === 'phone')]),
  ).toEqual([
    ['hold', true],
    ['hold', true],
    ['deliver', false],
  ])
  const verdict = await evaluate([
    withPhone(ALMA),
    withPhone(BELA),
    { address: KEYS, field: 'to', phone: '+4915100000000' },
  ])
  expect(verdict.recipients.map(({ outcome, method }) => [outcome, method]).slice(0, 2)).toEqual([
    ['deliver', 'pdf'],
    ['deliver', 'pdf'],
  ])
  expect(verdict.recipients[2]?.method).toBe(bare.recipients[2]?.method)
  const { states, ignored } = await send(
    [ALMA, BELA, KEYS],
    [`X-Secflow-Protection: ${verdict.protection}`, `X-Secflow-Stamp: ${verdict.stamp}`],
  )
  expect([states, ignored]).toEqual([{ [ALMA]: 'delivered', [BELA]: 'delivered', [KEYS]: 'delivered' }, []])
  await eachHisOwn([ALMA, BELA])
})

it('keeps them through the launch events of Outlook, stamped, and after one more recipient unstamped', async () => {
  const people = [withPhone(ALMA), withPhone(BELA)]
  const verdict = await evaluate(people)
  const claims = claimsOf(verdict.stamp)!
  const notes = {
    ...EMPTY_NOTEBOOK,
    classification: claims.classification,
    protection: verdict.protection,
    verdict: { stamp: verdict.stamp, bcc: [], lines: [] },
  }
  for (const late of [false, true]) {
    texts = sink.texts.length
    const clock = virtualClock()
    const session = new Map([[NOTEBOOK_KEY, writeNotebook(notes)!]])
    const to = [ALMA, BELA, ...(late ? [KEYS] : [])]
    const mailbox = fakeMailbox(clock, CLIENTS[2]!, { from: FROM, to, bcc: [], subject: 'Figures', session })
    loadClassic(SCRIPT, mailbox.office, clock)
    mailbox.fire('onMessageSend')
    await clock.run()
    const headers = Object.fromEntries([...mailbox.draft.headers].map(([name, value]) => [name.toLowerCase(), value]))
    expect(headers['x-secflow-stamp']).toBe(late ? 'none' : verdict.stamp)
    expect(headers['x-secflow-protection']).toBe(verdict.protection)
    const { states } = await send(
      to,
      Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    )
    expect([states[ALMA], states[BELA]]).toEqual(['delivered', 'delivered'])
    await eachHisOwn([ALMA, BELA])
  }
})

it('knows a blind recipient’s number too, though the stamp does not name him', async () => {
  const verdict = await evaluate([withPhone(ALMA), withPhone(CARL, 'bcc')])
  expect(verdict.recipients.map(({ method }) => method)).toEqual(['pdf', 'pdf'])
  const headers = [`X-Secflow-Protection: ${verdict.protection}`, `X-Secflow-Stamp: ${verdict.stamp}`]
  const { states } = await send([ALMA, CARL], headers, { visible: [ALMA] })
  expect(states).toEqual({ [ALMA]: 'delivered', [CARL]: 'delivered' })
  await eachHisOwn([ALMA, CARL])
})

it('takes packed numbers of fifty recipients within one header field of Outlook', async () => {
  const crowd = Array.from({ length: 50 }, (_, n) => ({
    address: `somebody.${n}@branch-office.pdf.example`,
    field: 'to',
    phone: `+4915199999${100 + n}`,
  }))
  const many = crowd.slice(0, 48)
  const verdict = await evaluate([withPhone(ALMA), withPhone(BELA), ...many])
  expect('X-Secflow-Protection'.length + verdict.protection.length).toBeLessThanOrEqual(998)
  expect('X-Secflow-Stamp'.length + verdict.stamp.length).toBeLessThanOrEqual(998)
  expect(verdict.recipients.slice(0, 2).map(({ method }) => method)).toEqual(['pdf', 'pdf'])
  const visible = [ALMA, BELA, ...many.map(({ address }) => address)]
  const folded = verdict.protection.replaceAll(' ', '\r\n ')
  const { states, ignored } = await send(
    [ALMA, BELA],
    [`X-Secflow-Protection: ${folded}`, `X-Secflow-Stamp: ${verdict.stamp}`],
    { visible },
  )
  expect([states, ignored]).toEqual([{ [ALMA]: 'delivered', [BELA]: 'delivered' }, []])
  await eachHisOwn([ALMA, BELA])
})

it('holds the mail where the numbers are not those that the service signed', async () => {
  const verdict = await evaluate([withPhone(ALMA), withPhone(BELA)])
  const forged = verdict.protection.replace(PHONES[ALMA], '+4915166666666')
  for (const headers of [
    [`X-Secflow-Protection: ${forged}`],
    [`X-Secflow-Protection: ${verdict.protection}`, `X-Secflow-Protection: "${ALMA}";sms="+4915166666666"`],
  ]) {
    const { states, ignored } = await send([ALMA, BELA], [...headers, `X-Secflow-Stamp: ${verdict.stamp}`])
    expect([states, ignored]).toEqual([{ [ALMA]: 'held', [BELA]: 'held' }, ['the stamp is for other phone numbers']])
  }
  const { states } = await send([ALMA, BELA], [`X-Secflow-Stamp: ${verdict.stamp}`])
  expect(states).toEqual({ [ALMA]: 'held', [BELA]: 'held' })
  expect(sink.texts.length).toBe(texts)
})

it('sends no password to a telephone that a stranger names, or that is named twice', async () => {
  const twice = `"${ALMA}";sms="${PHONES[ALMA]}", "${ALMA}";sms="+4915166666666"`
  const { states, ignored } = await send([ALMA], [`X-Secflow-Protection: ${twice}`])
  expect([states, ignored]).toEqual([{ [ALMA]: 'held' }, ['one recipient has more than one phone number: none counts']])
  const phones = [PHONES[ALMA], '+4915166666666'].map((phone, n) => ({ address: n ? ALMA.toUpperCase() : ALMA, phone }))
  const answer = await api('messages', { from: FROM, to: [ALMA], subject: 'Figures', text: 'See there.', phones })
  const { id } = (await answer.json()) as { id: string }
  expect((await gateway.settled(id)).map(({ state }) => state)).toEqual(['held'])
  // A stranger's mail goes to people of ours, and what he writes into our headers is nobody's wish.
  const stranger = await send(
    ['e.lang@demo.example'],
    ['X-Secflow-Protection: "e.lang@demo.example";sms="+4915166666666"'],
    {
      signedIn: false,
      from: 'mallory@rival.example',
    },
  )
  expect(stranger.ignored).toEqual(['the sender is not authenticated and there is no valid stamp'])
  expect(sink.texts.length).toBe(texts)
})

it('does not give one number for everybody to whom the stamp does not name', async () => {
  const verdict = await evaluate([ALMA], { protection: [{ token: 'pdf', sms: PHONES[ALMA] }] })
  const headers = [`X-Secflow-Protection: ${verdict.protection}`, `X-Secflow-Stamp: ${verdict.stamp}`]
  const { states } = await send([ALMA, CARL], headers, { visible: [ALMA] })
  expect(states).toEqual({ [ALMA]: 'delivered', [CARL]: 'rejected' })
  await eachHisOwn([ALMA])
})

it('takes the form of before for one recipient, and numbers with a mail that is sent by the API', async () => {
  const old = await send([CARL], [`X-Secflow-Protection: pdf;sms="${PHONES[CARL]}"`])
  expect(old.states).toEqual({ [CARL]: 'delivered' })
  await eachHisOwn([CARL])
  texts = sink.texts.length
  const phones = [ALMA, BELA].map((address) => ({
    address: address.toUpperCase(),
    phone: PHONES[address as typeof ALMA],
  }))
  const answer = await api('messages', { from: FROM, to: [ALMA, BELA], subject: 'Figures', text: 'See there.', phones })
  expect(answer.status).toBe(202)
  const { id } = (await answer.json()) as { id: string }
  expect((await gateway.settled(id)).map(({ state }) => state)).toEqual(['delivered', 'delivered'])
  await eachHisOwn([ALMA, BELA])
})
