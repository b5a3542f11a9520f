import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createAuthority, issueCertificate } from '../server/keys/authority.ts'
import { runCommand } from '../test/support/command.ts'
import { type S3Server, startS3 } from '../test/support/s3.ts'
import type { findingIn } from './doctor/finding.ts'
import { findingsOfPolicy } from './doctor/policy.ts'
import { registerDoctor } from './doctor.ts'
import { registerInit } from './init.ts'

let cwd: string
let servers: Server[]
beforeEach(async () => {
  servers = []
  cwd = mkdtempSync(join(tmpdir(), 'secflow-doctor-'))
  await runCommand(registerInit, ['init'], cwd)
})
afterEach(() => {
  for (const server of servers) server.close()
  rmSync(cwd, { recursive: true })
})

/** A server that greets; answers its port. */
async function greeter(greeting: string): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end(greeting))
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function doctor(env: Record<string, string> = {}, now = Date.now()) {
  const parts = {
    env: {
      SECFLOW_HTTP_PORT: '0',
      SECFLOW_ADMIN_PORT: '0',
      SECFLOW_SMTP_PORT: '0',
      SECFLOW_BLOBS_RESERVE: '0',
      ...env,
    },
    now: () => now,
    policy: findingsOfPolicy,
  }
  const { out, code } = await runCommand((program, io) => registerDoctor(program, io, parts), ['doctor', '--json'], cwd)
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: ReturnType<typeof findingIn>[] }
  expect(code).toBe(ok ? 0 : 1)
  return { ok, of: (check: string) => findings.filter((finding) => finding.check === check), findings }
}

test('a fresh installation with a next hop is sound', async () => {
  const relay = await greeter('220 next.example ready\r\n')
  const { ok, findings } = await doctor({ SECFLOW_RELAY_URL: `smtp://127.0.0.1:${relay}` })
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([])
  expect(ok).toBe(true)
  expect(findings.map(({ check }) => check)).toEqual(
    expect.arrayContaining([
      'node',
      'configuration',
      'secrets',
      'port http',
      'port admin',
      'port smtp',
      'relay',
      'disk',
      'people main',
      'policy main',
      'clock',
    ]),
  )
})

test('every mistake of the configuration is named, with what to do', async () => {
  writeFileSync(join(cwd, 'secflow.yaml'), 'http: {prot: 1}\n')
  const { ok, of } = await doctor()
  expect(ok).toBe(false)
  expect(of('configuration').map(({ text }) => text)).toEqual(['http: Unrecognized key: "prot"', 'secrets: is missing'])
  expect(of('configuration').every(({ mend }) => mend !== undefined)).toBe(true)
})

test('a port of ours is fine, a port of others is not', async () => {
  const ours = await greeter('220 gateway.example.com ready\r\n')
  expect((await doctor({ SECFLOW_SMTP_PORT: String(ours) })).of('port smtp')[0]).toMatchObject({ status: 'ok' })
  const other = await greeter('220 elsewhere.example ESMTP\r\n')
  const { ok, of } = await doctor({ SECFLOW_SMTP_PORT: String(other), SECFLOW_HTTP_PORT: String(other) })
  expect(ok).toBe(false)
  expect([...of('port smtp'), ...of('port http')].map(({ status }) => status)).toEqual(['error', 'error'])
})

test('a next hop without an address is an error, a silent one a warning', async () => {
  expect((await doctor({ SECFLOW_RELAY_URL: 'smtp://nowhere.invalid' })).of('relay')[0]).toMatchObject({
    status: 'error',
  })
  expect((await doctor({ SECFLOW_RELAY_URL: 'smtp://127.0.0.1:1' })).of('relay')[0]).toMatchObject({
    status: 'warning',
  })
})

test('disk, clock, secrets and policy', async () => {
  chmodSync(join(cwd, 'secrets/master'), 0o644)
  writeFileSync(join(cwd, 'policy/tenant/baseline.yaml'), 'kind: Nonsense\n')
  utimesSync(join(cwd, 'secflow.yaml'), 4e9, 4e9)
  const { ok, of } = await doctor({ SECFLOW_BLOBS_RESERVE: '9007199254740991' })
  expect(ok).toBe(false)
  expect(of('secrets')[0]).toMatchObject({ status: 'warning', mend: expect.stringContaining('chmod 600') })
  expect(of('disk').every(({ status }) => status === 'error')).toBe(true)
  expect(of('clock')[0]).toMatchObject({ status: 'error' })
  expect(of('policy main')[0]).toMatchObject({ status: 'error', text: expect.stringContaining('baseline.yaml:') })
  expect((await doctor({}, Date.UTC(1990, 0))).of('clock')[0]).toMatchObject({ status: 'error' })
})

test('keys that expire, are weak or do not fit', async () => {
  const now = Date.now()
  const day = 86_400_000
  const authority = await createAuthority({ organisation: 'Test', now })
  const issue = (days: number) =>
    issueCertificate(authority, {
      address: 'a@example.com',
      name: 'A',
      keyType: 'p256',
      notBefore: now - day,
      notAfter: now + days * day,
    })
  const [soon, other] = [await issue(10), await issue(400)]
  const indent = (pem: string) => pem.trim().replaceAll('\n', '\n      ')
  const identity = (certificate: string, key: string) =>
    `  - address: a@example.com\n    certificate: |\n      ${indent(certificate)}\n    key: |\n      ${indent(key)}\n`
  writeFileSync(
    join(cwd, 'people.yaml'),
    `identities:\n${identity(soon.certificate, soon.privateKey)}${identity(other.certificate, soon.privateKey)}`,
  )
  const { of } = await doctor()
  expect(of('keys main a@example.com').map(({ status, text }) => [status, text.slice(0, 10)])).toEqual([
    ['warning', 'expires on'],
    ['error', 'the privat'],
  ])
  const later = await doctor({}, now + 20 * day)
  expect(later.of('keys main a@example.com')[0]).toMatchObject({
    status: 'error',
    text: expect.stringContaining('expired'),
  })
})

test('in German it says so in German', async () => {
  const parts = { env: { SECFLOW_CONFIG: 'nowhere.yaml' }, now: () => Date.now(), policy: findingsOfPolicy }
  const said = await runCommand((program, io) => registerDoctor(program, io, parts), ['doctor', '--lang', 'de'], cwd)
  expect(said.out).toMatch(/^FEHLER {2}configuration: .*nowhere\.yaml/m)
  expect(said.out).toMatch(/^ {8}Abhilfe: /m)
})

test('without --json it prints a line each and how to mend it', async () => {
  const parts = { env: { SECFLOW_CONFIG: 'nowhere.yaml' }, now: () => Date.now(), policy: findingsOfPolicy }
  const { out, code } = await runCommand((program, io) => registerDoctor(program, io, parts), ['doctor'], cwd)
  expect(code).toBe(1)
  expect(out).toMatch(/^ERROR {3}configuration: .*nowhere\.yaml: cannot be read/m)
  expect(out).toMatch(/^ {8}mend: secflow init/m)
})

const s3Environment = (s3: S3Server, bucket: string, options = '') => ({
  SECFLOW_BLOBS_URL: `s3://${bucket}/mail?endpoint=${s3.endpoint}${options}`,
  SECFLOW_BLOBS_ACCESS_KEY_ID: s3.accessKeyId,
  SECFLOW_BLOBS_SECRET_ACCESS_KEY: s3.secretAccessKey,
})

test('a bucket is tried: what works, what is missing, and that no secret is shown', async () => {
  const s3 = await startS3()
  const bucket = await s3.bucket()
  const sound = await doctor(s3Environment(s3, bucket))
  expect(sound.of('blobs')).toEqual([
    { check: 'blobs', status: 'ok', text: `s3://${bucket}/mail/ takes, gives and deletes` },
  ])
  const missing = await doctor(s3Environment(s3, 'no-such-bucket-here'))
  expect(missing.of('blobs')).toMatchObject([{ status: 'error', text: expect.stringContaining('404 NoSuchBucket') }])
  const wrong = await doctor({ ...s3Environment(s3, bucket), SECFLOW_BLOBS_SECRET_ACCESS_KEY: 'not-the-secret' })
  expect(wrong.of('blobs')).toMatchObject([{ status: 'error', text: expect.stringContaining('SignatureDoesNotMatch') }])
  expect(JSON.stringify(wrong.findings)).not.toContain('not-the-secret')
  const half = await doctor({ SECFLOW_BLOBS_URL: `s3://${bucket}`, SECFLOW_BLOBS_ACCESS_KEY_ID: 'only' })
  expect(half.of('configuration')).toMatchObject([{ text: 'blobs: accessKeyId and secretAccessKey go together' }])
})
