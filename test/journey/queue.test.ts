/** `secflow queue` against a gateway as it runs: what its operator sees and does, down to what reaches the mailboxes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import type { QueueJob, QueueLane } from '../../shared/contract/index.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { freePort } from '../support/free-port.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const SECRET = 'the secret of all clients here'

let scratch: string
let outside: Sink
let tenant: OwnTenant
let gateway: Gateway
let nextHop: number
let sink: Sink | null = null

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-queue-'))
  outside = await openSink({ directory: join(scratch, 'outside'), smtpPort: 0, httpPort: 0 })
  const hold = ruleSet(
    rules('{id: four-eyes, when: {message.subject: {contains: four eyes}}, then: [{hold: {approvers: [helpdesk]}}]}'),
  )
  tenant = await ownTenant({ outside: outside.url, rules: [hold.text] })
  const secretHash = await hashPassword(SECRET)
  const clients = ['helpdesk', 'auditor', 'key-manager'].map((role) => ({ id: role, secretHash, roles: [role] }))
  // Nobody listens there until `connect`.
  nextHop = await freePort()
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: nextHop,
    settings: { ...tenant.settings({ clients }) },
  })
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  await outside?.close()
  rmSync(scratch, { recursive: true, force: true })
})

const tokens = new Map<string, string>()
async function tokenOf(client: string): Promise<string> {
  const known = tokens.get(client)
  if (known) return known
  const answer = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client, client_secret: SECRET }),
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  tokens.set(client, token)
  return token
}
async function queueAs(client: string, ...argv: readonly string[]) {
  const said = { out: '', err: '', code: 0 }
  await main(['queue', ...argv, '--url', gateway.url, '--token', await tokenOf(client)], {
    out(text) {
      said.out += `${text}\n`
    },
    err(text) {
      said.err += `${text}\n`
    },
    exit(code) {
      said.code = code
    },
    cwd: scratch,
    color: false,
  })
  return said
}
const queue = (...argv: readonly string[]) => queueAs('helpdesk', ...argv)
const jobs = async (...argv: readonly string[]) =>
  (JSON.parse((await queue('list', '--json', ...argv)).out) as { jobs: QueueJob[] }).jobs
const mail = async (subject: string): Promise<MessageId> => {
  const { id } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [COLLEAGUE],
    mail: plainMail({ from: AUTHOR, to: COLLEAGUE, subject, text: 'x' }),
    password: gateway.password(AUTHOR),
  })
  return id as MessageId
}
const states = async (id: MessageId) => {
  await using records = await gateway.records()
  return (await records.read.recipients(id)).map(({ state }) => state).join()
}
/** Its deliver job, once nobody works on it for a while: it was deferred, or its next hop is left alone. */
async function waiting(id: MessageId): Promise<QueueJob> {
  let found: QueueJob | undefined
  const rests = async () => {
    const { lanes } = JSON.parse((await queue('lanes', '--json')).out) as { lanes: QueueLane[] }
    const alone = lanes.some(({ breaker }) => breaker === 'open')
    found = (await jobs('--message', id, '--queue', 'deliver', '--state', 'ready')).find(
      ({ recipients, attempts }) => recipients.includes(COLLEAGUE) && (alone || attempts > 0),
    )
    return found
  }
  await expect.poll(rests, { timeout: 20_000 }).toBeDefined()
  return found!
}
async function events(id: MessageId) {
  await using records = await gateway.records()
  return (await records.read.audit({ message: id, limit: 99 })).map(
    ({ type, actor, detail }) => `${type} ${actor} ${String(detail.reason ?? '')}`,
  )
}

describe('a next hop that is not there', () => {
  it('shows what waits, for whom, since when, what was said and when it is tried next', async () => {
    const id = await mail('one')
    await expect.poll(() => states(id), { timeout: 20_000 }).toBe('deferred')
    const job = await waiting(id)
    expect(job).toMatchObject({ state: 'ready', recipients: [COLLEAGUE], attempts: 1, uncertain: 0 })
    expect(job.lastFault).toMatch(/^451 4\.4\.1 The next mail server cannot be reached/)
    const { out, code } = await queue('list')
    expect(code).toBe(0)
    expect(out).toMatch(/^JOB +QUEUE +LANE +STATE +AGE +TRIES +NEXT +TO +LAST FAULT\n/)
    expect(out).toMatch(/deliver +- +ready +\d+s +1 +in \d+[ms].* e\.lang@demo\.example +451 4\.4\.1/)
    expect((await queue('show', job.id)).out).toMatch(/^May have arrived: +no$/m)
    expect((await queue('lanes')).out).toMatch(/^deliver +- +\d +0 +0 +0 /m)
    expect((await queue('list', '--lang', 'de')).out).toMatch(/^AUFTRAG +ART +ZIEL +ZUSTAND +ALTER +VERSUCHE /)
    expect((await jobs('--older-than', '1d')).length).toBe(0)
  })

  it('hold, release and drop: each audited; a dropped recipient ends, a held job is tried by nobody', async () => {
    const id = await mail('two')
    const job = await waiting(id)
    expect((await queue('hold', job.id, '--reason', 'look at it first')).out).toBe('Held: 1\n')
    expect(await jobs('--state', 'held')).toMatchObject([{ id: job.id, nextTry: null }])
    expect((await queue('release', job.id, '--reason', 'looked at')).out).toBe('Released: 1\n')
    expect((await queue('drop', job.id, '--reason', 'a test mail')).out).toBe('Dropped: 1\n')
    expect(await states(id)).toBe('dropped')
    expect((await events(id)).filter((event) => /^(job|recipient)\.(held|released|dropped)/.test(event))).toEqual([
      'job.held helpdesk look at it first',
      'job.released helpdesk looked at',
      'job.dropped helpdesk a test mail',
      'recipient.dropped helpdesk a test mail',
    ])
    const again = await queue('drop', job.id, '--reason', 'twice')
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('present state') })
    const german = await queue('drop', job.id, '--reason', 'zweimal', '--lang', 'de')
    expect(german).toMatchObject({ code: 1, err: expect.stringMatching(/Im jetzigen Zustand .*: Auftrag .*: done/) })
  })

  it('many at once only with --yes; wrong use and wrong roles change nothing', async () => {
    await waiting(await mail('three'))
    await waiting(await mail('four'))
    const many = await queue('hold', '--queue', 'deliver', '--reason', 'all')
    expect(many).toMatchObject({ code: 2, err: expect.stringMatching(/concerns \d+ jobs.*--yes/) })
    expect(await jobs('--state', 'held')).toEqual([])
    expect((await queue('hold', '--reason', 'nothing named')).code).toBe(2)
    expect((await queue('hold', '--queue', 'deliver')).code).toBe(2)
    expect((await queue('list', '--state', 'burnt')).code).toBe(2)
    expect((await queue('list', '--older-than', 'ever')).err).toContain('use 90s, 15m, 4h or 2d')
    expect(await queueAs('auditor', 'drop', '--queue', 'deliver', '--yes', '--reason', 'x')).toMatchObject({ code: 1 })
    expect(await queueAs('auditor', 'list')).toMatchObject({ code: 0 })
    expect(await queueAs('key-manager', 'list')).toMatchObject({ code: 3, out: '' })
    const nothing = await queue('show', '01a20000-0000-7000-8000-000000000009')
    expect(nothing).toMatchObject({ code: 1, err: expect.stringContaining('no such thing') })
    expect(await jobs('--queue', 'deliver')).not.toEqual([])
  })

  it('retry brings everything out when the next hop is back', async () => {
    sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: nextHop, httpPort: 0 })
    const left = await jobs('--queue', 'deliver')
    const { out, code } = await queue('retry', '--queue', 'deliver', '--yes', '--reason', 'the server is back')
    // The first probes at once; the way is free then, and workers may be faster than we are with the others.
    const [, tried = 0, faster = 0] = (
      /^To be tried now: (\d+)(?:, tried or dropped meanwhile: (\d+))?\n$/.exec(out) ?? []
    ).map(Number)
    expect([tried + faster, tried > 0, code]).toEqual([left.length, true, 0])
    await expect.poll(() => jobs('--queue', 'deliver'), { timeout: 20_000 }).toEqual([])
    for (const { message } of left) expect(await states(message as MessageId)).toMatch(/^(delivered|dropped)$/)
  })
})

describe('a mail that the policy holds', () => {
  it('waits, is released by whom the policy names, and is delivered with every other rule in force', async () => {
    const id = await mail('four eyes please')
    await gateway.settled(id)
    expect(await states(id)).toBe('held')
    const { out } = await queue('waiting')
    expect(out).toMatch(new RegExp(`${id} +held .*leitstelle@demo.example .*helpdesk`))
    const auditor = await queueAs('auditor', 'release', '--held', id, '--reason', 'I may not')
    expect(auditor).toMatchObject({ code: 1, err: expect.stringContaining('names others') })
    expect((await queue('release', '--held', id, '--reason', 'both looked')).out).toBe(`Released: ${COLLEAGUE}\n`)
    await expect.poll(() => states(id), { timeout: 20_000 }).toBe('delivered')
    expect(await events(id)).toContain('recipient.released helpdesk both looked')
  })

  it('is dropped, and its sender hears of it', async () => {
    const id = await mail('four eyes again')
    await gateway.settled(id)
    expect((await queue('drop', '--held', id, '--reason', 'not for outside')).code).toBe(0)
    expect(await states(id)).toBe('dropped')
    await expect.poll(async () => (await events(id)).some((event) => event.startsWith('copy.delivered'))).toBe(true)
  })

  it('is decided once, also where two persons decide at the same moment', async () => {
    const id = await mail('four eyes of two')
    await gateway.settled(id)
    const done = await Promise.all([
      queue('release', '--held', id, '--reason', 'yes'),
      queue('drop', '--held', id, '--reason', 'no', '--no-report'),
      queue('release', '--held', id, '--reason', 'yes'),
    ])
    expect(done.filter(({ code }) => code === 0)).toHaveLength(1)
    const decided = (await events(id)).filter((event) => /^recipient\.(released|dropped)/.test(event))
    expect(decided).toHaveLength(1)
  })

  it('counts in the metrics, by lane and state', async () => {
    const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text()
    expect(text).toMatch(/^secflow_lane_breaker\{/m)
    expect(text).toMatch(/^secflow_queue_jobs\{/m)
  })
})
