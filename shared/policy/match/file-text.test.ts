import { expect, it } from 'vitest'
import { loadPolicy, readsFileText } from '../index.ts'

const policyWith = (rules: string) =>
  loadPolicy([
    {
      name: 'p.yaml',
      text: `apiVersion: secflow/v1\nkind: RuleSet\nmetadata: {name: p, layer: tenant, owner: o@x.example}\nspec:\n  rules:\n${rules}`,
    },
  ]).policy!

const rule = (when: string, then: string) => `    - {id: r, title: {de: r, en: r}, when: ${when}, then: [${then}]}\n`

it('words inside of files are read only where a rule asks for them', () => {
  const notify = 'notify: {to: [o@x.example], template: t}'
  expect(readsFileText(policyWith(rule('{message.direction: outbound}', notify)))).toBe(false)
  expect(readsFileText(policyWith(rule('{attachment: {any: {text: {contains: secret}}}}', notify)))).toBe(true)
  expect(readsFileText(policyWith(rule('{not: {dlp.iban: {count: {gte: 1}}}}', notify)))).toBe(true)
  const select = 'fileLink: {select: {text: {contains: secret}}, access: link, expires: 3d}'
  expect(readsFileText(policyWith(rule('{message.direction: outbound}', select)))).toBe(true)
})
