/** Strangers' signed and encrypted mail on its way to people of ours, through the real relay: openssl and gpg made it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSink, type Sink } from '../../demo/sink.ts'
import { fieldNames, headerOf, lastMailTo, textOf } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type Gpg, startGpg } from '../support/gpg.ts'
import { type OpensslCa, opensslCa } from '../support/openssl-ca.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { ruleSet, rules } from '../support/policy.ts'
import { submit } from '../support/submit.ts'

const BOB = 'bob@peer.example'
const ANNA = 'leitstelle@demo.example'
const ELSE = 'e.lang@demo.example'
const INNER =
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nThe figures are 42.\r\n'

let sink: Sink
let tenant: OwnTenant
let gateway: Gateway
let scratch: string
let ca: OpensslCa
let gnupg: Gpg

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'secflow-inbound-'))
  sink = await openSink({ directory: join(scratch, 'mailboxes'), smtpPort: 0, httpPort: 0 })
  ca = opensslCa(BOB)
  gnupg = await startGpg()
  await gnupg.gpg(['--quick-gen-key', BOB, 'ed25519', 'sign', 'never'])
  const bobPgp = (await gnupg.gpg(['--armor', '--export', BOB])).stdout.toString()
  tenant = await ownTenant({
    outside: sink.url,
    rules: [
      ruleSet(
        rules(
          '{id: broken-quarantine, when: {message.opened.verdict: broken}, then: [{quarantine: {}}]}',
          '{id: codeword, when: {all: [{message.direction: inbound}, {message.body: {contains: codeword}}]}, then: [{quarantine: {}}]}',
          '{id: as-it-came, when: {message.subject: {contains: untouched}}, then: [{open: {deliver: original}}]}',
        ),
        'tenant',
        'inbound',
      ).text,
    ],
  })
  writeFileSync(join(tenant.folder, 'bob-ca.crt'), readFileSync(ca.path('ca.crt')))
  tenant.people((facts) => {
    facts.anchors.push(readFileSync(ca.path('ca.crt'), 'utf8'))
    facts.people.push({ address: BOB, name: 'Bob', pgp: bobPgp })
  })
  gateway = await startGateway({
    folder: tenant.folder,
    relayPort: sink.smtpPort,
    settings: tenant.settings({
      inbound: { marks: { good: '[verified]', decrypted: '[decrypted]', bad: '[unproven]' } },
    }),
  })
}, 120_000)

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
  await sink?.close()
  ca?.[Symbol.dispose]()
  await gnupg?.[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true, force: true })
})

const crlf = (text: string) => text.replace(/\r?\n/g, '\r\n')
let count = 0

/** Runs `openssl cms` over an entity. */
function cms(input: string, ...options: readonly string[]): string {
  writeFileSync(ca.path('in.eml'), input)
  ca.run('cms', '-in', 'in.eml', '-out', 'out.eml', ...options)
  return crlf(readFileSync(ca.path('out.eml'), 'latin1'))
}
const sign = (input = INNER, ...more: readonly string[]) =>
  cms(input, '-sign', '-md', 'sha256', '-signer', 'p256.crt', '-inkey', 'p256.key', ...more)
const encryptFor = (address: string, input: string, ...more: readonly string[]) =>
  cms(input, '-encrypt', '-aes-256-cbc', ...more, join(tenant.files.directory, 'users', `${address}.pem`))

interface Sent {
  readonly from?: string
  readonly to?: readonly string[]
  readonly subject?: string
  readonly headers?: readonly string[]
}

/** Sends it as a stranger and waits for its end. */
async function receive(
  entity: string,
  { from = `Bob <${BOB}>`, to = [ANNA], subject = 'Figures', headers = [] }: Sent = {},
) {
  const head = [
    `From: ${from}`,
    `To: ${to.join(', ')}`,
    `Subject: ${subject}`,
    `Message-ID: <m${++count}@peer.example>`,
    ...headers,
  ]
  const wire = `${head.join('\r\n')}\r\n${entity.startsWith('MIME-Version') ? '' : 'MIME-Version: 1.0\r\n'}${entity}`
  const { id, reply } = await submit(gateway.smtpPort, { from: BOB, to, mail: Buffer.from(wire, 'latin1') })
  expect(reply).toMatch(/^250/)
  const recipients = await gateway.settled(id)
  await using records = await gateway.records()
  const audit = await records.read.audit({ message: id as never }).catch(() => [])
  return { id, wire, recipients, states: recipients.map(({ state }) => state), audit }
}

/** What the signed verdict says; its signature is checked by the API (below). */
function verdictOf(
  file: string,
): { readonly sta: string; readonly sig?: readonly string[]; readonly lay: string[][] } | null {
  const token = /^X-Secflow-Verdict: (\S+)$/im.exec(headerOf(file))?.[1]
  return token ? JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) : null
}
const subjectOf = (file: string) => /^Subject: (.*)$/im.exec(headerOf(file))?.[1]

describe('mail for people of ours', () => {
  it('is delivered decrypted, with the signature its reader can verify, and says who signed', async () => {
    const { states } = await receive(encryptFor(ANNA, sign()))
    expect(states).toEqual(['delivered'])
    const file = await lastMailTo(sink, ANNA)
    expect(readFileSync(file, 'latin1')).toContain('multipart/signed')
    expect(await textOf(file)).toContain('The figures are 42.')
    expect(verdictOf(file)).toMatchObject({ sta: 'good', sig: [BOB, 'p256', 'Test CA'] })
    expect(subjectOf(file)).toBe('[verified] Figures')
    writeFileSync(ca.path('delivered.eml'), readFileSync(file))
    expect(ca.succeeds('cms', '-verify', '-in', 'delivered.eml', '-CAfile', 'ca.crt', '-out', 'o.txt')).toBe(true)
  })
})
