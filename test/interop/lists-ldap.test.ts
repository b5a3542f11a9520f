/** A list of a policy out of a real directory. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listReader } from '../../server/platform/lists/reader.ts'
import type { ListOrigin } from '../../shared/policy/index.ts'
import { openSlapd, type Slapd } from '../support/slapd.ts'

const PEOPLE = Array.from({ length: 1_200 }, (_, i) => `p${i}`)
const query = (more: Partial<Extract<ListOrigin, { kind: 'ldap' }>> = {}): ListOrigin => ({
  kind: 'ldap',
  server: 'corp',
  base: 'ou=people,dc=corp,dc=example',
  filter: '(objectClass=inetOrgPerson)',
  attribute: 'mail',
  ...more,
})

let slapd: Slapd
beforeAll(async () => {
  slapd = await openSlapd(PEOPLE)
})
afterAll(() => slapd?.[Symbol.asyncDispose]())

function reader({
  tls = true,
  password = slapd.admin.password,
  ca = [slapd.ca],
  bindDn = slapd.admin.dn as string | null,
} = {}) {
  const url = tls ? `ldaps://localhost:${slapd.tlsPort}` : `ldap://localhost:${slapd.port}`
  return listReader({
    directory: null,
    http: { hosts: [], ca: [] },
    ldap: { corp: { url, bindDn, password, ca, timeoutMs: 5_000 } },
  })
}

it.each([
  ['TLS', true],
  ['StartTLS', false],
])('comes whole over %s, page by page', async (_what, tls) => {
  const read = await reader({ tls }).read(query(), null)
  expect([...(read?.values ?? [])].sort()).toEqual(PEOPLE.map((name) => `${name}@corp.example`).sort())
})

it('is what the filter and the attribute say', async () => {
  expect((await reader().read(query({ filter: '(|(uid=p7)(uid=p9))', attribute: 'uid' }), null))?.values).toEqual([
    'p7',
    'p9',
  ])
  expect((await reader().read(query({ filter: '(uid=nobody)' }), null))?.values).toEqual([])
})

it.each([
  ['a wrong password', () => reader({ password: 'wrong' }), query(), 'effect-refused'],
  ['a base that is not there', () => reader(), query({ base: 'ou=none,dc=corp,dc=example' }), 'effect-refused'],
  ['a filter that is none', () => reader(), query({ filter: '(((' }), 'effect-unreachable'],
  ['a certificate nobody trusts', () => reader({ ca: [] }), query(), 'effect-unreachable'],
  ['StartTLS with a certificate nobody trusts', () => reader({ tls: false, ca: [] }), query(), 'effect-unreachable'],
  ['nobody signed in', () => reader({ bindDn: null }), query(), 'effect-refused'],
  ['a server that is not configured', () => reader(), query({ server: 'other' }), 'effect-refused'],
])('is none with %s, and the fault shows no password', async (_what, open, origin, code) => {
  const fault = await open()
    .read(origin, null)
    .then(
      () => null,
      (error: { code: string; detail: string }) => error,
    )
  expect(fault?.code).toBe(code)
  expect(fault?.detail).not.toContain(slapd.admin.password)
})
