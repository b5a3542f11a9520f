/** One data class of the tenant; a list of them goes from the lowest to the highest. */
export interface Label {
  readonly id: string
}

/** The effective class and what an auditor should know about how it came to be. */
export interface ResolvedClassification {
  readonly label: string
  readonly notes: readonly string[]
}

/**
 * Makes one label of what the sender said (values of X-Secflow-Classification, subject tags; CONTRACT, Headers): nothing or `none`
 * is the tenant's default, an unknown label is the highest, of several the strictest counts. Case and outer white space do not
 * matter. `labels` is not empty, lowest first. Never throws.
 */
export function resolveClassification(
  said: readonly string[],
  labels: readonly Label[],
  defaultLabel: string,
): ResolvedClassification {
  const notes: string[] = []
  const highest = labels.length - 1
  const rankOf = (id: string) => labels.findIndex((label) => label.id.toLowerCase() === id)
  const standard = Math.max(0, rankOf(defaultLabel.trim().toLowerCase()))
  let rank = -1
  for (const value of said) {
    const id = value.trim().toLowerCase()
    const known = id === 'none' ? standard : rankOf(id)
    if (known < 0) notes.push(`unknown label ${quote(value)} counts as ${labels[highest]?.id ?? ''}`)
    rank = Math.max(rank, known < 0 ? highest : known)
  }
  const label = labels[rank < 0 ? standard : rank]?.id ?? defaultLabel
  if (new Set(said.map((value) => value.trim().toLowerCase())).size > 1) {
    notes.push(`more than one label (${said.slice(0, 8).map(quote).join(', ')}): the strictest, ${label}, counts`)
  }
  return { label, notes }
}

const quote = (value: string) => JSON.stringify(value.trim().slice(0, 60))
