import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Config } from '../../server/config.ts'
import { checkKeys } from './keys.ts'

const CORPUS = path.resolve(import.meta.dirname, '../../test/support/cms')

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'secflow-doctor-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Findings on a facts file that names one list, at a time. */
function findings(list: string, now: number) {
  const people = path.join(folder, 'people.yaml')
  writeFileSync(path.join(folder, 'a.pem'), `-----BEGIN X509 CRL-----\n${list}\n-----END X509 CRL-----\n`)
  writeFileSync(people, 'crls: [a.pem]\n')
  const config = {
    smtp: { tls: null, host: '127.0.0.1', hostname: 'mail.acme.example' },
    tenants: [{ id: 'acme', people }],
  }
  return checkKeys(config as unknown as Config, now).filter(({ check }) => check.startsWith('revocation'))
}
const revoked = () => readFileSync(path.join(CORPUS, 'revoked.crl')).toString('base64')

it('a revocation list of the facts file is named with its authority and its end', () => {
  expect(findings(revoked(), Date.UTC(2027, 0, 1))).toMatchObject([
    { check: 'revocation acme', status: 'ok', text: 'list of List CA, 3 revoked, until 2036-11-20' },
  ])
})

it('one that ran out is a warning', () => {
  expect(findings(revoked(), Date.UTC(2040, 0, 1))).toMatchObject([
    { check: 'revocation acme', status: 'warning', text: 'the list of List CA ran out on 2036-11-20' },
  ])
})

it('one that cannot be read is an error', () => {
  expect(findings('MAA=', Date.UTC(2027, 0, 1))).toMatchObject([{ check: 'revocation acme', status: 'error' }])
})
