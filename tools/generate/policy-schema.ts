import { ruleSetSchema } from '../../shared/policy/index.ts'

/** `docs/policy/ruleset.schema.json`: what editors complete and check rule sets with. */
export function generate(): { path: string; content: string }[] {
  return [{ path: 'docs/policy/ruleset.schema.json', content: `${JSON.stringify(ruleSetSchema(), null, 2)}\n` }]
}
