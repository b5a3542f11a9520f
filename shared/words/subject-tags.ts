import type { Protection } from '../domain/index.ts'
import { PROTECTION_TOKENS, parseProtection } from './protection.ts'

/** A word in the subject that stands for an intent: Secflow's own, or a foreign gateway's that a tenant maps. */
export interface SubjectTag {
  /** As typed, with its brackets: `[encrypt]`, `CRYPT`. */
  readonly tag: string
  readonly place: 'anywhere' | 'start' | 'end' | 'start-or-end'
  readonly caseSensitive: boolean
  /** Value in the grammar of `X-Secflow-Protection`. */
  readonly protection?: string
  /** Label id. */
  readonly classification?: string
}

const bracket = (token: string): SubjectTag => ({
  tag: `[${token}]`,
  place: 'start-or-end',
  caseSensitive: false,
  protection: token,
})

/** Secflow's own tags; they hold for every tenant. */
export const OWN_TAGS: readonly SubjectTag[] = PROTECTION_TOKENS.filter((token) => token !== 'none').map(bracket)

export interface SubjectIntent {
  /** Without the tags, as it may leave. */
  readonly subject: string
  readonly protection: readonly Protection[]
  readonly classification: readonly string[]
  /** Tags that were found, as the mapping writes them. */
  readonly tags: readonly string[]
}

/**
 * Finds tags in a decoded subject and takes them out. A tag that ends in a letter or digit needs a word border there (`CRYPT` is
 * not in `CRYPTO`). Tags at a border may follow each other: `[sign] [pdf] Offer`. A subject without a tag comes back as it is.
 */
export function readSubjectTags(subject: string, tenantTags: readonly SubjectTag[] = []): SubjectIntent {
  const known = [...OWN_TAGS, ...tenantTags].filter(({ tag }) => tag.trim() !== '')
  const found: SubjectTag[] = []
  let rest = subject
  if (firstHit(subject, known) && subject.length > SUBJECT_MAX) rest = subject.slice(0, SUBJECT_MAX).toWellFormed()
  // Every round takes at least one character out of the subject.
  for (;;) {
    const hit = firstHit(rest, known)
    if (!hit) break
    found.push(hit.tag)
    rest = joined(rest.slice(0, hit.at), rest.slice(hit.at + hit.length))
  }
  if (found.length === 0) return { subject, protection: [], classification: [], tags: [] }
  return {
    subject: rest,
    protection: parseProtection(found.flatMap(({ protection }) => protection ?? [])).protection,
    classification: [...new Set(found.flatMap(({ classification }) => classification ?? []))],
    tags: [...new Set(found.map(({ tag }) => tag))],
  }
}

/** A subject with tags is cut here: taking tags out of more would cost time out of proportion. */
const SUBJECT_MAX = 4_096

function firstHit(
  subject: string,
  tags: readonly SubjectTag[],
): { tag: SubjectTag; at: number; length: number } | null {
  const folded = foldCase(subject)
  for (const tag of tags) {
    const text = tag.caseSensitive ? subject : folded
    const word = tag.caseSensitive ? tag.tag.trim() : foldCase(tag.tag.trim())
    const at = positions(text, word, tag.place).find((position) => standsAlone(text, word, position))
    if (at !== undefined) return { tag, at, length: word.length }
  }
  return null
}

/** Case folding that keeps the length, so that positions hold in the original (`İ` becomes two characters in lower case). */
function foldCase(text: string): string {
  return text.replace(/\p{L}/gu, (letter) => {
    const lower = letter.toLowerCase()
    return lower.length === letter.length ? lower : letter
  })
}

function positions(text: string, word: string, place: SubjectTag['place']): number[] {
  const start = text.length - text.trimStart().length
  const end = text.trimEnd().length - word.length
  if (place === 'anywhere') {
    const all: number[] = []
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) all.push(at)
    return all
  }
  const atStart = text.startsWith(word, start) ? [start] : []
  const atEnd = end >= 0 && text.startsWith(word, end) ? [end] : []
  return place === 'start' ? atStart : place === 'end' ? atEnd : [...atStart, ...atEnd]
}

function standsAlone(text: string, word: string, at: number): boolean {
  const letter = /[\p{L}\p{N}]/u
  const before = text[at - 1]
  const after = text[at + word.length]
  return (
    !(before && letter.test(before) && letter.test(word[0]!)) &&
    !(after && letter.test(after) && letter.test(word.at(-1)!))
  )
}

function joined(before: string, after: string): string {
  const left = before.trimEnd()
  const right = after.trimStart()
  return left && right ? `${left} ${right}` : left + right
}
