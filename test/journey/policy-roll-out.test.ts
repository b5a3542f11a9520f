/** A policy on its way into force: built and signed by one, applied by another, followed by the next mail, kept by a restart. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { hashPassword } from '../../server/people/passwords.ts'
import type { MessageId } from '../../shared/domain/index.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { plainMail } from '../support/mails.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { secflow } from '../support/secflow.ts'
import { submit } from '../support/submit.ts'

const AUTHOR = 'leitstelle@demo.example'
const COLLEAGUE = 'e.lang@demo.example'
const SECRET = 'the secret of all clients here'
const CODEWORD = 'a codeword that must not be kept'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string
let settings: ReturnType<OwnTenant['settings']>

const inScratch = (name: string) => join(scratch, name)
const start = () => startGateway({ folder: tenant.folder, relayPort: sink.smtpPort, settings: { ...settings } })

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-roll-out-'))
  for (const name of ['key', 'stranger']) {
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', inScratch(`${name}.pem`)])
    execFileSync('openssl', ['pkey', '-in', inScratch(`${name}.pem`), '-pubout', '-out', inScratch(`${name}.pub.pem`)])
  }
  folder(
    'strict',
    '{id: no-secret, when: {message.subject: {contains: secret}}, then: [{reject: {text: not by mail}}]}',
  )
  folder('loose', '{id: keep-receipt, when: {message.subject: {contains: secret}}, then: [receipt]}')
  sink = await openSink({ directory: inScratch('mailboxes'), smtpPort: 0, httpPort: 0 })
  tenant = await ownTenant({ outside: sink.url })
  const secretHash = await hashPassword(SECRET)
  settings = tenant.settings({
    policyTrust: [{ id: 'editor', publicKey: readFileSync(inScratch('key.pub.pem'), 'utf8') }],
    policyTwoPersons: true,
    clients: ['editor', 'approver'].map((id) => ({ id, secretHash, roles: ['policy-approver'] })),
  })
  gateway = await start()
})

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  rmSync(scratch, { recursive: true, force: true })
})

function folder(name: string, ...list: readonly string[]): void {
  mkdirSync(inScratch(name))
  writeFileSync(join(inScratch(name), 'a.yaml'), ruleSet(rules(...list)).text)
}

async function tokenOf(client: string): Promise<string> {
  const answer = await fetch(`${gateway.url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client, client_secret: SECRET }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

const build = (dir: string, serial: number, key = 'key') =>
  secflow([
    'policy',
    'build',
    inScratch(dir),
    '--key',
    inScratch(`${key}.pem`),
    '-o',
    inScratch(`${dir}.bundle`),
    '--serial',
    String(serial),
  ])
const apply = async (dir: string, client = 'approver', ...more: readonly string[]) =>
  secflow([
    'policy',
    'apply',
    inScratch(`${dir}.bundle`),
    '--url',
    gateway.url,
    '--token',
    await tokenOf(client),
    ...more,
  ])
const rollback = async (...more: readonly string[]) =>
  secflow(['policy', 'rollback', ...more, '--url', gateway.url, '--token', await tokenOf('approver')])

/** Whether a secret mail was delivered, and its id. */
async function sent(): Promise<{ readonly id: MessageId; readonly state: string | undefined }> {
  const { id } = await submit(gateway.smtpPort, {
    from: AUTHOR,
    to: [COLLEAGUE],
    mail: plainMail({ from: AUTHOR, to: COLLEAGUE, subject: 'a secret matter', text: CODEWORD }),
    password: gateway.password(AUTHOR),
  })
  const [recipient] = await gateway.settled(id)
  return { id: id as MessageId, state: recipient?.state }
}
const active = async () => {
  const answer = await fetch(`${gateway.url}/api/v1/policies`, {
    headers: { authorization: `Bearer ${await tokenOf('editor')}` },
  })
  return ((await answer.json()) as { active: { serial: number | null } }).active.serial
}

it('serves the directory until a bundle is applied', async () => {
  expect(await active()).toBeNull()
  expect(await sent()).toMatchObject({ state: 'delivered' })
})

it('shows the blast radius before: what was recorded holds facts and no words', async () => {
  const token = await tokenOf('editor')
  const answer = await fetch(`${gateway.url}/api/v1/policies/replay`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      files: [{ name: 'a.yaml', text: readFileSync(join(inScratch('strict'), 'a.yaml'), 'utf8') }],
    }),
  })
  expect(await answer.json()).toMatchObject({ total: 1, changed: 1, matrix: [{ after: { outcome: 'reject' } }] })
  const { read } = await gateway.records()
  const [input] = await read.decisionInputs({ since: 0, limit: 9 })
  expect(JSON.stringify(input)).toContain('a secret matter')
  expect(JSON.stringify(input)).not.toContain(CODEWORD)
  expect(input?.redacted).toBe(true)
  const command = await secflow([
    'policy',
    'replay',
    inScratch('strict'),
    '--config',
    join(tenant.folder, 'secflow.yaml'),
  ])
  expect(command.out, command.err).toContain('Messages: 1 read, 1 concerned, 1 treated otherwise')
  const file = inScratch('recorded.jsonl')
  const written = await secflow(['policy', 'inputs', '--config', join(tenant.folder, 'secflow.yaml'), '-o', file])
  expect(written.out, written.err).toContain('recorded.jsonl: 1 messages')
  expect(statSync(file).mode & 0o077).toBe(0)
  const elsewhere = ['policy', 'replay', inScratch('strict'), '--before', inScratch('loose'), '--inputs', file]
  expect((await secflow(elsewhere)).out).toContain('Messages: 1 read, 1 concerned, 1 treated otherwise')
})

it('follows an applied bundle with the next mail', async () => {
  expect((await build('strict', 10)).code).toBe(0)
  const refused = await apply('strict', 'editor')
  expect(refused.err).toContain('Somebody else than the author')
  expect(refused.code).toBe(1)
  expect(await active()).toBeNull()
  const applied = await apply('strict')
  expect(applied.code, applied.err).toBe(0)
  expect(await active()).toBe(10)
  expect(await sent()).toMatchObject({ state: 'rejected' })
})

it.each([
  ['a lower serial', 9, 'key', 'bundle-serial'],
  ['the same serial', 10, 'key', 'bundle-serial'],
  ["a stranger's signature", 99, 'stranger', 'bundle-key'],
])('keeps the active policy when a bundle comes with %s', async (_what, serial, key, code) => {
  await build('loose', serial, key)
  const { code: status, err } = await apply('loose', 'approver', '--accept-opening')
  expect(err).toContain(code)
  expect(err).toContain('The policy in force stays')
  expect(status).toBe(1)
  expect(await active()).toBe(10)
  expect(await sent()).toMatchObject({ state: 'rejected' })
})

it('keeps it over a restart, and records what was applied and refused', async () => {
  expect(await gateway.stop()).toBe(0)
  gateway = await start()
  expect(await active()).toBe(10)
  expect(await sent()).toMatchObject({ state: 'rejected' })
  const { read } = await gateway.records()
  const types = (await read.audit({ limit: 1000 })).map(({ type }) => type).filter((type) => type.startsWith('policy.'))
  expect(types).toEqual(['policy.refused', 'policy.applied', 'policy.refused', 'policy.refused', 'policy.refused'])
})

it('applies nothing that opens until somebody accepts that', async () => {
  await build('loose', 11)
  const stopped = await apply('loose')
  expect(stopped.code).toBe(1)
  expect(stopped.err).toContain('CAREFUL: rejected before, delivered after')
  expect(stopped.err).toContain('Nothing was applied')
  expect(await active()).toBe(10)
  const unseen = await apply('loose', 'approver', '--replay-limit', '0')
  expect(unseen.out).not.toContain('Messages:')
  expect(unseen.code, unseen.err).toBe(0)
  expect(await sent()).toMatchObject({ state: 'delivered' })
})

it('goes back by a new bundle of old content', async () => {
  // Whoever holds another key signs nothing that he cannot check.
  const stranger = await rollback('10', '--key', inScratch('stranger.pem'))
  expect(stranger.code).not.toBe(0)
  expect(stranger.err).toContain('The bundle is signed')
  const back = await rollback('10', '--key', inScratch('key.pem'))
  expect(back.code, back.err).toBe(0)
  expect(back.out).toContain('treated otherwise')
  expect(await active()).toBeGreaterThan(11)
  expect(await sent()).toMatchObject({ state: 'rejected' })
})

it('goes back without a key to what was signed then, and keeps that over a restart', async () => {
  const back = await rollback('11', '--accept-opening')
  expect(back.code, back.err).toBe(0)
  expect(await sent()).toMatchObject({ state: 'delivered' })
  const serial = await active()
  expect(await gateway.stop()).toBe(0)
  gateway = await start()
  expect(await active()).toBe(serial)
  expect(await sent()).toMatchObject({ state: 'delivered' })
})
