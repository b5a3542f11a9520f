/** The engine as a browser loads it: a policy from its bundle, decisions and explanations. Large tables follow when needed. */
import type { Decision, PolicyInput } from '../../domain/index.ts'
import { type ReadBundle, type ReadOptions, readBundle } from '../bundle/read.ts'
import { decide } from '../evaluate/decide.ts'
import type { Explanation } from '../explain/explain.ts'
import type { Policy } from '../policy.ts'
import { complete } from './pending.ts'

export { showOnce, showStep } from '../show.ts'
export { vocabulary } from '../vocabulary.ts'

/** As `readBundle`. */
export function openPolicy(bundle: string, options: ReadOptions): Promise<ReadBundle> {
  return complete(() => readBundle(bundle, options))
}

/** As `decide`. */
export function decideMail(policy: Policy, input: PolicyInput): Promise<Decision> {
  return complete(() => decide(policy, input))
}

/** As `explain`; its code is fetched on first use. */
export async function explainMail(policy: Policy, input: PolicyInput): Promise<Explanation> {
  const { explain } = await import('../explain/explain.ts')
  return complete(() => explain(policy, input))
}

/** As `explainText`, which is fetched with it. */
export async function explainInWords(explanation: Explanation, language: 'de' | 'en'): Promise<string> {
  const { explainText } = await import('../explain/text.ts')
  return explainText(explanation, language)
}
