import { canonicalJson } from './canonical-json.ts'
import type { AuditEvent, AuditRecord } from './record.ts'

/** What stands before the first event of a chain. */
export const CHAIN_START = '0'.repeat(64)

/** The exact text of an event that is stored and hashed. */
export function auditText(event: AuditEvent): string {
  const { time, type, message, actor, detail } = event
  return canonicalJson({ time, type, message, actor, detail })
}

/**
 * Checks a whole chain or a part of it: every hash is SHA-256 over the previous hash in hex followed by the event's text, so
 * that `printf '%s%s' "$previous" "$text" | sha256sum` gives the same. Returns the sequence number of the first record
 * that does not fit, or null. `sha256` takes UTF-8 text and returns hex.
 */
export function firstBrokenLink(
  records: readonly AuditRecord[],
  sha256: (text: string) => string,
  start: { readonly seq: number; readonly hash: string } = { seq: 0, hash: CHAIN_START },
): number | null {
  let { seq, hash } = start
  for (const record of records) {
    seq += 1
    hash = sha256(hash + auditText(record))
    if (record.seq !== seq || record.hash !== hash) return record.seq
  }
  return null
}
