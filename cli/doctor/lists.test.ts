import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tenantId } from '../../shared/domain/index.ts'
import { ruleSet, rules } from '../../test/support/policy.ts'
import { checkLists } from './lists.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'secflow-doctor-lists-'))
  const asks = (list: string) => `{id: ${list}, when: {recipient.domain: {inList: ${list}}}, then: [receipt]}`
  await writeFile(
    path.join(folder, 'a.yaml'),
    ruleSet(
      `  lists:\n    good: {type: domain, from: {file: good.txt}, maxAge: 1d}\n    odd: {type: domain, from: {file: odd.txt}, maxAge: 1d}\n    far: {type: domain, from: {http: "https://lists.example/x"}, maxAge: 1d}\n${rules(asks('good'), asks('odd'), asks('far'))}`,
    ).text,
  )
  await writeFile(path.join(folder, 'good.txt'), 'x.example\ny.example\n')
  await writeFile(path.join(folder, 'odd.txt'), 'not a domain\n')
})
afterEach(() => rm(folder, { recursive: true }))

it('reads each list that the policy names and says which are none, or not allowed', async () => {
  const lists = { directory: folder, hosts: [], ldap: {} }
  expect(await checkLists({ id: tenantId('t'), policyDir: folder, lists })).toMatchObject([
    { check: 'list t tenant/good', status: 'ok', text: '2 entries' },
    { check: 'list t tenant/odd', status: 'warning', text: 'an entry is no domain: "not a domain"' },
    { check: 'list t tenant/far', status: 'warning', text: 'lists.example is not among the hosts of lists' },
  ])
  expect(await checkLists({ id: tenantId('t'), policyDir: path.join(folder, 'none'), lists })).toEqual([])
})
