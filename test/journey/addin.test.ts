/** From the preview through the launch events of Outlook and SMTP to the decision: what the sender was told is what happens. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { claimsOf } from '../../addin/stamp/claims.ts'
import { EMPTY_NOTEBOOK, NOTEBOOK_KEY, writeNotebook } from '../../addin/stamp/notebook.ts'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import { signStamp, stampKey } from '../../server/people/stamp.ts'
import { tenantSecrets } from '../../server/platform/secrets.ts'
import { type MessageId, tenantId } from '../../shared/domain/index.ts'
import { loadClassic } from '../support/classic-runtime.ts'
import { CLIENTS, type FakeMailbox, fakeMailbox } from '../support/fake-mailbox.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts'

const AUTHOR = 'leitstelle@demo.example'
const PEERS = ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example']
const COLLEAGUE = 'e.lang@demo.example'
const OTHER = 'v.kern@demo.example'
const CALLERS = [AUTHOR, COLLEAGUE, OTHER]
const SECRET = 'a secret of the add-in'
const DAY = 86_400_000
const OWN_RULES = ruleSet(
  rules(
    '{id: shared-drive, overridable: true, when: {message.subject: {contains: "shared drive"}}, then: [{protect: {anyOf: [smime], ifNone: reject}}]}',
  ),
).text
const SCRIPT = readFileSync(join(import.meta.dirname, '../../addin/public/launchevent.js'), 'utf8')

let scratch: string
let sink: Sink
let tenant: OwnTenant
let gateway: Gateway

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-addin-'))
  sink = await openSink({ directory: scratch, smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url, rules: [OWN_RULES] })
  const secretHash = await hashPassword(SECRET)
  const clients = CALLERS.map((address) => ({
    id: address,
    secretHash,
    senders: [address],
    scopes: ['evaluate', 'messages:read'],
  }))
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({ clients }),
  })
})
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

interface Verdict {
  readonly stamp: string
  readonly classification?: string
  readonly recipients: readonly { address: string; outcome: string; method: string | null }[]
}

async function api(of: string, path: string, body?: unknown): Promise<unknown> {
  const grant = { grant_type: 'client_credentials', client_id: of, client_secret: SECRET }
  const given = await fetch(`${gateway.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(grant) })
  const { access_token } = (await given.json()) as { access_token: string }
  const answer = await fetch(`${gateway.url}/api/v1/${path}`, {
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return answer.json()
}

/** A draft in an Outlook whose clock is that of this machine, with what the pane would leave in it. */
async function compose(subject: string, bcc: string[] = []) {
  const recipients = [...PEERS, ...bcc.map((address) => ({ address, field: 'bcc' as const }))]
  const draft = { sender: AUTHOR, recipients, subject, classification: 'confidential' }
  const verdict = (await api(AUTHOR, 'evaluate', draft)) as Verdict
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
function sent({ draft }: FakeMailbox) {
  return handedIn({
    to: [...draft.to, ...draft.bcc],
    visible: draft.to,
    subject: draft.subject,
    headers: [...draft.headers].map(([name, value]) => `${name}: ${value}`),
  })
}

/** A mail as anybody hands it in by SMTP; `signedIn` says as whom, null for a stranger. */
async function handedIn(mail: {
  readonly from?: string
  readonly to: readonly string[]
  readonly visible?: readonly string[]
  readonly subject: string
  readonly headers?: readonly string[]
  readonly signedIn?: boolean
}) {
  const { from = AUTHOR, to, visible = to, subject, headers = [], signedIn = true } = mail
  const { id, reply } = await submit(gateway.smtpPort, {
    from,
    to,
    ...(signedIn ? { password: gateway.password(from) } : {}),
    mail: plainMail({ from, to: visible.join(', '), subject, headers }),
  })
  expect(reply).toMatch(/^250 /)
  const settled = await gateway.settled(id)
  await using records = await gateway.records()
  const message = await records.read.message(id as MessageId)
  const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
  return {
    id,
    methods: Object.fromEntries((message?.decision?.recipients ?? []).map(({ address, method }) => [address, method])),
    outcomes: Object.fromEntries(settled.map(({ address, state }) => [address, state])),
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

describe('a stamp that is not for this mail', () => {
  const subject = 'On the shared drive'
  const PLAIN = { classification: 'public', protection: 'plain;reason=%"agreed on the phone"' }
  /** Signed with the key of this very installation, for `PEERS[3]`. */
  function stamp(mail: { visible?: readonly string[]; subject?: string } = {}, time = Date.now()): Promise<string> {
    const master = Buffer.from(readFileSync(join(tenant.folder, 'master.key'), 'utf8'), 'base64')
    const key = stampKey(tenantSecrets(master), tenantId('demo'))
    return signStamp(key, { sender: AUTHOR, visible: [PEERS[3]!], subject, ...mail }, PLAIN, time)
  }
  const stamped = (text: string) => [`X-Secflow-Stamp: ${text}`]
  const refused = (why: string) => [{ type: 'intent.stamp-refused', why }]

  it('counts, where it is for the mail: the others below are refused for what is wrong with them', async () => {
    const result = await handedIn({ to: [PEERS[3]!], subject, headers: stamped(await stamp()) })
    expect(result).toMatchObject({ states: new Set(['delivered']), classification: 'public', notes: [] })
  })

  it.each([
    ['for another subject', 'subject', () => stamp({ subject: 'Something else' }), AUTHOR],
    ['for other recipients', 'recipients', () => stamp({ visible: [PEERS[2]!] }), AUTHOR],
    ['of another sender, in the mail of one who signed in', 'sender', () => stamp(), OTHER],
    ['older than two weeks', 'age', () => stamp({}, Date.now() - 15 * DAY), AUTHOR],
    ['of tomorrow', 'age', () => stamp({}, Date.now() + DAY), AUTHOR],
  ])('%s is refused and audited, and what it asked for does not happen', async (_, why, make, from) => {
    const result = await handedIn({ from, to: [PEERS[3]!], subject, headers: stamped(await make()) })
    expect(result).toMatchObject({
      outcomes: { [PEERS[3]!]: 'rejected' },
      classification: 'internal',
      notes: refused(why),
    })
  })

  it('loosens nothing for recipients whom it does not cover', async () => {
    const result = await handedIn({
      to: [PEERS[3]!, PEERS[2]!],
      visible: [PEERS[3]!],
      subject,
      headers: stamped(await stamp()),
    })
    expect(result.outcomes).toEqual({ [PEERS[3]!]: 'delivered', [PEERS[2]!]: 'rejected' })
  })

  it('is worth nothing to whoever stole it: a stranger’s mail is no weaker with it than without', async () => {
    const mail = { to: [COLLEAGUE], subject, signedIn: false }
    const stolen = await handedIn({ ...mail, headers: stamped(await stamp({ visible: [COLLEAGUE] })) })
    const without = await handedIn(mail)
    expect(stolen.outcomes).toEqual(without.outcomes)
    expect([stolen.classification, without.classification]).toEqual(['internal', 'internal'])
    expect(stolen.methods).toEqual(without.methods)
  })

  it('left out, the headers of a path that nobody signed in on are ignored, and the audit says so', async () => {
    const result = await handedIn({
      to: [COLLEAGUE],
      subject: 'Lunch',
      signedIn: false,
      headers: ['X-Secflow-Classification: secret', 'X-Secflow-Protection: plain'],
    })
    expect(result).toMatchObject({
      classification: 'internal',
      notes: [{ type: 'intent.ignored', what: ['x-secflow-classification', 'x-secflow-protection'] }],
    })
  })
})

describe('the preview of an answer', () => {
  const answer = (of: string, messageId: string) =>
    api(of, 'evaluate', { sender: of, recipients: [PEERS[0]], subject: 'Re: Plans', inReplyTo: [messageId] })

  it('keeps the class of what it answers, for those who took part in it', async () => {
    // Of every mail of `plainMail`.
    const messageId = 'one@tenant.example'
    expect(await answer(COLLEAGUE, messageId)).not.toMatchObject({ classification: 'secret' })
    await handedIn({ to: [COLLEAGUE], subject: 'Plans', headers: ['X-Secflow-Classification: secret'] })
    expect(await answer(AUTHOR, messageId)).toMatchObject({ classification: 'secret' })
    expect(await answer(COLLEAGUE, `<${messageId}>`)).toMatchObject({ classification: 'secret' })
    // Nobody learns how confidential other people's mail is.
    expect(await answer(OTHER, messageId)).toMatchObject({ classification: 'internal' })
    expect(await answer(AUTHOR, 'unknown@demo.example')).toMatchObject({ classification: 'internal' })
  })
})

describe('receipts', () => {
  it('say of own mail how it was protected for each recipient, and nothing of anybody else’s', async () => {
    const subject = `Receipts ${Date.now()}`
    const { id, methods } = await handedIn({
      to: PEERS,
      subject,
      headers: ['X-Secflow-Classification: confidential'],
    })
    const found = (await api(AUTHOR, `messages?sender=${AUTHOR}&query=${encodeURIComponent(subject)}`)) as {
      messages: { id: string; recipients: { address: string; state: string; receipt: { method: string } }[] }[]
    }
    expect(found.messages.map((message) => message.id)).toEqual([id])
    for (const { address, state, receipt } of found.messages[0]!.recipients) {
      expect(state).toBe('delivered')
      expect(receipt.method, address).toBe(methods[address])
    }
    expect(await api(COLLEAGUE, `messages?sender=${COLLEAGUE}&query=Receipts`)).toMatchObject({ messages: [] })
    expect(await api(COLLEAGUE, `messages?sender=${AUTHOR}`)).toMatchObject({ code: 'sender-not-allowed' })
  })
})
