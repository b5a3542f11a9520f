import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Fault } from '../shared/fault/index.ts'
import { mail, recipient, ruleSet, rules } from '../test/support/policy.ts'
import { registerPolicy } from './policy.ts'

const DEMO = path.resolve(import.meta.dirname, '../examples/demo/policies')
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'secflow-cli-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** Runs one command; `inputOf` makes an input of the options, and no mail of a name with `missing`. */
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
  const program = new Command().exitOverride()
  registerPolicy(program, io, (file, { to }) => {
    if (file.includes('missing')) return Promise.reject(new Fault('config-missing', 'no such file'))
    return Promise.resolve(
      mail({
        message: { subject: '#NIS2' },
        recipients: (to ?? ['b@x.example']).map((address) => recipient({ address })),
      }),
    )
  })
  await program.parseAsync(['policy', ...argv], { from: 'user' })
  return { out, err, code }
}

it('check: the demo policies are valid', async () => {
  const { out, code } = await run('check', DEMO)
  expect(code).toBe(0)
  expect(out).toMatch(
    /^The policy is valid: rule sets 4, rules 14, guarantees 1, revision [0-9a-f]{12}\nNext: secflow policy test /,
  )
  expect(out).toMatch(/guarantee confidential-never-clear: proved \(\d+ cases\) {2}tenant\/baseline.yaml:\d+:7/)
  expect(out).not.toContain('warning')
})
it('check: a guarantee that does not hold shows the mail, exit code 1', async () => {
  const guarantee =
    '  guarantees: [{id: g, title: t, when: {recipient.external: true}, require: {protectedBy: [smime]}}]\n'
  await writeFile(path.join(directory, 'a.yaml'), ruleSet(guarantee).text)
  const { out, code } = await run('check', '.')
  expect(code).toBe(1)
  expect(out).toContain(
    'guarantee g: does not hold (The mail leaves without protection)  a.yaml:5:16\n  for example: sender@tenant.example (internal) to recipient@elsewhere.example (external)\n    outbound, "Hello", internal, no attachments\n',
  )
  const proofs = JSON.parse((await run('check', '.', '--json')).out).proofs
  expect(proofs).toMatchObject([{ guarantee: 'g', status: 'counterexample', to: 'recipient@elsewhere.example' }])
})
it('check: layers that contradict each other show a mail that meets both, exit code 1', async () => {
  await writeFile(path.join(directory, 'a.yaml'), ruleSet(rules('{id: a, then: [{protect: {anyOf: [pdf]}}]}')).text)
  const lower = rules('{id: b, when: {message.size: {gt: 1MB}}, then: [{protect: {anyOf: [smime, pgp]}}]}')
  await writeFile(path.join(directory, 'b.yaml'), ruleSet(lower, 'department').text)
  const { out, code } = await run('check', '.')
  expect(code).toBe(1)
  expect(out).toContain('b.yaml:6:7  error    dead-end  b (smime, pgp) can never protect: a always applies too')
  expect(out).toContain('message.size: 1048577')
})
it('diff: says what changed in meaning, exit code 1 when less is protected', async () => {
  const [before, after] = ['before', 'after'].map((name) => path.join(directory, name))
  await mkdir(before!)
  await mkdir(after!)
  const rule = (when: string) => ruleSet(rules(`{id: a, when: ${when}, then: [{protect: {anyOf: [pdf]}}]}`)).text
  await writeFile(path.join(before!, 'a.yaml'), rule('{message.size: {gte: 1MB}}'))
  await writeFile(path.join(after!, 'b.yaml'), rule('{not: {message.size: {lt: 1024KB}}}'))
  expect(await run('diff', 'before', 'after')).toMatchObject({ code: 0, out: 'No change of meaning\n' })
  await writeFile(path.join(after!, 'b.yaml'), rule('{message.size: {gte: 2MB}}'))
  const { out, code } = await run('diff', 'before', 'after')
  expect(code).toBe(1)
  expect(out).toContain(
    'rule a: condition: applies to less mail  ! protects less (narrower-on-protect)  b.yaml\n  for example: ',
  )
  expect(JSON.parse((await run('diff', 'after', 'before', '--json')).out).changes).toMatchObject([
    { id: 'a', what: 'condition', relation: 'wider', flags: [] },
  ])
  expect((await run('diff', 'before', 'none')).code).toBe(3)
})
it('check: a mistake has its place, exit code 1', async () => {
  await writeFile(
    path.join(directory, 'a.yaml'),
    ruleSet(rules('{id: a, when: {message.sbject: x}, then: [receipt]}')).text,
  )
  const { out, code } = await run('check', '.')
  expect(code).toBe(1)
  expect(out).toContain(
    'a.yaml:6:22  error    unknown-field  message.sbject is not known here (did you mean message.subject?)',
  )
  expect(JSON.parse((await run('check', '.', '--json')).out)).toMatchObject({
    valid: false,
    diagnostics: [{ code: 'unknown-field', line: 6 }],
  })
  expect((await run('check', '.', '--lang', 'de')).out).toContain('Fehler')
})
it('check: a directory that is not there could not run', async () => {
  expect(await run('check', 'none')).toMatchObject({ code: 3, out: '' })
})
it('test: the demo policies pass their own tests, every rule is seen at work', async () => {
  const { out, code } = await run('test', DEMO, '--require-tests', '--junit', 'r.xml')
  expect(out).toMatch(/24 passed, 0 failed\n$/)
  expect(code).toBe(0)
  expect(await readFile(path.join(directory, 'r.xml'), 'utf8')).toContain('<testsuites tests="24" failures="0">')
})
it('test: a wrong expectation fails, no tests fail only where they are required', async () => {
  await writeFile(path.join(directory, 'a.yaml'), ruleSet(rules('{id: a, then: [receipt]}')).text)
  expect((await run('test', '.')).code).toBe(0)
  expect((await run('test', '.', '--require-tests')).code).toBe(1)
  await writeFile(
    path.join(directory, 'a_test.yaml'),
    'tests:\n  - name: <x>\n    input: {message: {subject: s}, recipients: [{address: b@x.example}]}\n    expected: [{recipients: [b@x.example], outcome: reject}]\n',
  )
  const { out, code } = await run('test', '.', '--junit', 'r.xml')
  expect(code).toBe(1)
  expect(out).toContain('FAIL  <x>  (a_test.yaml:2)\n      b@x.example: outcome: expected reject, got deliver')
  expect(await readFile(path.join(directory, 'r.xml'), 'utf8')).toContain('name="&lt;x&gt;"')
})
it('explain: tells what fired and what nearly did', async () => {
  const { out, code } = await run('explain', DEMO, 'm.eml', '--from', 'a@tenant.example', '--to', 'b@x.example')
  expect(code).toBe(0)
  expect(out).toContain('b@x.example: is held until somebody releases it')
  expect(out).toContain('Missing: No phone number of the recipient is known [phone]')
  expect(out).toMatch(/nis2-incident \(then\): protect, bcc, incident, audit\n +yes +message\.direction is outbound/)
  expect((await run('explain', DEMO, 'm.eml', '--from', 'a@tenant.example', '--to', ',')).code).toBe(2)
  expect((await run('explain', DEMO, 'missing.eml', '--from', 'a@tenant.example', '--to', 'b@x.example')).code).toBe(3)
})
it('simulate: one line a recipient, an unreadable mail does not end the run', async () => {
  const { out, code } = await run('simulate', DEMO, 'm.eml', 'missing.eml', '--to', 'b@x.example,long.name@y.example')
  expect(code).toBe(1)
  expect(out).toMatch(/m\.eml\n {2}b@x\.example +hold +audit full/)
  expect(out).toContain('missing.eml\n  cannot be read: no such file')
  expect(out).toMatch(/Nothing was delivered\.\n$/)
})
