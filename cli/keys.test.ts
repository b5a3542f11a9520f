/** `secflow keys` against a gateway: who may, what is done, and what the audit says of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type App, createHttpApp } from '../server/http/app.ts'
import { keyRecordOfAnchor } from '../server/keys/records.ts'
import { standingPasswordRecord } from '../server/keys/standing-password.ts'
import { type CLIENTS, type TestHouse, tenant, testHouse } from '../test/support/http-services.ts'
import { type OpensslCa, opensslCa } from '../test/support/openssl-ca.ts'
import { registerKeys } from './keys.ts'

const BOB = 'bob@partner.example'

let ca: OpensslCa
let stranger: OpensslCa
let house: TestHouse
let app: App
let url: string
beforeAll(async () => {
  ca = opensslCa(BOB)
  stranger = opensslCa(BOB)
  for (const one of [ca, stranger]) {
    writeFileSync(one.path('index.txt'), '')
    writeFileSync(
      one.path('ca.cnf'),
      '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=7\n',
    )
    one.run(...CRL, '-revoke', 'p256.crt')
    one.run(...CRL, '-gencrl', '-out', 'now.crl')
  }
  ca.run(
    ...CRL,
    '-gencrl',
    '-crl_lastupdate',
    '20200101000000Z',
    '-crl_nextupdate',
    '20200108000000Z',
    '-out',
    'old.crl',
  )
  ca.run('crl', '-in', 'now.crl', '-outform', 'DER', '-out', 'now.der')
})
const CRL = ['ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key']
afterAll(async () => {
  ca[Symbol.dispose]()
  stranger[Symbol.dispose]()
  await app.close()
  await house[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await app?.close()
  await house?.[Symbol.asyncDispose]()
  house = await testHouse()
  app = await createHttpApp(house.services)
  url = await app.listen({ port: 0, host: '127.0.0.1' })
  const { store, secrets } = house.services
  await store.tenant(tenant).write(async (tx) => {
    await tx.putKey(keyRecordOfAnchor(readFileSync(ca.path('ca.crt'), 'utf8'), 1))
    await tx.putKey(standingPasswordRecord(secrets, { tenant, address: BOB, now: 1 }, 'lusab-babad'))
  })
})

async function secflow(client: keyof typeof CLIENTS, ...args: readonly string[]) {
  const answer = await app.inject({
    method: 'POST',
    url: '/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: `grant_type=client_credentials&client_id=${client}&client_secret=right`,
  })
  const lines: string[] = []
  const out = (text: string) => void lines.push(text)
  let code = -1
  const exit = (status: number) => {
    code = status
  }
  const program = new Command().exitOverride()
  const io = { out, err: out, exit, cwd: ca.directory, color: false }
  registerKeys(program, io, { env: { SECFLOW_TOKEN: answer.json().access_token, SECFLOW_URL: url } })
  await program.parseAsync(['keys', ...args], { from: 'user' })
  return { code, text: lines.join('\n') }
}
const reason = ['--reason', 'asked by phone']
const passwords = () => house.services.store.tenant(tenant).read.keys({ kind: 'password' })

it('a standing password is forgotten, in whatever case the address is typed, and the audit says who and why', async () => {
  const { code, text } = await secflow('helpdesk', 'renew-password', 'Bob@Partner.example', ...reason)
  expect([code, text]).toEqual([0, `Forgotten: the next mail to ${BOB} makes a new password and sends it.`])
  expect(await passwords()).toEqual([])
  expect(await house.events('password.renewed')).toEqual([{ address: BOB, reason: 'asked by phone' }])
  const again = await secflow('helpdesk', 'renew-password', BOB, ...reason, '--lang', 'de')
  expect(again.code).toBe(1)
  expect(again.text).toContain(BOB)
})

it('says so in German and as JSON', async () => {
  const { text } = await secflow('helpdesk', 'renew-password', BOB, ...reason, '--lang', 'de')
  expect(text).toContain('erzeugt und versendet ein neues Passwort')
  await house.services.store
    .tenant(tenant)
    .write((tx) => tx.putKey(standingPasswordRecord(house.services.secrets, { tenant, address: BOB, now: 2 }, 'x')))
  const { text: json } = await secflow('helpdesk', 'renew-password', BOB, ...reason, '--json')
  expect(JSON.parse(json)).toEqual({ address: BOB })
})

it('who may not is refused, and nothing changes', async () => {
  expect((await secflow('anna', 'renew-password', BOB, ...reason)).code).toBe(1)
  expect((await secflow('helpdesk', 'import-crl', 'now.crl', ...reason)).code).toBe(1)
  expect(await passwords()).toHaveLength(1)
  expect(await house.events('password.renewed')).toEqual([])
})

it('a revocation list of an authority of ours is kept, PEM or DER; one that ran out is named with exit status 1', async () => {
  const old = await secflow('keeper', 'import-crl', 'old.crl', ...reason)
  expect([old.code, old.text]).toEqual([0, 'Imported: Test CA, 1 revoked, until 2020-01-08T00:00:00.000Z'])
  const stale = await secflow('keeper', 'crls')
  expect([stale.code, stale.text]).toEqual([1, 'RAN OUT  Test CA, 1 revoked, until 2020-01-08T00:00:00.000Z'])
  expect((await secflow('keeper', 'import-crl', 'now.der', ...reason)).code).toBe(0)
  const fine = await secflow('keeper', 'crls', '--json')
  expect([fine.code, JSON.parse(fine.text)]).toMatchObject([
    0,
    { lists: [{ authority: 'Test CA', revoked: 1, stale: false }] },
  ])
  expect(await house.events('crl.imported')).toMatchObject([
    { authority: 'Test CA' },
    { authority: 'Test CA', revoked: 1 },
  ])
})

it('a list that is older, of a stranger, or none at all is refused', async () => {
  await secflow('keeper', 'import-crl', 'now.crl', ...reason)
  for (const [file, why] of [
    ['old.crl', 'a newer list of this authority is there'],
    [stranger.path('now.crl'), 'none of your authorities signed it'],
    ['ca.crt', 'neither DER nor PEM of a revocation list'],
  ] as const) {
    const { code, text } = await secflow('keeper', 'import-crl', file, ...reason)
    expect([code, text.includes(why)], text).toEqual([1, true])
  }
  expect((await secflow('keeper', 'import-crl', 'not-there.crl', ...reason)).code).toBe(3)
})
