/** What goes wrong ends in a clear fault; the server lives, nothing that was accepted is lost, memory stays bounded. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createAuthority, issueCertificate } from '../../server/keys/authority.ts'
import type { MessageId, RecipientRecord } from '../../shared/domain/index.ts'
import { eventually } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { hurry } from '../support/hurry.ts'
import { hostile, plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { smtpClient } from '../support/smtp-client.ts'
import { startSmtpServer } from '../support/smtp-server.ts'
import { type SubmitMail, submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const ENGINEER = 'e.lang@demo.example'
const SELLER = 'v.kern@demo.example'
const PEER = 'nothing@partner.example'
const MB = 1_048_576
const YEAR = 365 * 86_400_000

/** Text messages and incidents go here; `up` says whether anybody answers. */
async function startOutside() {
  const calls: { path: string; body: Record<string, unknown> }[] = []
  const state = { up: true }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (!state.up) {
        response.writeHead(503).end()
        return
      }
      calls.push({
        path: request.url ?? '',
        body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>,
      })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    state,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

let outside: Awaited<ReturnType<typeof startOutside>>
let hop: Awaited<ReturnType<typeof startSmtpServer>>
let tenant: OwnTenant
let gateway: Gateway
/** Everything the gateway has said 250 to: id and number of recipients. */
const accepted = new Map<string, number>()

beforeAll(async () => {
  outside = await startOutside()
  hop = await startSmtpServer()
  tenant = await ownTenant({ outside: outside.url })
  await strangeCertificates(tenant)
  gateway = await startGateway({ folder: tenant.folder, relayPort: hop.port, settings: tenant.settings() })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await hop?.close()
  await outside?.close()
})

afterEach(() => alive(gateway))

/** The process answers on all its ports, and takes mail. */
async function alive(of: Gateway): Promise<void> {
  expect(of.process.exitCode).toBeNull()
  expect((await fetch(`${of.url}/healthz`)).status).toBe(200)
  const client = await smtpClient(of.smtpPort)
  expect(await client.reply()).toMatch(/^220 /)
  client.end()
}

async function send(mail: Partial<SubmitMail> & Pick<SubmitMail, 'mail'>) {
  const from = mail.from ?? AUTHOR
  // Whatever is wrong with it, it is his own: who signs in writes as himself.
  const own = Buffer.from(mail.mail).toString('latin1').replaceAll('anna@tenant.example', from)
  const submitted = await submit(gateway.smtpPort, {
    from,
    to: [PEER],
    password: gateway.password(from),
    ...mail,
    mail: Buffer.from(own, 'latin1'),
  })
  if (submitted.id) accepted.set(submitted.id, (mail.to ?? [PEER]).length)
  return submitted
}

/** Log lines of one event. */
function logged(of: Gateway, event: string): Record<string, unknown>[] {
  const lines = of
    .log()
    .split('\n')
    .filter((line) => line.includes(`"event":"${event}"`))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function outcomeOf(id: string): Promise<RecipientRecord> {
  const [recipient, ...others] = await gateway.settled(id)
  expect(others).toEqual([])
  return recipient!
}

describe('a mail that breaks the rules is refused with an enhanced code', () => {
  it.each([
    ['not a mail at all', hostile.notMime, /^550 5\.6\.0 .*malformed/],
    ['a header line of 10 MB', () => hostile.hugeHeader(10 * MB), /^55[02] 5\.(6\.0|3\.4) /],
    ['a header of 10 MB', () => hostile.manyHeaders(10 * MB), /^552 5\.3\.4 .*header is larger/],
    ['NUL in the body', hostile.nulInBody, /^550 5\.6\.0 NUL/],
    ['NUL in the header', hostile.nulInHeader, /^550 5\.6\.0 NUL/],
    ['bare CR', hostile.bareCr, /^550 5\.6\.0 Bare CR or LF/],
    ['bare LF', hostile.bareLf, /^550 5\.6\.0 Bare CR or LF/],
    ['an 8-bit header without SMTPUTF8', hostile.header8Bit, /^550 5\.6\.7 .*SMTPUTF8/],
    [
      '50 and more hops',
      () => plainMail({ headers: Array.from({ length: 51 }, () => 'Received: x') }),
      /^554 5\.4\.6 /,
    ],
    ['a From of somebody else', () => plainMail({ from: `The Board <${SELLER}>` }), /^550 5\.7\.1 .*may not send/],
    ['a line of 2,000 octets', () => plainMail({ text: 'x'.repeat(2_000) }), /^550 5\.6\.0 .*998/],
  ])('%s', async (_, make, reply) => {
    const count = accepted.size
    expect((await send({ mail: make() })).reply).toMatch(reply)
    expect(accepted.size).toBe(count)
  })
})

describe('a mail that is odd is accepted and has an outcome', () => {
  it.each([
    [
      '1,000 parts inside of each other',
      () => hostile.deepParts(1_000),
      'quarantined',
      /more or deeper parts|too-complex/,
    ],
    ['10,000 parts', () => hostile.manyParts(10_000), 'quarantined', /more or deeper parts|too-complex/],
    [
      '1,000 messages inside of each other',
      () => hostile.deepMessages(1_000),
      'quarantined',
      /more or deeper parts|too-complex/,
    ],
    ['an empty mail', hostile.empty, 'delivered', /^250/],
    ['lines that are almost delimiters', () => hostile.dashLines(200_000), 'quarantined', /./],
    ['two boundaries', hostile.duplicateBoundary, 'quarantined', /./],
    ['two content types', hostile.duplicateType, 'quarantined', /./],
  ])('%s', async (_, make, state, detail) => {
    const { id, reply } = await send({ to: [ENGINEER], mail: make() })
    expect(reply).toMatch(/^250 2\.0\.0 accepted/)
    expect(await outcomeOf(id)).toMatchObject({ state, detail: expect.stringMatching(detail) })
  })

  it('an 8-bit header with SMTPUTF8 goes on with it', async () => {
    const { id } = await send({ to: [ENGINEER], mail: hostile.header8Bit(), parameters: 'SMTPUTF8' })
    expect(await outcomeOf(id)).toMatchObject({ state: 'delivered' })
    // Reports about mails before it quote the same subject to their author.
    const arrived = hop.received.find(
      ({ to, data }) => to.includes(ENGINEER) && Buffer.from(data, 'latin1').toString().includes('Subject: Grüße'),
    )
    expect(arrived?.mail).toContain('SMTPUTF8')
  })

  it('addresses in capitals are the same people, and reach the next hop as written', async () => {
    const to = ['CERT@Partner.Example', 'E.Lang@DEMO.example']
    const mail = plainMail({ from: AUTHOR, to: to.join(', '), headers: ['X-Secflow-Classification: confidential'] })
    const { id } = await send({ to, mail })
    expect(await gateway.settled(id)).toMatchObject([
      { address: 'CERT@partner.example', state: 'delivered', receipt: { method: 'smime' } },
      { address: 'E.Lang@demo.example', state: 'delivered', receipt: { method: 'plain' } },
    ])
    expect(hop.received.flatMap(({ to }) => to)).toEqual(
      expect.arrayContaining(['CERT@partner.example', 'E.Lang@demo.example']),
    )
  })
})

/** Correspondents and a user of ours whose certificates cannot serve. */
async function strangeCertificates(of: OwnTenant): Promise<void> {
  const now = Date.now()
  const authority = await createAuthority({ organisation: 'Strange AG', now: now - 2 * YEAR })
  const issue = (address: string, notBefore: number, notAfter: number) =>
    issueCertificate(authority, { address, name: address, keyType: 'p256', notBefore, notAfter })
  const expired = await issue('expired@supplier.example', now - 2 * YEAR, now - 86_400_000)
  const future = await issue('future@supplier.example', now + 86_400_000, now + YEAR)
  const another = await issue('somebody@else.example', now - 86_400_000, now + YEAR)
  const good = await issue('good@supplier.example', now - 86_400_000, now + YEAR)
  const ours = await issue(SELLER, now - 2 * YEAR, now - 86_400_000)
  of.people((facts) => {
    facts.anchors.push(authority.certificate.toString())
    facts.people.push(
      { address: 'expired@supplier.example', smime: expired.certificate },
      { address: 'future@supplier.example', smime: future.certificate },
      { address: 'another@supplier.example', smime: another.certificate },
      { address: 'good@supplier.example', smime: good.certificate },
    )
    facts.identities = facts.identities.map((identity) =>
      identity.address === SELLER ? { address: SELLER, certificate: ours.certificate, key: ours.privateKey } : identity,
    )
  })
}

describe('a certificate that cannot serve', () => {
  const secret = (to: string) => plainMail({ from: ENGINEER, to, headers: ['X-Secflow-Classification: confidential'] })

  it.each(['expired@supplier.example', 'future@supplier.example', 'another@supplier.example'])(
    'is not encrypted to, and nothing leaves in clear: %s',
    async (address) => {
      const { id } = await send({ from: ENGINEER, to: [address], mail: secret(address) })
      expect(await outcomeOf(id)).toMatchObject({ state: 'rejected', copy: null })
      const report = await eventually('a report', () =>
        hop.received.find(
          ({ to, data }) => to.includes(ENGINEER) && data.includes(`Final-Recipient: rfc822; ${address}`),
        ),
      )
      expect(report.mail).toContain('FROM:<>')
      expect(report.data).toContain('Status: 5.7.1')
      expect(hop.received.some(({ to }) => to.includes(address))).toBe(false)
    },
  )

  it('leaves those alone who have a good one', async () => {
    const address = 'good@supplier.example'
    const { id } = await send({ from: ENGINEER, to: [address], mail: secret(address) })
    expect(await outcomeOf(id)).toMatchObject({ state: 'delivered', receipt: { method: 'smime' } })
  })

  it('of the sender holds what it should sign, and says so to its author', async () => {
    const { id } = await send({ from: SELLER, mail: plainMail({ from: SELLER, to: PEER }) })
    expect(await outcomeOf(id)).toMatchObject({ state: 'held', detail: expect.stringContaining('key-missing') })
    const notice = await eventually('a notice', () => hop.received.find(({ to }) => to.includes(SELLER)))
    expect(notice.data).toContain(PEER)
    expect(hop.received.some(({ to, data }) => to.includes(PEER) && data.includes(SELLER))).toBe(false)
  })
})

it('hostile mail of 10 MB and more took no memory with it', () => {
  expect(gateway.peakRss() / MB).toBeLessThan(300)
})

describe('services that are down', () => {
  it('text message and incident are tried again, the mail is not lost', async () => {
    outside.state.up = false
    const to = 'meldestelle@behoerde.example'
    const { id } = await send({ to: [to], mail: plainMail({ from: AUTHOR, to, subject: 'Report #NIS2' }) })
    expect(await outcomeOf(id)).toMatchObject({ state: 'delivered', receipt: { method: 'pdf' } })
    await eventually('two retries', () => {
      const retried = logged(gateway, 'job.retried').filter(({ message }) => message === id)
      return retried.length >= 2 ? retried : undefined
    })
    expect(outside.calls).toEqual([])

    outside.state.up = true
    await eventually('both calls', () => {
      hurry(gateway.folder)
      return outside.calls.length >= 2 ? true : undefined
    })
    expect(outside.calls.map(({ path }) => path).sort()).toEqual(['/incidents', '/sms'])
    expect(outside.calls.find(({ path }) => path === '/sms')?.body).toMatchObject({ to: '+4915100000002' })
    expect(outside.calls.find(({ path }) => path === '/incidents')?.body).toMatchObject({
      message: id,
      category: 'nis2',
    })
  })

  it.each([
    ['is gone', 'drop'],
    ['says 421', '421 4.3.2 not now'],
  ] as const)('a next hop that %s: deferred, delivered once it is back', async (_, greeting) => {
    hop.dropAll()
    hop.script.greeting = greeting
    const { id } = await send({
      to: [ENGINEER],
      mail: plainMail({ from: AUTHOR, to: ENGINEER, subject: `For later: ${greeting}` }),
    })
    await using records = await gateway.records()
    const deferred = await eventually('the deferral', async () =>
      (await records.read.recipients(id as MessageId)).find(({ state }) => state === 'deferred'),
    )
    expect(deferred.detail).not.toBe('')

    delete hop.script.greeting
    await eventually('the delivery', async () => {
      hurry(gateway.folder)
      const [recipient] = await records.read.recipients(id as MessageId)
      return recipient?.state === 'delivered' ? true : undefined
    })
    const arrived = hop.received.filter(
      ({ to, data }) => to.includes(ENGINEER) && data.includes(`For later: ${greeting}`),
    )
    expect(arrived).toHaveLength(1)
  })
})

it('every accepted mail has exactly one outcome per recipient, refused ones left nothing, memory stayed bounded', async () => {
  await using records = await gateway.records()
  expect(accepted.size).toBeGreaterThan(15)
  for (const [id, count] of accepted) {
    const recipients = await gateway.settled(id)
    expect(new Set(recipients.map(({ address }) => address)).size).toBe(count)
    const audit = await records.read.audit({ message: id as MessageId, limit: 1_000 })
    const ends = audit.filter(({ type }) => /^recipient\.(delivered|rejected|failed|held|quarantined)$/.test(type))
    const told = ends.filter(({ detail }) => recipients.some(({ address }) => address === detail.recipient))
    expect(told.length, JSON.stringify(ends)).toBe(count)
  }
  const messages = await records.read.messages({ limit: 1_000 })
  expect(messages.map(({ id }) => id).sort()).toEqual([...accepted.keys()].sort())
  expect(gateway.log()).not.toContain('"code":"internal"')
  // A PDF page was drawn meanwhile: its worker thread, with libraries and fonts, lives in the same process.
  expect(gateway.peakRss() / MB).toBeLessThan(400)
})

describe('a policy with an error', () => {
  it('at start: no mail is taken; later: the good one stays', async () => {
    using own = await ownTenant({
      outside: outside.url,
      rules: ['kind: RuleSet\nspec: {rules: [{id: x, then: [explode]}]}\n'],
    })
    const broken = join(own.policyDir, 'own-0.yaml')
    const rules = readFileSync(broken, 'utf8')
    await using other = await startGateway({ folder: own.folder, relayPort: hop.port, settings: own.settings() })
    const mail = () =>
      submit(other.smtpPort, {
        from: AUTHOR,
        to: [ENGINEER],
        mail: plainMail({ from: AUTHOR }),
        password: other.password(AUTHOR),
      })
    const standing = (words: string) =>
      eventually(words, () => logged(other, 'policy.loaded').find((line) => line.standing === words))

    expect((await mail()).reply).toMatch(/^451 4\.3\.5 No valid policy/)
    const ready = await fetch(`${other.url}/readyz`)
    expect([ready.status, await ready.json()]).toMatchObject([503, { checks: { policies: false } }])
    expect(logged(other, 'policy.invalid')).toContainEqual(expect.objectContaining({ file: 'own-0.yaml', line: 1 }))
    await alive(other)

    rmSync(broken)
    other.process.kill('SIGHUP')
    await standing('in force')
    const good = await mail()
    expect(good.reply).toMatch(/^250 2\.0\.0/)
    await other.settled(good.id)

    writeFileSync(broken, rules)
    other.process.kill('SIGHUP')
    await standing('the last good one stays')
    const still = await mail()
    expect(await other.settled(still.id)).toMatchObject([{ state: 'delivered' }])
    await using records = await other.records()
    const revisions = await Promise.all(
      [good, still].map(async ({ id }) => (await records.read.message(id as MessageId))?.decision?.revision),
    )
    expect(revisions[0]).toBe(revisions[1])
  })
})

describe('kill -9 in the middle', () => {
  it('loses nothing that was acknowledged', async () => {
    using own = await ownTenant({ outside: outside.url })
    const options = { folder: own.folder, relayPort: hop.port, settings: own.settings() }
    const first = await startGateway(options)
    const acknowledged: string[] = []
    const subject = (number: number) => `Before the crash ${number}.`
    let stopped = false
    async function client(at: number): Promise<void> {
      for (let number = at; !stopped; number += 4) {
        const mail = plainMail({ from: AUTHOR, to: ENGINEER, subject: subject(number), text: 'x'.repeat(900) })
        const { id } = await submit(first.smtpPort, {
          from: AUTHOR,
          to: [ENGINEER],
          mail,
          password: first.password(AUTHOR),
        })
        if (id) acknowledged.push(`${id} ${subject(number)}`)
      }
    }
    const clients = Promise.allSettled([0, 1, 2, 3].map(client))
    await eventually('twenty mails', () => (acknowledged.length >= 20 ? true : undefined))
    const ended = new Promise((resolve) => first.process.once('exit', resolve))
    first.process.kill('SIGKILL')
    await ended
    stopped = true
    await clients
    await first[Symbol.asyncDispose]()

    hurry(own.folder, { leases: true })
    await using second = await startGateway(options)
    for (const line of acknowledged) {
      const [id = ''] = line.split(' ')
      expect(await second.settled(id), line).toMatchObject([{ address: ENGINEER, state: 'delivered' }])
      const written = line.slice(id.length + 1)
      expect(
        hop.received.some(({ data }) => data.includes(written)),
        line,
      ).toBe(true)
    }
    await alive(second)
  })
})
