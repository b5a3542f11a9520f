/** What vouches for a mail: strangers' signatures on the way in, ours on the way out, seals, and mail that comes back. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Answer } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashOf } from '../../server/journey/seal/body-hash.ts'
import { signHeader } from '../../server/journey/seal/dkim.ts'
import { indexMime } from '../../server/mime/index-mime.ts'
import { headerBytes } from '../../server/mime/write.ts'
import { bytesOf } from '../../server/ports/bytes.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { eventually, mailsTo } from '../support/delivered.ts'
import { dkimKey, dkimOpinion } from '../support/dkim-oracle.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { fileEntity, mailOf, multipartEntity, plainMail, textEntity } from '../support/mails.ts'
import { startNameServer, type Told } from '../support/name-server.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { type SubmitMail, type Submitted, submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const STRANGER = 'anna@stranger.example'
const EXCHANGE = '127.0.0.2'
const OUTSIDE = '127.0.0.3'

const ours = [dkimKey('rsa'), dkimKey('ed25519')]
const theirs = dkimKey('rsa')
const RECORDS: Record<string, string> = {
  's1._domainkey.demo.example': ours[0]!.record,
  's2._domainkey.demo.example': ours[1]!.record,
  'k._domainkey.stranger.example': theirs.record,
}
const txt = (name: string, text: string): [string, Told] => [
  `TXT ${name}`,
  { answers: [{ type: 'TXT', name, data: text.match(/.{1,200}/g)!, ttl: 60 } as Answer] },
]

let scratch: string
let sink: Sink
let partner: Sink
let names: Awaited<ReturnType<typeof startNameServer>>
let tenant: OwnTenant
let gateway: Gateway

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-authentication-'))
  sink = await openSink({ directory: join(scratch, 'boxes'), smtpPort: 0, httpPort: 0 })
  partner = await openSink({ directory: join(scratch, 'partner'), smtpPort: 0, httpPort: 0 })
  names = await startNameServer(
    Object.fromEntries([
      ...Object.entries(RECORDS).map(([name, text]) => txt(name, text)),
      txt('stranger.example', `v=spf1 ip4:${OUTSIDE} -all`),
      txt('_dmarc.stranger.example', 'v=DMARC1; p=reject'),
      ['TXT slow.example', 'silence'],
      ['TXT _dmarc.slow.example', 'silence'],
      ['TXT k._domainkey.slow.example', 'silence'],
    ]),
  )
  tenant = await ownTenant({ outside: sink.url })
  const policyDir = join(scratch, 'policies')
  mkdirSync(policyDir)
  const own = ruleSet(
    rules(
      '{id: spoofed, when: {all: [{message.auth.dmarc: fail}, {message.auth.dmarcPolicy: reject}]}, then: [{quarantine: {text: spoofed, approvers: [security@demo.example]}}]}',
      '{id: marked, when: {all: [{message.direction: inbound}, {message.subject: {contains: please mark}}]}, then: [{tagSubject: {prefix: "[External]"}}]}',
      '{id: once, when: {message.subject: {contains: count me}}, then: [{setHeader: {name: x-processed, value: "yes"}}, {disclaimer: {text: "Processed once", position: bottom}}]}',
      '{id: signed, when: {message.subject: {contains: sign me}}, then: [{sign: {with: smime}}]}',
    ),
  )
  writeFileSync(join(policyDir, 'own.yaml'), own.text)
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: {
      ...tenant.settings({
        policyDir,
        relays: [{ name: 'exchange', cidr: [EXCHANGE] }],
        routes: { partner: `smtp://127.0.0.1:${partner.smtpPort}?tls=none` },
        routeByDomain: { 'partner.example': 'partner' },
        loopRoutes: [''],
        dkim: [
          { domain: 'demo.example', selector: 's1', key: ours[0]!.key },
          { domain: 'demo.example', selector: 's2', key: ours[1]!.key, algorithm: 'ed25519-sha256' },
        ],
        dkimWhen: 'changed',
        arc: { domain: 'demo.example', selector: 's1', key: ours[0]!.key },
        authentication: { always: true },
      }),
      dns: { servers: [names.server] },
    },
  })
}, 60_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await Promise.all([sink?.close(), partner?.close(), names?.close()])
  tenant?.[Symbol.dispose]()
  rmSync(scratch, { recursive: true, force: true })
})

/** A mail with a signature of a domain that is not ours. */
async function signedBy(domain: string, mail: Buffer): Promise<Buffer> {
  const source = bytesOf(mail)
  const { root } = await indexMime(source)
  const key = { domain, selector: 'k', key: theirs.key, algorithm: 'rsa-sha256' } as const
  const hash = await hashOf(source.stream(root.bodyStart))
  const fields = await signHeader(root.fields, hash, [key], Date.now())
  return Buffer.concat([headerBytes([...fields, ...root.fields]), mail.subarray(root.bodyStart)])
}

async function arrived(sent: Submitted, at: Sink, address: string, earlier = 0): Promise<Buffer> {
  expect(sent.reply).toMatch(/^250 2\.0\.0 accepted /)
  await gateway.settled(sent.id)
  return readFileSync((await mailsTo(at, address, earlier + 1)).at(-1)!)
}
const count = (at: Sink, address: string) => at.delivered.filter((one) => one.address === address).length
const send = (of: Partial<SubmitMail> & Pick<SubmitMail, 'mail'>) =>
  submit(gateway.smtpPort, { from: STRANGER, to: [COLLEAGUE], peer: OUTSIDE, ...of })
const asAuthor = (of: Partial<SubmitMail> & Pick<SubmitMail, 'mail'>) =>
  submit(gateway.smtpPort, { from: AUTHOR, to: [COLLEAGUE], password: gateway.password(AUTHOR), ...of })
const headerOf = (mail: Buffer) => mail.toString('latin1').split('\r\n\r\n')[0]!
const field = (mail: Buffer, name: string) =>
  [...`${headerOf(mail)}\r\n`.matchAll(new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)\\r\\n`, 'gim'))].map(([, text]) =>
    text!.replace(/\r\n/g, ''),
  )
async function notes(id: string, type: string) {
  await using records = await gateway.records()
  return (await records.read.audit({ message: id as MessageId, limit: 100 })).filter((entry) => entry.type === type)
}

describe('mail from strangers', () => {
  it('says what their domain says of it, and keeps their signature whole', async () => {
    const before = count(sink, COLLEAGUE)
    const plain = plainMail({
      from: STRANGER,
      to: COLLEAGUE,
      headers: [
        'Authentication-Results: gateway.test.example; dkim=pass header.d=bank.example',
        'Authentication-Results: (a comment) Gateway.Test.Example 1; spf=pass',
        'Authentication-Results: mx.elsewhere.example; spf=pass',
      ],
    })
    const mail = await arrived(await send({ mail: await signedBy('stranger.example', plain) }), sink, COLLEAGUE, before)
    const results = field(mail, 'Authentication-Results')
    expect(results).toHaveLength(2)
    expect(results[0]).toMatch(/^gateway\.test\.example;\s+dkim=pass .*spf=pass .*dmarc=pass /)
    expect(results[0]).not.toContain('bank.example')
    expect(results[1]).toBe('mx.elsewhere.example; spf=pass')
    expect(dkimOpinion(mail, RECORDS)).toEqual({ dkim: [true], arc: 'none' })
  })

  it('in the name of a domain that refuses it goes where the rule sends it', async () => {
    const mail = plainMail({ from: STRANGER, to: COLLEAGUE })
    const { id } = await send({ mail, from: 'x@elsewhere.example', peer: '127.0.0.9' })
    expect((await gateway.settled(id)).map(({ state }) => state)).toEqual(['quarantined'])
  })

  it('is not lost while the DNS is silent', async () => {
    const before = count(sink, COLLEAGUE)
    const from = 'x@slow.example'
    const signed = await signedBy('slow.example', plainMail({ from, to: COLLEAGUE }))
    const mail = await arrived(await send({ mail: signed, from }), sink, COLLEAGUE, before)
    expect(field(mail, 'Authentication-Results')[0]).toMatch(/dkim=temperror.*spf=temperror.*dmarc=temperror/)
  }, 60_000)

  it('that a rule changes is sealed, so that the server behind us can still believe the results', async () => {
    const before = count(sink, COLLEAGUE)
    const plain = plainMail({ from: STRANGER, to: COLLEAGUE, subject: 'please mark' })
    const mail = await arrived(await send({ mail: await signedBy('stranger.example', plain) }), sink, COLLEAGUE, before)
    expect(field(mail, 'Subject')).toEqual(['[External] please mark'])
    expect(dkimOpinion(mail, RECORDS)).toEqual({ dkim: [false], arc: 'pass' })
    expect(field(mail, 'ARC-Authentication-Results')[0]).toMatch(/^i=1; gateway\.test\.example;\s+dkim=pass/)
    expect(field(mail, 'ARC-Seal')[0]).toContain('cv=none')
  })
})

describe('our mail to outside', () => {
  it('is signed by every key of its domain', async () => {
    const to = 'a@partner.example'
    const mail = await arrived(await asAuthor({ to: [to], mail: plainMail({ from: AUTHOR, to }) }), partner, to)
    expect(dkimOpinion(mail, RECORDS).dkim).toEqual([true, true])
    expect(headerOf(mail)).not.toMatch(/x-secflow/i)
  })

  it('keeps a signature it came with, and gets no second one while that is good', async () => {
    const to = 'b@partner.example'
    const signed = await signedBy('stranger.example', plainMail({ from: AUTHOR, to }))
    const mail = await arrived(await asAuthor({ to: [to], mail: signed }), partner, to)
    expect(dkimOpinion(mail, RECORDS).dkim).toEqual([true])
  })

  it('is signed anew where a step changed it', async () => {
    const to = 'c@partner.example'
    const signed = await signedBy('stranger.example', plainMail({ from: AUTHOR, to, subject: 'count me' }))
    const mail = await arrived(await asAuthor({ to: [to], mail: signed }), partner, to)
    expect(mail.toString()).toContain('Processed once')
    expect(dkimOpinion(mail, RECORDS).dkim).toEqual([true, true, false])
  })

  it('is signed over a body of 4 MB that can be made a single time', async () => {
    const to = 'd@partner.example'
    const data = Buffer.alloc(3_000_000, 'some bytes of a file ')
    const parts = [
      textEntity('plain', 'See the file.'),
      fileEntity({ name: 'a.bin', mediaType: 'application/octet-stream', data }),
    ]
    const mail = mailOf(multipartEntity('mixed', parts), { from: AUTHOR, to, subject: 'sign me' })
    const got = await arrived(await asAuthor({ to: [to], mail }), partner, to)
    expect(field(got, 'Content-Type')[0]).toContain('multipart/signed')
    expect(dkimOpinion(got, RECORDS).dkim).toEqual([true, true])
  }, 60_000)

  it('to colleagues is not signed', async () => {
    const before = count(sink, COLLEAGUE)
    const mail = await arrived(
      await asAuthor({ mail: plainMail({ from: AUTHOR, to: COLLEAGUE }) }),
      sink,
      COLLEAGUE,
      before,
    )
    expect(field(mail, 'DKIM-Signature')).toEqual([])
  })
})

describe('mail that our own server sends back', () => {
  const MARK = /^X-Secflow-Loop: .*\r\n/m
  const back = (mail: Buffer | string, to: string) =>
    submit(gateway.smtpPort, { from: AUTHOR, to: [to], mail, peer: EXCHANGE })
  async function first(to: string) {
    const mail = plainMail({ from: AUTHOR, to, subject: 'count me' })
    const got = await arrived(await asAuthor({ to: [to], mail }), sink, to)
    expect(field(got, 'X-Secflow-Loop')).toHaveLength(1)
    return got
  }

  it('is passed on once as it is, and refused as a loop the next time', async () => {
    const to = 'e@elsewhere.example'
    const one = await first(to)
    const returned = await back(one, to)
    const two = await arrived(returned, sink, to, 1)
    // Trace and mark apart, the very same bytes.
    const bare = (mail: Buffer) =>
      mail
        .toString('latin1')
        .replace(MARK, '')
        .replace(/^(Received: .*\r\n(\s.*\r\n)*)+/, '')
    expect(bare(two)).toBe(bare(one))
    expect((await notes(returned.id, 'message.returned')).map(({ detail }) => detail)).toMatchObject([
      { left: 1, recipients: [to] },
    ])
    const again = await back(two, to)
    const [row] = await gateway.settled(again.id)
    expect(row).toMatchObject({ state: 'rejected', detail: expect.stringContaining('5.4.6') })
    expect(count(sink, to)).toBe(2)
    // Who wrote it hears that it went in a circle.
    const report = await eventually('a report', () =>
      sink.delivered
        .filter(({ address }) => address === AUTHOR)
        .map(({ file }) => readFileSync(file, 'utf8'))
        .find((text) => text.includes('mail loop')),
    )
    expect(report).toContain('Final-Recipient: rfc822; e@elsewhere.example')
  })

  it('keeps the verdict that we signed, and no other', async () => {
    const sent = count(sink, COLLEAGUE)
    const mail = plainMail({ from: AUTHOR, to: COLLEAGUE, headers: ['X-Secflow-Classification: confidential'] })
    const one = await arrived(await asAuthor({ to: [COLLEAGUE], mail }), sink, COLLEAGUE, sent)
    const verdict = field(one, 'X-Secflow-Verdict')
    expect(verdict).toHaveLength(1)
    const two = await arrived(await back(one, COLLEAGUE), sink, COLLEAGUE, sent + 1)
    expect(field(two, 'X-Secflow-Verdict')).toEqual(verdict)
    const other = plainMail({ from: AUTHOR, to: COLLEAGUE, headers: ['X-Secflow-Classification: confidential'] })
    const three = await arrived(await asAuthor({ to: [COLLEAGUE], mail: other }), sink, COLLEAGUE, sent + 2)
    const forged = three
      .toString('latin1')
      .replace(/^X-Secflow-Verdict: .*/m, 'X-Secflow-Verdict: eyJhbGciOiJub25lIn0.e30.')
    const four = await arrived(await back(Buffer.from(forged, 'latin1'), COLLEAGUE), sink, COLLEAGUE, sent + 3)
    expect(field(four, 'X-Secflow-Verdict')).toEqual([])
    // True once, of a mail with the same author and Message-ID and another body.
    const moved = three
      .toString('latin1')
      .replace(/^X-Secflow-Verdict: .*/m, `X-Secflow-Verdict: ${verdict[0]?.trim()}`)
    const five = await arrived(await back(Buffer.from(moved, 'latin1'), COLLEAGUE), sink, COLLEAGUE, sent + 4)
    expect(field(five, 'X-Secflow-Verdict')).toEqual([])
  })

  it.each<[string, (mail: string) => string]>([
    ['a forged mark', (mail) => mail.replace(/; b=./, (text) => `; b=${text.endsWith('A') ? 'B' : 'A'}`)],
    ['two marks', (mail) => mail.replace(MARK, (text) => text + text)],
    ['a count turned back', (mail) => mail.replace('; n=1;', '; n=0;')],
    ['another body', (mail) => mail.replace('Processed once', 'Pay me once')],
    ['another subject', (mail) => mail.replace('Subject: count me', 'Subject: count me twice')],
    ['another author', (mail) => mail.replace(/^From: .*/m, 'From: e.lang@demo.example')],
    ['another reading of the body', (mail) => mail.replace(/^Content-Type: text\/plain/m, 'Content-Type: text/html')],
  ])('with %s is processed like any other', async (what, change) => {
    const to = `${what.replaceAll(' ', '-')}@elsewhere.example`
    const one = await first(to)
    const changed = change(one.toString('latin1'))
    expect(changed).not.toBe(one.toString('latin1'))
    const returned = await back(Buffer.from(changed, 'latin1'), to)
    const two = await arrived(returned, sink, to, 1)
    expect(two.toString().split('Processed once').length - 1).toBe(what === 'another body' ? 1 : 2)
    expect(await notes(returned.id, 'loop.ignored')).toHaveLength(1)
    expect(await notes(returned.id, 'message.returned')).toEqual([])
  })

  it('is decided on for recipients whom the server added', async () => {
    const to = 'f@elsewhere.example'
    const more = 'g@elsewhere.example'
    const one = await first(to)
    const returned = await submit(gateway.smtpPort, { from: AUTHOR, to: [to, more], mail: one, peer: EXCHANGE })
    const known = await arrived(returned, sink, to, 1)
    const added = await arrived(returned, sink, more)
    expect([known, added].map((mail) => mail.toString().split('Processed once').length - 1)).toEqual([1, 2])
  })
})
