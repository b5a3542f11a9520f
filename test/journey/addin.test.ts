/** From the preview through the launch events of Outlook and SMTP to the decision: what the sender was told is what happens. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimsOf } from '../../addin/stamp/claims.ts'
import { EMPTY_NOTEBOOK, NOTEBOOK_KEY, writeNotebook } from '../../addin/stamp/notebook.ts'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { loadClassic } from '../support/classic-runtime.ts'
import { CLIENTS, type FakeMailbox, fakeMailbox } from '../support/fake-mailbox.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { submit } from '../support/submit.ts'
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts'

const AUTHOR = 'leitstelle@demo.example'
const PEERS = ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example']
const SCRIPT = readFileSync(join(import.meta.dirname, '../../addin/public/launchevent.js'), 'utf8')

let scratch: string
let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let token: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-addin-'))
  sink = await openSink({ directory: scratch, smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url })
  const client = {
    id: 'addin',
    secretHash: await hashPassword('a secret of the add-in'),
    senders: ['@demo.example'],
    scopes: ['evaluate'],
  }
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({ clients: [client] }),
  })
  const answer = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'addin',
      client_secret: 'a secret of the add-in',
    }),
  })
  token = ((await answer.json()) as { access_token: string }).access_token
})
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

interface Verdict {
  readonly stamp: string
  readonly recipients: readonly { address: string; outcome: string; method: string | null }[]
}

/** A draft in an Outlook whose clock is that of this machine, with what the pane would leave in it. */
async function compose(subject: string, bcc: string[] = []) {
  const recipients = [...PEERS, ...bcc.map((address) => ({ address, field: 'bcc' as const }))]
  const answer = await fetch(`${gateway.url}/api/v1/evaluate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: AUTHOR, recipients, subject, classification: 'confidential' }),
  })
  const verdict = (await answer.json()) as Verdict
  const { classification, protection } = claimsOf(verdict.stamp)!
  const notes = { ...EMPTY_NOTEBOOK, classification, protection, verdict: { stamp: verdict.stamp, bcc, lines: [] } }
  const clock = virtualClock()
  const session = new Map([[NOTEBOOK_KEY, writeNotebook(notes)!]])
  const mailbox = fakeMailbox(clock, CLIENTS[2]!, { from: AUTHOR, to: [...PEERS], bcc, subject, session })
  loadClassic(SCRIPT, mailbox.office, clock)
  return { verdict, mailbox, clock }
}

async function fire({ mailbox, clock }: { mailbox: FakeMailbox; clock: VirtualClock }, name: string) {
  const { completions } = mailbox.fire(name)
  await clock.run()
  return completions.map((one) => one.with)
}

/** The draft as the mail server hands it in, and what became of it. */
async function sent({ draft }: FakeMailbox, signedIn = true) {
  const { id, reply } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [...draft.to, ...draft.bcc],
    ...(signedIn ? { password: gateway.password(AUTHOR) } : {}),
    mail: plainMail({
      from: AUTHOR,
      to: draft.to.join(', '),
      subject: draft.subject,
      headers: [...draft.headers].map(([name, value]) => `${name}: ${value}`),
    }),
  })
  expect(reply).toMatch(/^250 /)
  const settled = await gateway.settled(id)
  await using records = await gateway.records()
  const message = await records.read.message(id as MessageId)
  const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
  return {
    methods: Object.fromEntries((message?.decision?.recipients ?? []).map(({ address, method }) => [address, method])),
    states: new Set(settled.map(({ state }) => state)),
    classification: message?.decision?.classification,
    notes: audit.filter(({ type }) => type.startsWith('intent.')).map(({ type, detail }) => ({ type, ...detail })),
  }
}

describe('a mail from Outlook', () => {
  it('is protected for each recipient as its preview said, by the stamp that the launch events wrote', async () => {
    const draft = await compose('Plans for the new site')
    const [completion] = await fire(draft, 'onMessageSend')
    expect(draft.mailbox.draft.headers.get('x-secflow-stamp')).toBe(draft.verdict.stamp)
    expect(completion?.allowEvent).toBe(true)
    const result = await sent(draft.mailbox)
    expect(result.methods).toEqual(
      Object.fromEntries(draft.verdict.recipients.map(({ address, method }) => [address, method])),
    )
    expect(new Set(Object.values(result.methods)).size).toBe(4)
    expect(result).toMatchObject({ classification: 'confidential', notes: [], states: new Set(['delivered']) })
  })

  it('that was changed after the preview goes unsigned, and its wish still counts', async () => {
    const draft = await compose('Plans for the old site')
    draft.mailbox.draft.subject = 'Plans for the old site, second try'
    expect(await fire(draft, 'onMessageSend')).toEqual([{ allowEvent: true }])
    expect(draft.mailbox.draft.headers.get('x-secflow-stamp')).toBe('none')
    expect(await sent(draft.mailbox)).toMatchObject({ classification: 'confidential', notes: [] })
  })

  it('that was changed where no event fires loses its stamp at the gateway, which says so', async () => {
    const draft = await compose('Plans')
    await fire(draft, 'onMessageRecipientsChanged')
    draft.mailbox.draft.subject = 'Other plans'
    expect(await sent(draft.mailbox)).toMatchObject({
      classification: 'confidential',
      notes: [{ type: 'intent.stamp-refused', why: 'subject' }],
    })
  })

  it('with a blind recipient keeps him out of the stamp', async () => {
    const draft = await compose('Plans, and somebody reads along', ['e.lang@demo.example'])
    await fire(draft, 'onMessageSend')
    const stamp = draft.mailbox.draft.headers.get('x-secflow-stamp')!
    expect(stamp).toBe(draft.verdict.stamp)
    expect(Buffer.from(stamp.split('.')[1]!, 'base64url').toString()).not.toContain('e.lang')
    expect((await sent(draft.mailbox)).notes).toEqual([])
  })

  it('that was never looked at carries none three times, and nothing is noted', async () => {
    const clock = virtualClock()
    const mailbox = fakeMailbox(clock, CLIENTS[0]!, { from: AUTHOR, to: ['e.lang@demo.example'] })
    loadClassic(SCRIPT, mailbox.office, clock)
    await fire({ mailbox, clock }, 'onNewMessageCompose')
    expect([...mailbox.draft.headers.values()]).toEqual(['none', 'none', 'none'])
    expect((await sent(mailbox)).notes).toEqual([])
  })
})
