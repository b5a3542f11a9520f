/** What stands in the place of a bundle when an operator went back to an older version: its serial, and nothing that could decide. */
const ROLLBACK = /^\{"rollbackTo":([1-9]\d{0,15})\}$/

/** Longer than any rollback, shorter than any bundle: tells the two apart without reading megabytes. */
export const MAX_ROLLBACK = 64

export function rollbackTo(serial: number): string {
  return JSON.stringify({ rollbackTo: serial })
}

/** The serial of the version whose bundle serves; null for a bundle of its own. */
export function rolledBackTo(bundle: string): number | null {
  const serial = bundle.length <= MAX_ROLLBACK ? ROLLBACK.exec(bundle)?.[1] : undefined
  return serial === undefined ? null : Number(serial)
}
