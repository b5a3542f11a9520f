import { describe, expect, it } from 'vitest'
import { ruleSet, rules } from '../../test/support/policy.ts'
import { loadPolicy } from './index.ts'
import { vocabulary } from './vocabulary.ts'

function labelsOf(spec: string, language: 'de' | 'en' = 'en') {
  const { policy, diagnostics } = loadPolicy([ruleSet(spec)])
  if (!policy) throw new Error(diagnostics.map(({ text }) => text.en).join('\n'))
  return vocabulary(policy, language).labels
}

describe('labels as a person chooses among them', () => {
  it('are the usual four where a policy names none, each with a sentence and a colour', () => {
    const plain = rules('{id: r, when: {message.direction: outbound}, then: [{reject: {text: no}}]}')
    for (const language of ['de', 'en'] as const) {
      const labels = labelsOf(plain, language)
      expect(labels.map(({ id }) => id)).toEqual(['public', 'internal', 'confidential', 'secret'])
      expect(new Set(labels.map(({ color }) => color)).size).toBe(4)
      for (const { description, title } of labels) expect([title, description]).not.toContain('')
    }
    expect(labelsOf(plain, 'de')).not.toEqual(labelsOf(plain, 'en'))
  })

  it("say what the policy's own say of themselves, and are coloured from calm to alarming otherwise", () => {
    const own = `  labels:
    - { id: open, title: { de: Offen, en: Open } }
    - id: patient
      title: { de: Patientendaten, en: Patient data }
      description: { de: Nur für Behandelnde, en: For those who treat }
      color: "#8764b8"
  defaultLabel: open`
    expect(labelsOf(own)).toMatchObject([
      { id: 'open', description: '', color: '#107c10', standard: true },
      { id: 'patient', description: 'For those who treat', color: '#8764b8', highest: true },
    ])
    expect(labelsOf(own, 'de')[1]!.description).toBe('Nur für Behandelnde')
  })

  it('take no colour that is none', () => {
    const { policy } = loadPolicy([ruleSet('  labels: [{ id: open, title: { de: O, en: O }, color: red }]')])
    expect(policy).toBeNull()
  })
})
