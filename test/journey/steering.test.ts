/** What steers Secflow never leaves, and counts only from those who may steer. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import { signStamp, stampKey } from '../../server/people/stamp.ts'
import { tenantSecrets } from '../../server/platform/secrets.ts'
import { type MessageId, tenantId } from '../../shared/domain/index.ts'
import { codeIn, eventually, lastMailTo, linkIn, savePart } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { startGpg } from '../support/gpg.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { type SubmitMail, type Submitted, submit } from '../support/submit.ts'
import { visitor } from '../support/visitor.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const RELAY = '127.0.0.2'

/** Every way to write a trigger; the word `steersecret` stands in each value, so that it can be looked for anywhere. */
const TRIGGERS = [
  'X-Secflow-Classification: confidential',
  'x-secflow-PROTECTION: receipt,\r\n\tsteersecret',
  'X-Secflow-Stamp: steersecret.steersecret.steersecret',
  'X-Secflow-Verdict: steersecret',
  'X-Secflow-Whatever-Comes: steersecret',
  'X-SMENC: steersecret',
  'X-NoSpamProxy-Encrypt: steersecret',
  'Sensitivity: company-confidential',
  'msip_labels: MSIP_Label_steersecret',
  'Bcc: blind@steersecret.example',
]
const HEADERS = /x-secflow|steersecret|x-sm|nospamproxy|^sensitivity|msip_labels|^bcc:/im
const TAGS = /\[sign\]|\[receipt\]|crypt[-: ]now/i

const OWN_RULES = ruleSet(
  rules(
    '{id: watched, when: {message.direction: outbound}, then: [{bcc: {to: [watch@demo.example], form: plain}}]}',
    '{id: own-mark, when: {message.direction: outbound}, then: [{tagSubject: {prefix: "[Demo]"}}]}',
    '{id: steered-by-header, when: {message.header.x-smenc: "yes"}, then: [{hold: {text: steered, approvers: [security@demo.example]}}]}',
    '{id: secret-held, when: {message.classification: {atLeast: secret}}, then: [{hold: {text: secret, approvers: [security@demo.example]}}]}',
    '{id: shared-drive, overridable: true, when: {message.subject: {contains: "shared drive"}}, then: [{protect: {anyOf: [smime], ifNone: reject}}]}',
  ),
).text

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-steering-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url, rules: [OWN_RULES] })
  const client = {
    id: 'addin',
    secretHash: await hashPassword('a secret of the add-in'),
    senders: ['@demo.example'],
    scopes: ['evaluate'],
  }
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({
      clients: [client],
      relays: [{ name: 'exchange', cidr: [RELAY] }],
      subjectTags: [{ tag: 'CRYPT-now:', place: 'start', protection: 'encrypt' }],
    }),
  })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

const send = (mail: Partial<SubmitMail> & { readonly mail: Buffer }) =>
  submit(gateway.smtpPort, { from: AUTHOR, to: [COLLEAGUE], ...mail })
const asAuthor = (mail: Partial<SubmitMail> & { readonly mail: Buffer }) =>
  send({ ...mail, password: gateway.password(AUTHOR) })

/** Outcome of the only recipient, and what the audit says of the sender's intent. */
async function became({ id, reply }: Submitted) {
  expect(reply).toMatch(/^250 2\.0\.0 accepted /)
  const [recipient] = await gateway.settled(id)
  await using records = await gateway.records()
  const message = await records.read.message(id as MessageId)
  const audit = await records.read.audit({ message: id as MessageId, limit: 100 })
  return {
    state: recipient?.state,
    method: message?.decision?.recipients[0]?.method,
    rules: message?.decision?.recipients[0]?.reasons.map(({ rule }) => rule) ?? [],
    notes: audit.filter(({ type }) => type.startsWith('intent.')).map(({ type, detail }) => ({ type, ...detail })),
  }
}

describe('what steers never leaves', () => {
  const peers = ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example', 'nothing@partner.example']
  const readable = new Map<string, string>()

  beforeAll(async () => {
    const mail = plainMail({
      from: AUTHOR,
      to: [...peers, 'x@rival.example'].join(', '),
      subject: 'CRYPT-now: [sign] The plans [receipt]',
      headers: TRIGGERS,
      text: 'Body of the plans.',
    })
    const { id, reply } = await asAuthor({ to: [...peers, 'x@rival.example'], mail })
    expect(reply).toMatch(/^250 /)
    const settled = await gateway.settled(id)
    expect(
      Object.fromEntries(settled.map(({ address, receipt, state }) => [address, receipt?.method ?? state])),
    ).toEqual({
      'cert@partner.example': 'smime',
      'pgp@partner.example': 'pgp',
      'phone@partner.example': 'pdf',
      'nothing@partner.example': 'portal',
      'x@rival.example': 'rejected',
    })
    for (const address of [...peers, 'watch@demo.example', 'journal@archive.example', AUTHOR]) {
      readable.set(`mail to ${address}`, readFileSync(await lastMailTo(sink, address), 'latin1'))
    }
    readable.set('inside S/MIME', await insideSmime())
    readable.set('inside OpenPGP', await insidePgp())
    for (const [name, text] of await insidePdf()) readable.set(`PDF: ${name}`, text)
    for (const [name, text] of await insidePortal()) readable.set(`portal: ${name}`, text)
  })

  it('was opened everywhere', () => {
    expect([...readable.keys()]).toEqual([
      ...peers.map((address) => `mail to ${address}`),
      'mail to watch@demo.example',
      'mail to journal@archive.example',
      `mail to ${AUTHOR}`,
      'inside S/MIME',
      'inside OpenPGP',
      'PDF: page',
      'PDF: raw',
      expect.stringMatching(/^PDF: file /),
      'portal: page',
      'portal: body',
    ])
    for (const place of ['inside S/MIME', 'inside OpenPGP', 'PDF: page', 'portal: body', 'mail to watch@demo.example'])
      expect(readable.get(place), place).toContain('Body of the plans.')
  })

  it('in no copy, at no depth', () => {
    const found = [...readable].flatMap(([place, text]) => {
      // A report returns to its author the subject as it was typed.
      const signs = place === `mail to ${AUTHOR}` ? [HEADERS] : [HEADERS, TAGS]
      return signs.flatMap((sign) => sign.exec(text)?.[0].concat(' in ', place) ?? [])
    })
    expect(found).toEqual([])
  })

  it("takes the sender's tags out of the subject and puts the policy's in", () => {
    for (const address of ['cert@partner.example', 'pgp@partner.example', 'phone@partner.example'])
      expect(readable.get(`mail to ${address}`)).toMatch(/^Subject: \[Demo\] The plans\r$/m)
    expect(readable.get('PDF: page')).toContain('[Demo] The plans')
    expect(readable.get('portal: page')).toContain('[Demo] The plans')
    // Plain copies show the mail as it was composed, without the policy's marks.
    expect(readable.get('mail to journal@archive.example')).toMatch(/^Subject: The plans\r$/m)
  })

  it('says why it was refused without returning the triggers', () => {
    expect(readable.get(`mail to ${AUTHOR}`)).toContain('Final-Recipient: rfc822; x@rival.example')
  })

  async function insideSmime(): Promise<string> {
    const { certificate, key } = tenant.files.peer('cert@partner.example')
    const mail = await lastMailTo(sink, 'cert@partner.example')
    const inner = join(scratch, 'inner.eml')
    execFileSync('openssl', ['cms', '-decrypt', '-in', mail, '-recip', certificate, '-inkey', key, '-out', inner])
    return execFileSync('openssl', ['cms', '-verify', '-in', inner, '-CAfile', tenant.files.ca], {
      encoding: 'latin1',
      stdio: 'pipe',
    })
  }

  async function insidePgp(): Promise<string> {
    await using gpg = await startGpg()
    await gpg.gpg(['--import', tenant.files.peer('pgp@partner.example').pgp])
    const mail = await lastMailTo(sink, 'pgp@partner.example')
    return (await gpg.gpg(['--decrypt', mail])).stdout.toString('latin1')
  }

  async function insidePdf(): Promise<[string, string][]> {
    const { text } = await eventually('a password', () => sink.texts.find(({ to }) => to === '+4915100000006'))
    const sealed = await savePart(
      await lastMailTo(sink, 'phone@partner.example'),
      'application/pdf',
      join(scratch, 'a.pdf'),
    )
    writeFileSync(join(scratch, 'password'), text.split(': ').at(-1) ?? '')
    const open = join(scratch, 'open.pdf')
    execFileSync('qpdf', ['--decrypt', '--qdf', `--password-file=${join(scratch, 'password')}`, sealed, open])
    const files = join(scratch, 'files')
    mkdirSync(files)
    execFileSync('pdfdetach', ['-saveall', '-o', files, open])
    return [
      ['page', execFileSync('pdftotext', [open, '-'], { encoding: 'utf8' })],
      ['raw', readFileSync(open, 'latin1')],
      ...readdirSync(files).map((name): [string, string] => [`file ${name}`, readFileSync(join(files, name), 'utf8')]),
    ]
  }

  async function insidePortal(): Promise<[string, string][]> {
    const notice = await lastMailTo(sink, 'nothing@partner.example')
    const reader = visitor(await linkIn(notice))
    await reader.post('/code/send')
    const mail = await eventually('a code', () => {
      const file = sink.delivered.findLast(({ address }) => address === 'nothing@partner.example')?.file
      return file === notice ? undefined : file
    })
    await reader.post('/code', { code: codeIn(readFileSync(mail, 'utf8')) })
    const page = (await reader.get()).text
    return [
      ['page', page],
      ['body', page.includes('Body of the plans.') ? page : (await reader.get('/body')).text],
    ]
  }
})

describe('forged intent', () => {
  const forged = [
    'X-Secflow-Classification: secret',
    'X-Secflow-Protection: pdf;sms="+4915100000099", receipt',
    'X-Secflow-Stamp: eyJhbGciOiJub25lIiwidHlwIjoic2VjZmxvdy1zdGFtcCtqd3QifQ.e30.',
    'X-SMENC: yes',
  ]

  it.each([
    ['a stranger', 'stranger@outside.example'],
    ["a stranger who writes the tenant's domain", AUTHOR],
  ])('from %s has no effect and is audited', async (_, from) => {
    const subject = 'CRYPT-now: [pdf] Hello'
    const result = await became(
      await send({ from, mail: plainMail({ from, to: COLLEAGUE, subject, headers: forged }) }),
    )
    expect(result).toMatchObject({ state: 'delivered', method: null, rules: ['journal'] })
    expect(result.notes).toEqual([
      { type: 'intent.stamp-refused', why: 'signature' },
      {
        type: 'intent.ignored',
        why: expect.stringContaining('not authenticated'),
        what: ['x-secflow-classification', 'x-secflow-protection', 'x-secflow-stamp', 'x-smenc', 'CRYPT-now:', '[pdf]'],
      },
    ])
    const arrived = readFileSync(await lastMailTo(sink, COLLEAGUE), 'latin1')
    expect(arrived).not.toMatch(/x-secflow|x-smenc/i)
  })

  it('has its effect when the author signs in', async () => {
    const mail = plainMail({
      from: AUTHOR,
      to: COLLEAGUE,
      subject: 'Hello',
      headers: ['X-Secflow-Classification: secret'],
    })
    expect(await became(await asAuthor({ mail }))).toMatchObject({
      state: 'held',
      rules: expect.arrayContaining(['secret-held']),
    })
    const foreign = plainMail({ from: AUTHOR, to: COLLEAGUE, headers: ['X-SMENC: yes'] })
    expect(await became(await asAuthor({ mail: foreign }))).toMatchObject({ state: 'held' })
  })
})

describe('a stamp by the service', () => {
  async function stampFor(subject: string): Promise<string> {
    const verdict = await evaluated({ recipients: [COLLEAGUE], subject, classification: 'secret' })
    expect(verdict.recipients).toMatchObject([{ outcome: 'hold' }])
    return verdict.stamp
  }
  async function evaluated(
    draft: object,
  ): Promise<{ stamp: string; recipients: { address: string; outcome: string; method: string | null }[] }> {
    const token = (await (
      await fetch(`${gateway.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'addin',
          client_secret: 'a secret of the add-in',
        }),
      })
    ).json()) as { access_token: string }
    const answer = await fetch(`${gateway.url}/api/v1/evaluate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sender: AUTHOR, ...draft }),
    })
    return (await answer.json()) as Awaited<ReturnType<typeof evaluated>>
  }
  /** Signed with the key of this very installation. */
  function signedStamp(
    choice: { readonly classification: string | null; readonly protection: string },
    mail: { readonly visible?: readonly string[]; readonly subject?: string } = {},
    time = Date.now(),
    of = 'demo',
  ): Promise<string> {
    const master = Buffer.from(readFileSync(join(tenant.folder, 'master.key'), 'utf8'), 'base64')
    const key = stampKey(tenantSecrets(master), tenantId(of))
    return signStamp(key, { sender: AUTHOR, visible: [COLLEAGUE], subject: 'For you', ...mail }, choice, time)
  }
  const stamped = (stamp: string, mail: { subject?: string; to?: string; from?: string } = {}) =>
    plainMail({ from: AUTHOR, to: COLLEAGUE, subject: 'For you', headers: [`X-Secflow-Stamp: ${stamp}`], ...mail })

  it('counts on its own mail, whatever way it takes', async () => {
    const stamp = await stampFor('For you')
    const folded = stamp.replaceAll('.', '.\r\n ')
    for (const one of [stamp, folded]) {
      const result = await became(await send({ mail: stamped(one) }))
      expect(result).toMatchObject({ state: 'held', rules: expect.arrayContaining(['secret-held']), notes: [] })
    }
  })

  it.each([
    { other: 'subject', why: 'subject', mail: { subject: 'For all' } },
    { other: 'visible recipient', why: 'recipients', mail: { to: `${COLLEAGUE}, v.kern@demo.example` } },
    { other: 'sender', why: 'sender', mail: {}, from: 'v.kern@demo.example' },
  ])('does not count on a mail with another $other', async ({ mail, why, from = AUTHOR }) => {
    const result = await became(await send({ from, mail: stamped(await stampFor('For you'), { from, ...mail }) }))
    expect(result).toMatchObject({ state: 'delivered', rules: ['journal'] })
    expect(result.notes.map(({ type }) => type)).toEqual(['intent.stamp-refused', 'intent.ignored'])
    expect(result.notes[0]).toMatchObject({ why })
  })

  const SECRET = { classification: 'secret', protection: '' }
  const DAYS = 86_400_000
  it.each([
    { how: 'too old', why: 'age', stamp: () => signedStamp(SECRET, {}, Date.now() - 15 * DAYS) },
    { how: 'from the future', why: 'age', stamp: () => signedStamp(SECRET, {}, Date.now() + DAYS) },
    { how: "another tenant's", why: 'signature', stamp: () => signedStamp(SECRET, {}, Date.now(), 'other') },
  ])('does not count when it is $how, and the audit says so', async ({ why, stamp }) => {
    const result = await became(await asAuthor({ mail: stamped(await stamp()) }))
    expect(result).toMatchObject({ state: 'delivered', notes: [{ type: 'intent.stamp-refused', why }] })
  })

  it('counts until it is too old', async () => {
    const result = await became(await send({ mail: stamped(await signedStamp(SECRET, {}, Date.now() - 13 * DAYS)) }))
    expect(result).toMatchObject({ state: 'held', notes: [] })
  })

  it('does not count when there are two', async () => {
    const [one, two] = [await stampFor('For you'), await signedStamp({ classification: 'public', protection: '' })]
    const mail = plainMail({
      from: AUTHOR,
      to: COLLEAGUE,
      subject: 'For you',
      headers: [`X-Secflow-Stamp: ${one}`, `X-Secflow-Stamp: ${two}`],
    })
    const result = await became(await asAuthor({ mail }))
    expect(result.notes).toEqual([{ type: 'intent.stamp-refused', why: 'more than one stamp' }])
  })

  it('is nothing to audit where the add-in wrote that there is none', async () => {
    const mail = plainMail({
      from: AUTHOR,
      to: COLLEAGUE,
      headers: ['X-Secflow-Classification: none', 'X-Secflow-Protection: none', 'X-Secflow-Stamp: none'],
    })
    expect(await became(await asAuthor({ mail }))).toMatchObject({ state: 'delivered', rules: ['journal'], notes: [] })
  })

  describe('that asks for less', () => {
    const subject = 'On the shared drive'
    const reason = 'agreed on the phone'
    const plain = { classification: null, protection: `plain;reason=%"${reason}"` }
    const mailed = (stamp: string, to = 'nothing@partner.example') => stamped(stamp, { subject, to })
    const outcome = async ({ id, reply }: Submitted) => {
      expect(reply).toMatch(/^250 /)
      return Object.fromEntries((await gateway.settled(id)).map(({ address, state }) => [address, state]))
    }

    it('counts for the visible recipients, as the preview said', async () => {
      const verdict = await evaluated({
        recipients: ['nothing@partner.example'],
        subject,
        protection: [{ token: 'plain' }],
        reason,
      })
      expect(verdict.recipients).toMatchObject([{ outcome: 'deliver', method: null }])
      const sent = await asAuthor({ to: ['nothing@partner.example'], mail: mailed(verdict.stamp) })
      expect(await outcome(sent)).toEqual({ 'nothing@partner.example': 'delivered' })
    })

    it('does not loosen anything for those it does not cover', async () => {
      const visible = ['nothing@partner.example']
      const sent = await asAuthor({
        to: [...visible, 'phone@partner.example'],
        mail: mailed(await signedStamp(plain, { visible, subject })),
      })
      expect(await outcome(sent)).toEqual({
        'nothing@partner.example': 'delivered',
        'phone@partner.example': 'rejected',
      })
    })

    it('still tightens for those it does not cover', async () => {
      const visible = [COLLEAGUE]
      const mail = stamped(
        await signedStamp({ classification: null, protection: 'encrypt' }, { visible, subject: 'For you' }),
      )
      const { id } = await asAuthor({ to: [COLLEAGUE, 'cert@partner.example'], mail })
      const settled = await gateway.settled(id)
      expect(settled.find(({ address }) => address === 'cert@partner.example')?.receipt?.method).toBe('smime')
    })

    it('does not lower the class for a stranger who copied it', async () => {
      const lowest = await signedStamp({ classification: 'public', protection: '' })
      const mail = stamped(lowest)
      const own = await send({ mail })
      expect((await became(own)).state).toBe('delivered')
      await using records = await gateway.records()
      expect((await records.read.message(own.id as MessageId))?.decision?.classification).not.toBe('public')
      const signedIn = await asAuthor({ mail })
      await became(signedIn)
      expect((await records.read.message(signedIn.id as MessageId))?.decision?.classification).toBe('public')
    })
  })

  it('does not count with one letter changed', async () => {
    const stamp = await stampFor('For you')
    const at = stamp.lastIndexOf('.') + 10
    const result = await became(
      await send({ mail: stamped(stamp.slice(0, at) + (stamp[at] === 'A' ? 'B' : 'A') + stamp.slice(at + 1)) }),
    )
    expect(result).toMatchObject({ state: 'delivered', rules: ['journal'] })
  })
})

describe('a listed relay', () => {
  const steered = (from: string) => plainMail({ from, to: COLLEAGUE, headers: ['X-Secflow-Classification: secret'] })

  it("speaks for the tenant's sender domain", async () => {
    const result = await became(await send({ peer: RELAY, mail: steered(AUTHOR) }))
    expect(result).toMatchObject({ state: 'held', notes: [] })
    const { reply } = await send({ peer: RELAY, to: ['x@partner.example'], mail: plainMail({ from: AUTHOR }) })
    expect(reply).toMatch(/^250 2\.0\.0 /)
  })

  it('is a stranger for any other sender domain', async () => {
    const from = 'someone@other.example'
    const result = await became(await send({ peer: RELAY, from, mail: steered(from) }))
    expect(result).toMatchObject({ state: 'delivered', rules: ['journal'] })
    expect(result.notes.map(({ type }) => type)).toEqual(['intent.ignored'])
    const { reply } = await send({ peer: RELAY, from, to: ['x@partner.example'], mail: steered(from) })
    expect(reply).toMatch(/^550 5\.7\.1 /)
  })

  it('is only who is listed', async () => {
    const { reply } = await send({ peer: '127.0.0.3', to: ['x@partner.example'], mail: steered(AUTHOR) })
    expect(reply).toMatch(/^550 5\.7\.1 /)
  })
})
