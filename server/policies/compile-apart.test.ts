import { expect, it } from 'vitest'
import { loadPolicy } from '../../shared/policy/index.ts'
import { compileApart } from './compile-apart.ts'
import { sha256 } from './native.ts'

const rules = (count: number, more = '') =>
  `apiVersion: secflow/v1\nkind: RuleSet\nmetadata: {name: many, layer: tenant, owner: o@x.example}\nspec:\n  rules:\n${Array.from(
    { length: count },
    (_, i) => `    - {id: r${i}, when: {recipient.domain: d${i}.example}, then: [{protect: {anyOf: [smime]}}]}\n`,
  ).join('')}${more}`

it('gives the policy that the same files give in place, and lets other work go on meanwhile', async () => {
  const files = [{ name: 'many.yaml', text: rules(2000) }]
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const apart = await compileApart(files)
  clearInterval(timer)
  const here = loadPolicy(files, { sha256 })
  expect(apart.policy?.revision).toBe(here.policy?.revision)
  expect(apart.canonical).toEqual(here.canonical)
  expect(apart.diagnostics).toEqual(here.diagnostics)
  expect(turns).toBeGreaterThan(10)
})

it('names mistakes with the places of the files, also of large ones', async () => {
  const files = [
    { name: 'many.yaml', text: rules(2000, '    - {id: odd, when: {recipient.domian: x.example}, then: [receipt]}\n') },
  ]
  const { policy, diagnostics } = await compileApart(files)
  expect(policy).toBeNull()
  expect(diagnostics).toEqual(loadPolicy(files).diagnostics)
  expect(diagnostics[0]).toMatchObject({ code: 'unknown-field', line: 2006, suggestion: 'recipient.domain' })
})
