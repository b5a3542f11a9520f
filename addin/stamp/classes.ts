/**
 * The highest of several classes: a thread keeps the highest it ever had. A label that the tenant does not have counts as
 * higher than all (as at the gateway). Where the order is not known, the first one said. null for none.
 */
export function highestClass(said: readonly (string | null)[], labels: readonly string[]): string | null {
  const rank = (id: string) => {
    const at = labels.findIndex((label) => label.toLowerCase() === id.toLowerCase())
    return at < 0 ? labels.length : at
  }
  let highest: string | null = null
  for (const id of said) {
    if (id !== null && (highest === null || (labels.length > 0 && rank(id) > rank(highest)))) highest = id
  }
  return highest
}
