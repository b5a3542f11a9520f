/** How a tenant has its S/MIME written: header hidden, signed on both sides of the encryption, AES-GCM for a peer that reads it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { demoFiles } from '../../server/demo/tenant.ts'
import { lastMailTo } from '../support/delivered.ts'
import { type Gateway, startGateway } from '../support/gateway.ts'
import { type OwnTenant, ownTenant } from '../support/own-tenant.ts'
import { scenarioOf, sendScenario } from '../support/scenario.ts'

const CERT = 'cert@partner.example'

let tenant: OwnTenant
let gateway: Gateway
let wire = ''
let subject = ''
beforeAll(async () => {
  tenant = await ownTenant({ outside: 'http://127.0.0.1:9' })
  tenant.people(({ people }) => {
    for (const person of people) if (person.address === CERT) person.smimeReads = ['aes256-gcm']
  })
  const smime = { headerProtection: 'obscure', tripleWrap: true, rsaSignature: 'pss' }
  gateway = await startGateway({ folder: tenant.folder, settings: tenant.settings({ smime }) })
  const scenario = scenarioOf('S5')
  const mail = await sendScenario(gateway, scenario, [CERT])
  subject = /^Subject: (.*)$/m.exec(readFileSync(mail.file, 'utf8'))![1]!.trim()
  wire = await lastMailTo(gateway.sink, CERT)
}, 120_000)
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  tenant?.[Symbol.dispose]()
})

it('openssl verifies, decrypts and verifies it, and finds the subject inside only', () => {
  const at = (name: string) => join(gateway.folder, name)
  const openssl = (...args: string[]) => execFileSync('openssl', ['cms', ...args], { stdio: 'pipe' })
  const { certificate, key } = demoFiles(gateway.folder).peer(CERT)
  const { ca } = demoFiles(gateway.folder)
  const outside = readFileSync(wire, 'utf8')
  expect(outside).toMatch(/^Subject: \[\.\.\.\]\r?$/m)
  expect(outside).not.toContain(subject)
  openssl('-verify', '-in', wire, '-CAfile', ca, '-out', at('encrypted'))
  expect(readFileSync(at('encrypted'), 'utf8')).toContain('smime-type=authEnveloped-data')
  openssl('-decrypt', '-in', at('encrypted'), '-recip', certificate, '-inkey', key, '-out', at('signed'))
  openssl('-verify', '-in', at('signed'), '-CAfile', ca, '-out', at('content'))
  const content = readFileSync(at('content'), 'utf8')
  const header = content.slice(0, content.indexOf('\r\n\r\n'))
  expect(header).toContain(`\r\nSubject: ${subject}\r\n`)
  expect(header).toContain('\r\nHP-Outer: Subject: [...]\r\n')
  expect(header).toMatch(/hp="cipher"/)
})
