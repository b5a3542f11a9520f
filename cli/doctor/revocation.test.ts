/** What `secflow doctor` says of revocation lists, with authorities and lists that openssl made. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { keyRecordOfAnchor, keyRecordOfPeer } from '../../server/keys/records.ts'
import { crlRecord, putCrl } from '../../server/keys/revocation-record.ts'
import { openStore } from '../../server/platform/database/open.ts'
import { tenantId } from '../../shared/domain/index.ts'
import { type OpensslCa, opensslCa } from '../../test/support/openssl-ca.ts'
import { findingIn } from './finding.ts'
import { checkRevocation } from './revocation.ts'

const DAY = 86_400_000
const BOB = 'bob@partner.example'
const CRL = ['ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key', '-gencrl']
const now = Date.now()
const stamp = (days: number) => `${new Date(now + days * DAY).toISOString().replace(/\D/g, '').slice(0, 14)}Z`
const day = (days: number) => new Date(now + days * DAY).toISOString().slice(0, 10)

let ca: OpensslCa
let stranger: OpensslCa
beforeAll(() => {
  ca = opensslCa(BOB)
  stranger = opensslCa(BOB)
  for (const one of [ca, stranger]) {
    writeFileSync(one.path('index.txt'), '')
    writeFileSync(one.path('ca.cnf'), '[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\ndefault_md=sha256\n')
    one.run('ca', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key', '-revoke', 'p256.crt')
    for (const [name, from, until] of [
      ['now.crl', -3, 7],
      ['old.crl', -40, -10],
    ] as const)
      one.run(...CRL, '-crl_lastupdate', stamp(from), '-crl_nextupdate', stamp(until), '-out', name)
  }
})
afterAll(() => {
  ca[Symbol.dispose]()
  stranger[Symbol.dispose]()
})

let folder: string
let file: string
let count = 0
beforeEach(() => {
  folder = path.join(ca.directory, `house-${++count}`)
  mkdirSync(folder)
  file = path.join(folder, 'secflow.db')
})

const read = (name: string, of = ca) => readFileSync(of.path(name), 'utf8')
/** A facts file of these lists, Bob's certificate and its anchor. */
function facts({ crls = [] as readonly string[], anchor = true, people = true }): string {
  writeFileSync(path.join(folder, 'ca.pem'), read('ca.crt'))
  writeFileSync(path.join(folder, 'bob.pem'), read('rsa2048.crt'))
  for (const [at, text] of crls.entries()) writeFileSync(path.join(folder, `${at}.pem`), text)
  const lines = [
    `crls: [${crls.map((_, at) => `${at}.pem`).join(', ')}]`,
    `anchors: [${anchor ? 'ca.pem' : ''}]`,
    ...(people ? [`people:\n  - address: ${BOB}\n    smime: bob.pem`] : []),
  ]
  writeFileSync(path.join(folder, 'people.yaml'), `${lines.join('\n')}\n`)
  return path.join(folder, 'people.yaml')
}
/** Keeps Bob's certificate, its anchor and these lists as a gateway that runs has them. */
async function stored(crls: readonly string[]) {
  const store = await openStore({ kind: 'sqlite', file }, { clock: { now: () => now } })
  const lists = await Promise.all(crls.map((name) => crlRecord(readFileSync(ca.path(name)), now)))
  await store.tenant(tenantId('acme')).write(async (tx) => {
    await tx.putKey(keyRecordOfAnchor(read('ca.crt'), now))
    await tx.putKey(keyRecordOfPeer(BOB, read('rsa2048.crt'), now))
    for (const { record } of lists) await putCrl(tx, record)
  })
  await store.close()
}
async function check(people: string | null, at = now, revocation: { required?: boolean; fetch?: boolean } = {}) {
  const settings = { required: false, fetch: false, hosts: [], ...revocation }
  const tenants = [{ id: tenantId('acme'), people, revocation: settings }]
  return checkRevocation({ database: { kind: 'sqlite', file }, tenants }, at)
}
const texts = (findings: Awaited<ReturnType<typeof check>>, language: 'de' | 'en' = 'en') =>
  findings.map((one) => {
    const { check: name, status, text } = findingIn(language, one)
    expect(name).toBe('revocation acme')
    return `${status}: ${text}`
  })

it('a list that was imported is named with its authority, its age and its end', async () => {
  await stored(['now.crl'])
  const found = await check(null)
  expect(texts(found)).toEqual([`ok: list of Test CA, 1 revoked, 3 days old, until ${day(7)}`])
  expect(texts(found, 'de')).toEqual([`ok: Sperrliste von Test CA, 1 gesperrt, 3 Tage alt, bis ${day(7)}`])
})

it('one that ran out is a warning, in the language that was asked for', async () => {
  await stored(['old.crl'])
  const found = await check(null)
  expect(texts(found)).toEqual([`warning: the list of Test CA ran out on ${day(-10)}, it is 40 days old`])
  expect(texts(found, 'de')).toEqual([
    `warning: die Sperrliste von Test CA lief am ${day(-10)} ab, sie ist 40 Tage alt`,
  ])
  expect(findingIn('de', found[0]!).mend).toContain('secflow keys import-crl')
  await stored(['now.crl'])
  expect(texts(await check(null))).toEqual([expect.stringMatching(/^ok: /)])
  expect(texts(await check(null, now + 8 * DAY))).toEqual([expect.stringContaining(`ran out on ${day(7)}`)])
})

it('an authority whose certificate is in use and that has no list is a warning; where lists are required, an error', async () => {
  await stored([])
  expect(texts(await check(null))).toEqual(['warning: no list of Test CA, which issued 1 of the certificates in use'])
  const required = await check(null, now, { required: true, fetch: true })
  expect(texts(required)).toEqual([
    'error: no list of Test CA, which issued 1 of the certificates in use, so they are not trusted',
  ])
  expect(findingIn('en', required[0]!).mend).toContain('revocation.unreachable')
  expect(texts(required, 'de')).toEqual([expect.stringContaining('keine Sperrliste von Test CA, von wo 1 ')])
  // Nobody uses it any more.
  expect(await check(null, now + 21 * DAY)).toEqual([])
})

it('a list of somebody else under the same name does not count', async () => {
  const people = facts({ crls: [read('now.crl', stranger)] })
  expect(texts(await check(people))).toEqual([
    'warning: no authority that you trust signed the list of Test CA: it counts for nothing',
  ])
})

it('before the first start the facts file alone counts, and nothing is made', async () => {
  expect(texts(await check(facts({})))).toEqual([expect.stringContaining('no list of Test CA')])
  expect(texts(await check(facts({ crls: [read('now.crl')] })))).toEqual([
    expect.stringMatching(/^ok: list of Test CA/),
  ])
  expect(() => readFileSync(file)).toThrow('ENOENT')
})

it('the newer one of file and store counts, and is named once', async () => {
  await stored(['now.crl'])
  expect(texts(await check(facts({ crls: [read('old.crl')] })))).toEqual([expect.stringMatching(/^ok: .* 3 days old/)])
})

it('one that cannot be read is an error', async () => {
  const broken = '-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n'
  expect(texts(await check(facts({ crls: [broken], anchor: false, people: false })))).toEqual([
    expect.stringMatching(/^error: a revocation list cannot be used/),
  ])
})

it('a store that the next start has to change is left alone', async () => {
  await stored(['now.crl'])
  const { default: BetterSqlite } = await import('better-sqlite3')
  const connection = new BetterSqlite(file)
  connection.exec('delete from schema_migration where rowid = (select max(rowid) from schema_migration)')
  connection.close()
  const before = readFileSync(file)
  expect(await check(null)).toEqual([])
  expect(readFileSync(file).equals(before)).toBe(true)
})
