import type { Language, Vocabulary } from '../../shared/contract/index.ts'
import { type Policy, vocabulary } from '../../shared/policy/index.ts'

/** What senders under this policy may choose, as the API names it. */
export function vocabularyOf(policy: Policy, language: Language): Vocabulary {
  const { labels, protections } = vocabulary(policy, language)
  return {
    language,
    labels: labels.map(({ id, title, description, color }, rank) => ({ id, name: title, description, rank, color })),
    defaultLabel: labels.find(({ standard }) => standard)?.id ?? null,
    protections: protections.map(({ token, title, description, parameters }) => ({
      token,
      name: title,
      description,
      parameters: [...parameters],
    })),
  }
}
