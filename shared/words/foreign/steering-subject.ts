import { parseProtection, serializeProtection } from '../protection.ts'
import { readSubjectTags, type SubjectIntent, type SubjectTag } from '../subject-tags.ts'
import type { ForeignIntent } from './mapping.ts'
import { literalTags, readForeignSubject, unsafeTags } from './read-intent.ts'

export interface SteeringSubject extends SubjectIntent {
  /** Whether a form of another product is among `tags`. */
  readonly foreign: boolean
  /** For the audit: unsafe forms. They never repeat what a form carries. */
  readonly warnings: readonly string[]
}

/** Everything in a decoded subject that steers: Secflow's own tags, the tenant's, those of the products it understands. */
export function readSteeringSubject(
  subject: string,
  tenantTags: readonly SubjectTag[],
  foreign: ForeignIntent,
): SteeringSubject {
  const theirs = literalTags(foreign)
  const known = [...tenantTags, ...theirs]
  const first = readSubjectTags(subject, known)
  if (foreign.products.length === 0) return { ...first, foreign: false, warnings: [] }
  const carried = readForeignSubject(first.subject, foreign)
  // What stood behind a tag with a parameter is at the border now.
  const last = readSubjectTags(carried.subject, known)
  const tags = [...first.tags, ...carried.found, ...last.tags]
  const warnings = unsafeTags(tags, foreign).map((tag) => `${tag} is unsafe`)
  return {
    subject: last.subject,
    protection: parseProtection([
      ...[first, last].map(({ protection }) => serializeProtection(protection)).filter(Boolean),
      ...carried.protection,
    ]).protection,
    classification: [...new Set([...first.classification, ...carried.classification, ...last.classification])],
    tags: [...new Set(tags)],
    foreign: carried.found.length > 0 || tags.some((tag) => theirs.some((one) => one.tag === tag)),
    warnings: [...new Set([...carried.warnings, ...warnings])],
  }
}
