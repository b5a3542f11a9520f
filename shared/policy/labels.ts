import type { Text } from './diagnostic.ts'

export interface Label {
  readonly id: string
  readonly title: Text
  /** What it means, in a sentence; for those who choose. */
  readonly description?: Text | undefined
  /** `#rrggbb`, for a chip beside its title. */
  readonly color?: string | undefined
}

/** The tenant's data classes, lowest first. */
export interface TenantLabels {
  readonly list: readonly Label[]
  readonly default: Label
  readonly highest: Label
  /** 0 for the lowest; an unknown id ranks as the highest. */
  rank(id: string): number
  /** The effective id of a stamped one: null and `none` are the default, an unknown id is the highest. */
  resolve(id: string | null): string
}

export const STANDARD_LABELS: readonly Label[] = [
  { id: 'public', title: { de: 'Öffentlich', en: 'Public' } },
  { id: 'internal', title: { de: 'Intern', en: 'Internal' } },
  { id: 'confidential', title: { de: 'Vertraulich', en: 'Confidential' } },
  { id: 'secret', title: { de: 'Streng vertraulich', en: 'Secret' } },
]

/** `list` is not empty and holds `defaultId` when that is given; else `internal`, else the lowest is the default. */
export function tenantLabels(list: readonly Label[], defaultId?: string): TenantLabels {
  const highest = list.at(-1)!
  const standard = list.find((label) => label.id === (defaultId ?? 'internal')) ?? list[0]!
  const ranks = new Map(list.map((label, rank) => [label.id, rank]))
  return {
    list,
    default: standard,
    highest,
    rank: (id) => ranks.get(id.toLowerCase()) ?? list.length - 1,
    resolve(id) {
      // Ids are in lower case: most facts are one as they come.
      if (id !== null && id !== 'none' && ranks.has(id)) return id
      const name = id === null ? 'none' : id.trim().toLowerCase()
      if (name === 'none' || name === '') return standard.id
      return ranks.has(name) ? name : highest.id
    },
  }
}

/** No downgrade on reply: the higher of a mail's own class and that of what it answers, whatever sender or client made of it. */
export function effectiveClass(
  message: { readonly classification: string; readonly replyTo?: { readonly classification: string } | null },
  labels: TenantLabels,
): string {
  const own = labels.resolve(message.classification)
  if (!message.replyTo) return own
  const answered = labels.resolve(message.replyTo.classification)
  return labels.rank(own) >= labels.rank(answered) ? own : answered
}
