import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { file, mail, recipient } from '../../test/support/policy.ts'
import type { PolicyInput } from '../domain/index.ts'
import { decide, loadPolicy } from './index.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/policy/recipes.md'), 'utf8')
const recipes = [...page.matchAll(/^## (.+)$[\s\S]*?```yaml\n([\s\S]*?)```/gm)].map(([, title = '', text = '']) => ({
  title,
  text,
}))

describe('recipes', () => {
  it('are ten', () => expect(recipes).toHaveLength(10))
  it.each(recipes)('$title', ({ text }) => {
    const { policy, diagnostics } = loadPolicy([{ name: 'recipe.yaml', text }])
    expect(diagnostics).toEqual([])
    expect(policy).not.toBeNull()
  })
  it('stand together', () => {
    const { policy, diagnostics } = loadPolicy(recipes.map(({ text }, at) => ({ name: `${at}.yaml`, text })))
    expect(diagnostics).toEqual([])
    expect(policy?.rules).toHaveLength(10)
  })

  const one = (number: number, input: PolicyInput) => {
    const { policy } = loadPolicy([{ name: 'recipe.yaml', text: recipes[number - 1]!.text }])
    return decide(policy!, input)
  }
  const cert = recipient({ keys: { smime: 'valid', pgp: 'none' }, lastContact: null })
  it.each<[number, string, PolicyInput, string, string | null]>([
    [1, 'confidential', mail({ message: { classification: 'confidential' }, recipients: [cert] }), 'deliver', 'smime'],
    [1, 'internal', mail({ recipients: [cert] }), 'deliver', null],
    [2, 'a card', mail({ message: { bodyText: '4111 1111 1111 1111' } }), 'hold', null],
    [2, 'one account', mail({ message: { bodyText: 'DE89370400440532013000' } }), 'deliver', null],
    [2, 'a PDF nobody can read', mail({ message: { bodyText: '' }, attachments: [file('a.pdf')] }), 'deliver', null],
    [
      3,
      'two diagnoses',
      mail({ message: { bodyText: 'HIV, multiple sklerose' }, recipients: [cert] }),
      'deliver',
      'smime',
    ],
    [6, 'a look-alike', mail({ recipients: [recipient({ domain: 'supp1ier.example' })] }), 'hold', null],
    [6, 'the partner', mail({ recipients: [recipient({ domain: 'supplier.example' })] }), 'deliver', null],
    [7, 'few', mail(), 'deliver', null],
    [
      8,
      'at night',
      mail({ time: '2026-03-02T23:00:00+01:00', recipients: [cert], attachments: [file('a.pdf')] }),
      'deliver',
      'smime',
    ],
    [8, 'by day', mail({ recipients: [cert], attachments: [file('a.pdf')] }), 'deliver', null],
    [10, 'HR', mail({ sender: { department: 'HR' }, recipients: [cert] }), 'deliver', 'smime'],
    [
      10,
      'HR to the exempt partner',
      mail({ sender: { department: 'HR' }, recipients: [{ ...cert, domain: 'payroll.example' }] }),
      'deliver',
      null,
    ],
  ])('%i: %s', (number, _, input, outcome, method) => {
    expect(one(number, input).recipients[0]).toMatchObject({ outcome, method })
  })
  it('4 takes the large files, 5 tells everybody', () => {
    const attachments = [file('a.step', 30_000_000, { index: 0 }), file('b.txt', 10, { index: 1 })]
    expect(one(4, mail({ attachments })).recipients[0]!.steps).toMatchObject([{ do: 'fileLink', attachments: [0] }])
    expect(
      one(5, mail({ message: { subject: 'an #NIS2 case' } }))
        .once.map((step) => step.do)
        .sort(),
    ).toEqual(['bcc', 'deliverTo', 'incident'])
  })
})
