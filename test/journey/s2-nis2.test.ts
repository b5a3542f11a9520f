/** Energy operator: an incident report leaves in a PDF with a password, the security team and its webhook hear of it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { demoFiles } from '../../server/demo/tenant.ts'
import { eventually, fieldNames, headerOf, lastMailTo, mailsTo, partOf, savePart } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type SentScenario, scenarioOf, sendScenario } from '../support/scenario.ts'

const TO = 'meldestelle@behoerde.example'
const PHONE = '+4915100000002'
const REPORT = 'Störungsmeldung 2026-017.pdf'
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

let gateway: Gateway
let mail: SentScenario
let carrier: string
let container: string
let password: string

beforeAll(async () => {
  gateway = await startGateway()
  const scenario = scenarioOf('S2')
  mail = await sendScenario(gateway, {
    ...scenario,
    fields: [...(scenario.fields ?? []), ['X-Internal-Ticket', 'OPS-1'], ['X-Demo-Case', 'incident']],
  })
  carrier = await lastMailTo(gateway.sink, TO)
  container = await savePart(carrier, 'application/pdf', join(gateway.folder, 'container.pdf'))
  const text = await eventually('the text message', () => gateway.sink.texts.find(({ to }) => to === PHONE)?.text)
  password = text.split(': ').at(-1)!.trim()
})
afterAll(() => gateway?.[Symbol.asyncDispose]())

function qpdf(typed: string): { status: number | null; output: string } {
  const file = join(gateway.folder, 'password.txt')
  writeFileSync(file, typed)
  const { status, stdout, stderr } = spawnSync('qpdf', [`--password-file=${file}`, '--check', container], {
    encoding: 'utf8',
  })
  return { status, output: stdout + stderr }
}

it('sends the password by SMS over a real HTTP endpoint, once, and nowhere in the mail', () => {
  expect(gateway.sink.texts.filter(({ to }) => to === PHONE)).toHaveLength(1)
  expect(password.length).toBeGreaterThanOrEqual(12)
  expect(readFileSync(carrier, 'latin1')).not.toContain(password)
  expect(gateway.log()).not.toContain(password)
})

it('opens with qpdf and that password', () => {
  const { status, output } = qpdf(password)
  expect(output).toContain('AESv3')
  expect(status, output).toBe(0)
})

it('does not open without the password or with a wrong one', () => {
  for (const wrong of ['', `${password}x`, password.slice(1)]) {
    const { status, output } = qpdf(wrong)
    expect(status, wrong).toBe(2)
    expect(output).toContain('invalid password')
  }
})

it('carries the attachment byte for byte, as pdfdetach extracts it', () => {
  const out = join(gateway.folder, 'detached')
  mkdirSync(out)
  execFileSync('pdfdetach', ['-enc', 'UTF-8', '-saveall', '-o', out, '-upw', password, container])
  const names = readdirSync(out).map((name) => name.normalize('NFC'))
  expect(names).toContain(REPORT)
  const report = readdirSync(out).find((name) => name.normalize('NFC') === REPORT)!
  expect(sha256(readFileSync(join(out, report)))).toBe(mail.hashes.get(REPORT))
})

it('shows the text on the page', () => {
  const text = execFileSync('pdftotext', ['-upw', password, container, '-'], { encoding: 'utf8' })
  expect(text).toContain('Artikel 23 NIS2')
  expect(text).toContain('Anmeldung von unbekannter Adresse')
})

it('says nothing of the content in the mail around it, and signs that mail', async () => {
  for (const type of ['text/plain', 'text/html']) {
    const text = (await partOf(carrier, (part) => part.type === type)).toString('utf8')
    expect(text).toContain('PDF')
    for (const secret of ['Artikel 23', 'Anmeldung', password]) expect(text).not.toContain(secret)
  }
  execFileSync(
    'openssl',
    ['cms', '-verify', '-in', carrier, '-CAfile', demoFiles(gateway.folder).ca, '-out', '/dev/null'],
    { stdio: 'pipe' },
  )
  expect(fieldNames(carrier).filter((name) => /^x-(secflow|internal|demo)/.test(name))).toEqual([])
})

it('gives the security team its copy as the author wrote it, and the recipient cannot see that', async () => {
  const [copy] = await mailsTo(gateway.sink, 'security-team@demo.example')
  const report = await partOf(copy!, ({ type }) => type === 'application/pdf')
  expect(sha256(report)).toBe(mail.hashes.get(REPORT))
  expect(fieldNames(copy!).filter((name) => name.startsWith('x-secflow'))).toEqual([])
  expect(headerOf(carrier)).not.toContain('security-team')
})

it('calls the incident webhook once, signed as Standard Webhooks asks', async () => {
  const call = await eventually('the incident', () => gateway.sink.calls.find(({ path }) => path === '/incidents'))
  expect(gateway.sink.calls).toHaveLength(1)
  expect(call.body).toMatchObject({
    type: 'secflow.incident',
    tenant: 'demo',
    message: mail.id,
    category: 'nis2',
    severity: 'high',
    sender: 'leitstelle@demo.example',
    recipients: [{ address: TO, outcome: 'deliver', method: 'pdf' }],
  })
  const header = (name: string) => String(call.headers[name])
  const signed = `${header('webhook-id')}.${header('webhook-timestamp')}.${JSON.stringify(call.body)}`
  const secret = readFileSync(demoFiles(gateway.folder).webhookSecret, 'utf8')
  const mac = (key: Buffer) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`
  expect(header('webhook-signature').split(' ')).toContain(mac(Buffer.from(secret.replace(/^whsec_/, ''), 'base64')))
  expect(Math.abs(Date.now() / 1000 - Number(header('webhook-timestamp')))).toBeLessThan(120)
})
