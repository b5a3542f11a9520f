import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { trustRoots } from '../server/policies/bundle-sign.ts'
import { loadPolicy, readBundle } from '../shared/policy/index.ts'
import { mail, ruleSet, rules } from '../test/support/policy.ts'
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
  const closed = await run('replay', 'strict', '--before', 'loose', '--inputs', 'inputs.jsonl', '--json')
  expect(closed.code).toBe(0)
  expect(JSON.parse(closed.out)).toMatchObject({ total: 2, changed: 1, gates: { rejectToDeliver: { recipients: 0 } } })
  await write('inputs.jsonl', `${line('m1', 'secret')}\n{"id": "x"}\n`)
  expect((await run('replay', 'strict', '--before', 'loose', '--inputs', 'inputs.jsonl')).err).toContain('line 2')
  await expect(run('replay', 'strict', '--since', 'ever')).rejects.toThrow('12h, 30d or 8w')
})
