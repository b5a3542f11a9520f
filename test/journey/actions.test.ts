/** Each action of a policy, seen from where it ends: the recipient's mailbox, the archive, the other system, the sender. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { eventually, headerOf, lastMailTo, mailsTo, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'e.lang@demo.example'

let sink: Sink
let elsewhere: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-actions-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  elsewhere = await openSink({ directory: join(scratch, 'elsewhere'), smtpPort: 0, httpPort: 0 })
  const on = (word: string, then: string) =>
    `{id: ${word}, when: {message.subject: {contains: ${word}}}, then: [${then}]}`
  tenant = await ownTenant({
    outside: sink.url,
    rules: [
      ruleSet(
        rules(
          on(
            'tagged',
            '{tagSubject: {prefix: "[EXTERN]"}}, {setHeader: {name: X-Company, value: Demo}}, {stripHeader: {names: [x-secret-case]}}',
          ),
          on('disclaimed', '{disclaimer: {position: bottom, text: "Demo GmbH, register 4711"}}'),
          on('routed', '{route: {via: elsewhere}}'),
          on('handed', '{api: {endpoint: crm}}'),
          on('notified', '{notify: {to: [security-team@demo.example], template: watch}}'),
          on('held', '{hold: {approvers: [security-team@demo.example], text: "Please wait for approval"}}'),
          on('rejected', '{reject: {text: "Not to this recipient"}}'),
          on('quarantined', '{quarantine: {text: "Under review"}}'),
          on('copied', '{bcc: {to: [security-team@demo.example], form: as-sent}}'),
        ),
      ).text,
    ],
  })
  const settings = tenant.settings({
    routes: { elsewhere: `smtp://127.0.0.1:${elsewhere.smtpPort}?tls=none` },
    apis: { crm: { url: `${sink.url}crm`, secret: 'a secret of the test', allowPrivate: true } },
  })
  gateway = await startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  await elsewhere?.close()
  rmSync(scratch, { recursive: true, force: true })
})

/** Sends a mail of its own recipient and waits until it has come to rest. */
async function sent(word: string) {
  const to = `${word}@partner.example`
  const mail = plainMail({ from: AUTHOR, to, subject: `Mail ${word}`, headers: ['X-Secret-Case: 7'] })
  const { id, reply } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [to],
    mail,
    password: gateway.password(AUTHOR),
  })
  expect(reply).toMatch(/^250 /)
  const [recipient] = await gateway.settled(id)
  return { id, to, recipient }
}

it('subject tag, header set and header strip', async () => {
  const { to } = await sent('tagged')
  const header = headerOf(await lastMailTo(sink, to))
  expect(header).toMatch(/^Subject: \[EXTERN\] Mail tagged$/m)
  expect(header).toMatch(/^X-Company: Demo$/m)
  expect(header).not.toMatch(/x-secret-case/i)
})

it('a disclaimer stands at the end of the text, which is otherwise the author’s', async () => {
  const { to } = await sent('disclaimed')
  const text = await textOf(await lastMailTo(sink, to))
  expect(text).toContain('here are the figures')
  expect(text.trimEnd()).toMatch(/Demo GmbH, register 4711$/)
})

it('a named route takes the mail to another server', async () => {
  const { to } = await sent('routed')
  expect(headerOf(await lastMailTo(elsewhere, to))).toContain('Subject: Mail routed')
  expect(sink.delivered.some(({ address }) => address === to)).toBe(false)
})

it('an API hand-over posts the copy as it was sent, once, with a signature', async () => {
  const { id, to } = await sent('handed')
  const call = await eventually('the call of the CRM', () => sink.calls.find(({ path }) => path === '/crm'))
  const copy = readFileSync(await lastMailTo(sink, to))
  expect(createHash('sha256').update(String(call.body)).digest('hex')).toBe(
    createHash('sha256').update(copy.toString('utf8')).digest('hex'),
  )
  expect(call.headers).toMatchObject({
    'content-type': 'message/rfc822',
    'webhook-id': expect.any(String),
    'webhook-signature': expect.stringMatching(/^v1,/),
  })
  await using records = await gateway.records()
  await eventually('the audit line', async () =>
    (await records.read.audit({ message: id as never, limit: 100 })).find(({ type }) => type === 'api.handed-over'),
  )
  expect(sink.calls.filter(({ path }) => path === '/crm')).toHaveLength(1)
})

it('a notification names sender, recipient and rule', async () => {
  const { to } = await sent('notified')
  const file = await eventually('the notification', async () =>
    (await mailsTo(sink, 'security-team@demo.example')).find((one) => headerOf(one).includes('[watch]')),
  )
  const text = await textOf(file)
  for (const word of [AUTHOR, to, 'notified']) expect(text).toContain(word)
})

it('a held mail waits; its sender and the approvers are told', async () => {
  const { to, recipient } = await sent('held')
  expect(recipient).toMatchObject({ state: 'held', detail: 'Please wait for approval' })
  const notice = await eventually('the notice', async () =>
    (await mailsTo(sink, AUTHOR)).find((one) => headerOf(one).includes('Held: Mail held')),
  )
  expect(await textOf(notice)).toContain(to)
  await eventually('the request', async () =>
    (await mailsTo(sink, 'security-team@demo.example')).find((one) =>
      headerOf(one).includes('Approval needed: Mail held'),
    ),
  )
  expect(sink.delivered.some(({ address }) => address === to)).toBe(false)
})

it('a rejected mail comes back as a delivery report with the policy’s words', async () => {
  const { to, recipient } = await sent('rejected')
  expect(recipient?.state).toBe('rejected')
  const report = await eventually('the report', async () =>
    (await mailsTo(sink, AUTHOR)).find((one) => headerOf(one).includes('report-type=delivery-status')),
  )
  const text = readFileSync(report, 'latin1')
  expect(text).toContain(`Final-Recipient: rfc822; ${to}`)
  expect(text).toMatch(/^Action: failed/m)
  expect(text).toMatch(/^Status: 5\.7\.1/m)
  expect(text).toContain('Not to this recipient')
})

it('a quarantined mail goes nowhere, and its sender is told', async () => {
  const { to, recipient } = await sent('quarantined')
  expect(recipient).toMatchObject({ state: 'quarantined', detail: 'Under review' })
  await eventually('the notice', async () =>
    (await mailsTo(sink, AUTHOR)).find((one) => headerOf(one).includes('In quarantine: Mail quarantined')),
  )
  expect(sink.delivered.some(({ address }) => address === to)).toBe(false)
})

it('a blind copy as sent is the recipient’s copy, byte for byte', async () => {
  const { to } = await sent('copied')
  const own = readFileSync(await lastMailTo(sink, to))
  await eventually('the blind copy', async () =>
    (await mailsTo(sink, 'security-team@demo.example')).find((one) => readFileSync(one).equals(own)),
  )
})

it('the journal mailbox gets every mail as it was composed', async () => {
  const { to } = await sent('disclaimed')
  const archived = await eventually('the journal copy', async () =>
    (await mailsTo(sink, 'journal@archive.example')).find((one) => headerOf(one).includes('Subject: Mail disclaimed')),
  )
  expect(headerOf(archived)).toContain(`To: ${to}`)
  expect(readFileSync(archived, 'latin1')).not.toContain('register 4711')
})
