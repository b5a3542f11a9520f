/** What a change shows of before and after: the policy's own words, in one line. */
import { testKey } from '../analyse/universe.ts'
import type { ActionUse, Exception, Guarantee, Leaf, Rule } from '../ir.ts'
import { byCode } from '../text/canonical.ts'

export function actionsText(rule: Rule): string {
  const words = (uses: readonly ActionUse[]) =>
    uses.map(({ definition, params }) => `${definition.name} ${shown(params)}`.trim()).join('; ')
  const parts = rule.branches.map((branch, index) =>
    rule.choose ? `choose[${index}]: ${words(branch.actions)}` : words(branch.actions),
  )
  return [...parts, ...(rule.else.length > 0 ? [`else: ${words(rule.else)}`] : [])].join(' | ')
}

/** Parameters in one line, selectors in the words of the rule. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  if ('leaves' in value)
    return `{${(value as { leaves: readonly Leaf[] }).leaves.map((leaf) => `${leaf.name} ${leaf.tests.map((test) => testKey(test, leaf.field)).join(' ')}`).join(', ')}}`
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return entries.length === 0 ? '' : `{${entries.map(([key, one]) => `${key}: ${shown(one)}`).join(', ')}}`
}

export function exceptionText({ rule, expires, actions }: Exception): string {
  return `rule: ${rule}, expires: ${new Date(expires).toISOString()}, actions: ${[...actions].sort(byCode).join(', ') || 'all'}`
}

export function guaranteeText({ protectedBy, signedBy, orOutcome, onViolation }: Guarantee): string {
  const list = (values: readonly string[]) => [...values].sort(byCode).join(', ')
  return `protectedBy: [${list(protectedBy)}], signedBy: [${list(signedBy)}], orOutcome: [${list(orOutcome)}], onViolation: ${onViolation}`
}
