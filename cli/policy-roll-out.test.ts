import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { trustRoots } from '../server/policies/bundle-sign.ts'
import { loadPolicy, readBundle } from '../shared/policy/index.ts'
import { mail, recipient, ruleSet, rules } from '../test/support/policy.ts'
import { registerReplay } from './policy-replay.ts'
import { registerRollOut } from './policy-roll-out.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const trust = trustRoots([{ id: 'anna', publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() }])
const strict = ruleSet(rules('{id: strict, when: {message.subject: secret}, then: [{reject: {text: no}}]}'))
const loose = ruleSet(rules('{id: loose, when: {message.subject: secret}, then: [receipt]}'))

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'secflow-cli-'))
  await write('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  await write('policies.yaml', strict.text)
})
afterEach(() => rm(directory, { recursive: true }))
const write = (name: string, text: string) => writeFile(path.join(directory, name), text)

async function run(...argv: string[]) {
  let out = ''
  let err = ''
  let code = -1
  const io = {
    out(text: string) {
      out += `${text}\n`
    },
    err(text: string) {
      err += `${text}\n`
    },
    exit(status: number) {
      code = status
    },
    cwd: directory,
    color: false,
  }
  const policy = new Command('policy').exitOverride()
  registerRollOut(policy, io, { env: {}, now: () => 1_772_445_600_000 })
  registerReplay(policy, io)
  await policy.parseAsync(argv, { from: 'user' })
  return { out, err, code }
}

it('build: a signed bundle of the rule sets, with rising serials by themselves', async () => {
  const { out, code } = await run('build', '.', '--key', 'key.pem', '-o', 'a.bundle')
  expect(code).toBe(0)
  expect(out).toMatch(/^a.bundle: serial 1772445600, revision [0-9a-f]{12}, signed by key [0-9a-f]{12}\nNext: /)
  const read = readBundle(await readFile(path.join(directory, 'a.bundle'), 'utf8'), { trust, currentSerial: 0 })
  expect(read.bundle).toMatchObject({ signer: 'anna', manifest: { createdAt: '2026-03-02T10:00:00Z' } })
  expect(read.policy?.revision).toBe(loadPolicy([strict]).policy?.revision)
  const own = await run('build', '.', '--key', 'key.pem', '-o', 'b.bundle', '--serial', '7', '--json')
  expect(JSON.parse(own.out)).toMatchObject({ built: true, serial: 7 })
})

it('build: nothing of a policy with errors, and without a key', async () => {
  expect((await run('build', '.', '--key', 'none.pem', '-o', 'a.bundle')).err).toContain('none.pem cannot be read')
  expect((await run('build', '.', '--key', 'policies.yaml', '-o', 'a.bundle')).code).toBe(3)
  await write('broken.yaml', 'kind: [')
  const { err, code } = await run('build', '.', '--key', 'key.pem', '-o', 'a.bundle')
  expect(code).toBe(1)
  expect(err).toMatch(/^broken.yaml:1:\d+ {2}error {2}yaml-syntax/)
  await expect(readFile(path.join(directory, 'a.bundle'))).rejects.toThrow('ENOENT')
  await expect(run('build', '.', '--key', 'key.pem', '-o', 'a.bundle', '--serial', '0')).rejects.toThrow(
    'positive integer',
  )
})

it('apply: says what is missing', async () => {
  await run('build', '.', '--key', 'key.pem', '-o', 'a.bundle')
  const noToken = await run('apply', 'a.bundle', '--url', 'http://127.0.0.1:1')
  expect(noToken).toMatchObject({ code: 3, err: expect.stringContaining('SECFLOW_TOKEN') })
  const nobody = await run('apply', 'a.bundle', '--url', 'http://127.0.0.1:1', '--token', 'x')
  expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining('cannot be reached') })
})

it('replay: compares two folders on recorded inputs; what opens is a finding', async () => {
  for (const name of ['strict', 'loose']) await mkdir(path.join(directory, name))
  await write('strict/a.yaml', strict.text)
  await write('loose/a.yaml', loose.text)
  const line = (id: string, subject: string) =>
    JSON.stringify({ id, redacted: false, rules: [], input: mail({ message: { subject } }) })
  await write('inputs.jsonl', `${line('m1', 'secret')}\n${line('m2', 'hello')}\n`)
  const opened = await run('replay', 'loose', '--before', 'strict', '--inputs', 'inputs.jsonl')
  expect(opened.code).toBe(1)
  expect(opened.out).toContain('Messages: 2 read, 1 concerned, 1 treated otherwise (50.0 %)')
  expect(opened.out).toContain('reject -> deliver plain')
  expect(opened.err).toContain('CAREFUL: rejected before, delivered after: 1 recipients (m1)')
  const german = await run('replay', 'loose', '--before', 'strict', '--inputs', 'inputs.jsonl', '--lang', 'de')
  expect(german.out).toContain('Nachrichten: 2 gelesen, 1 betroffen, 1 anders behandelt (50,0 %)')
  expect(german.out).toContain('Empfänger: 1 von 2 (50,0 %)')
  expect(german.out).toContain('ablehnen -> zustellen im Klartext')
  expect(german.err).toContain('ACHTUNG: vorher abgelehnt, nachher zugestellt: 1 Empfänger (m1)')
  expect(german.out + german.err).not.toMatch(/Messages|recipients|deliver|CAREFUL/i)
  const closed = await run('replay', 'strict', '--before', 'loose', '--inputs', 'inputs.jsonl', '--json')
  expect(closed.code).toBe(0)
  expect(JSON.parse(closed.out)).toMatchObject({ total: 2, changed: 1, gates: { rejectToDeliver: { recipients: 0 } } })
  await write('inputs.jsonl', `${line('m1', 'secret')}\n{"id": "x"}\n`)
  expect((await run('replay', 'strict', '--before', 'loose', '--inputs', 'inputs.jsonl')).err).toContain('line 2')
  await expect(run('replay', 'strict', '--since', 'ever')).rejects.toThrow('12h, 30d or 8w')
})

it('replay: uses the lists from outside as they are now, and names those that nobody could read', async () => {
  const listed = (outcome: string) =>
    [
      'apiVersion: secflow/v1',
      'kind: RuleSet',
      'metadata: {name: corp, layer: tenant, owner: a@corp.example}',
      'spec:',
      '  lists: {partners: {type: domain, from: {file: partners.txt}, maxAge: 1d}}',
      '  rules:',
      `    - {id: strangers, title: Strangers, when: {not: {recipient.domain: {inList: partners}}}, then: [${outcome}]}`,
    ].join('\n')
  for (const name of ['before', 'after', 'lists']) await mkdir(path.join(directory, name))
  await write('before/a.yaml', listed('receipt'))
  await write('after/a.yaml', listed('{hold: {approvers: [a@corp.example]}}'))
  const recipients = ['p@partner.example', 'q@stranger.example'].map((address) =>
    recipient({ address, domain: address.split('@')[1]! }),
  )
  await write('inputs.jsonl', JSON.stringify({ id: 'm1', redacted: false, rules: [], input: mail({ recipients }) }))
  const tenant = {
    id: 'corp',
    name: 'Corp',
    domains: ['corp.example'],
    policyDir: path.join(directory, 'before'),
    lists: { directory: path.join(directory, 'lists') },
  }
  await write(
    'secflow.yaml',
    JSON.stringify({ secrets: { master: randomBytes(32).toString('base64') }, tenants: [tenant] }),
  )
  const replay = (...more: string[]) =>
    run('replay', 'after', '--before', 'before', '--inputs', 'inputs.jsonl', ...more)

  const alone = await replay()
  expect(alone.err).toContain('List not read, unknown in this replay: corp/partners (no configuration')
  expect(alone.out).toContain('New waits: 2 recipients')

  const german = await replay('--lang', 'de')
  expect(german.err).toContain('Liste nicht gelesen, in dieser Wiederholung unbekannt: corp/partners')

  const absent = await replay('--config', path.join(directory, 'secflow.yaml'))
  expect(absent.err).toContain('List not read, unknown in this replay: corp/partners')

  await write('lists/partners.txt', 'partner.example\n')
  const read = await replay('--config', path.join(directory, 'secflow.yaml'))
  expect(read.err).toBe('')
  expect(read.out).toContain('Recipients: 1 of 2')
  expect(read.out).toContain('List as it is now: corp/partners (1 entries)')
  const json = JSON.parse((await replay('--config', path.join(directory, 'secflow.yaml'), '--json')).out)
  expect(json).toMatchObject({ changed: 1, lists: [{ list: 'corp/partners', entries: 1 }] })
})
