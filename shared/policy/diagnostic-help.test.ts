import { describe, expect, it } from 'vitest'
import { ruleSet } from '../../test/support/policy.ts'
import { analysePolicy } from './analyse/findings.ts'
import { diagnosticHelp } from './diagnostic-help.ts'
import { messages } from './diagnostic-texts.ts'
import { loadPolicy } from './load.ts'

describe('help for findings', () => {
  it.each(Object.entries(diagnosticHelp).filter(([, { example }]) => example !== undefined))(
    'the example of %s raises it',
    (code, { example = '', layer = 'tenant' }) => {
      const file = example.startsWith('apiVersion') ? { name: 'a.yaml', text: example } : ruleSet(example, layer)
      const { diagnostics, policy } = loadPolicy([file])
      const findings = policy ? analysePolicy(policy).findings : []
      expect([...diagnostics, ...findings].map((one) => one.code)).toContain(code)
    },
  )
  it('knows no code that does not exist', () => {
    for (const code of Object.keys(diagnosticHelp)) expect(messages).toHaveProperty(code)
  })
})
