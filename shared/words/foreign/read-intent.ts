import type { SubjectTag } from '../subject-tags.ts'
import type { ForeignFlag, ForeignHeaderForm, ForeignIntent, ForeignMeaning, ForeignTag } from './mapping.ts'

export interface ForeignWish {
  /** In the grammar of `X-Secflow-Protection`, one for each form. */
  readonly protection: readonly string[]
  readonly classification: readonly string[]
  /** Forms that were found, as the mapping writes them: never what they carry (a password). */
  readonly found: readonly string[]
  /** What somebody should know: unsafe forms, labels of other tenants. */
  readonly warnings: readonly string[]
}

export interface ForeignSubject extends ForeignWish {
  /** Without the forms, as it may leave. */
  readonly subject: string
}

/** Subjects are cut here before forms are taken out, see `readSubjectTags`. */
const SUBJECT_MAX = 4_096
/** Forms in one subject. */
const FORMS_MAX = 32

class Wishes {
  readonly protection: string[] = []
  readonly classification: string[] = []
  readonly found: string[] = []
  readonly warnings: string[] = []
  readonly #foreign: ForeignIntent

  constructor(foreign: ForeignIntent) {
    this.#foreign = foreign
  }

  add(form: string, meaning: ForeignMeaning, carried: { readonly [name: string]: string } = {}): void {
    this.found.push(form)
    const { protection, classification } = meaning
    const filled = (text: string) => text.replace(/\{(\w+)\}/g, (_, name: string) => carried[name] ?? '')
    if (meaning.unsafe) {
      this.warnings.push(`${form} is unsafe and ${this.#foreign.unsafe ? 'allowed' : 'replaced by a safe form'}`)
    }
    const wish = meaning.unsafe && !this.#foreign.unsafe ? (meaning.instead ?? protection) : protection
    if (wish !== undefined) this.protection.push(filled(wish))
    if (classification !== undefined) {
      const label = filled(classification)
      this.classification.push(this.#foreign.labels[label.toLowerCase()] ?? label)
    }
  }
}

/**
 * Header forms of the tenant's products in `header` (lower-case names, decoded values). Whether the sender's word counts
 * is the caller's to know: intent is obeyed from authenticated submissions alone. Never throws.
 */
export function readForeignHeaders(
  header: Readonly<Record<string, readonly string[]>>,
  foreign: ForeignIntent,
): ForeignWish {
  const wishes = new Wishes(foreign)
  for (const { headers } of foreign.products) {
    for (const form of headers) {
      if (form.with !== undefined && !Object.hasOwn(header, form.with)) continue
      const values = Object.hasOwn(header, form.header) ? (header[form.header] ?? []) : []
      for (const value of values.slice(0, 20)) readHeader(form, value.trim(), foreign, wishes)
    }
  }
  return wishes
}

function readHeader(form: ForeignHeaderForm, value: string, foreign: ForeignIntent, wishes: Wishes): void {
  if (form.values && !form.values.includes(value.toLowerCase())) return
  switch (form.read) {
    case 'msip': {
      for (const guid of enabledLabels(value)) {
        if (foreign.labels[guid] !== undefined) wishes.add(form.header, form, { label: guid })
        // A label of another organisation says nothing here.
        else wishes.warnings.push(`${form.header}: no label is mapped to ${guid}`)
      }
      return
    }
    case 'marking': {
      const marking = /(?:^|[,\s])SEC=([^,]{1,60})/i.exec(value)?.[1]?.trim()
      if (marking) wishes.add(form.header, form, { label: marking })
      return
    }
    case 'period': {
      const [, hours, minutes, seconds] = /^\+(\d{1,4}):(\d\d):(\d\d)$/.exec(value) ?? []
      const expires = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
      if (expires > 0) wishes.add(form.header, form, { expires: String(expires) })
      else wishes.warnings.push(`${form.header}: not a period`)
      return
    }
    case 'text':
      if (value !== '') wishes.add(form.header, form, { label: value.slice(0, 60) })
      return
    case undefined:
      wishes.add(form.header, form)
  }
}

/** `MSIP_Label_<guid>_Enabled=True` of each label in the header. */
function enabledLabels(value: string): readonly string[] {
  const guids = [...value.matchAll(/MSIP_Label_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_Enabled\s*=\s*True/gi)]
  return [...new Set(guids.map(([, guid]) => guid!.toLowerCase()))].slice(0, 50)
}

/** Literal tags in the form of `readSubjectTags`, which finds and removes them with Secflow's own. */
export function literalTags(foreign: ForeignIntent): readonly SubjectTag[] {
  return foreign.products.flatMap(({ tags }) =>
    tags
      .filter(({ tag }) => !tag.includes('{'))
      .map(({ tag, place, caseSensitive, ...meaning }) => {
        const protection = meaning.unsafe && !foreign.unsafe ? meaning.instead : meaning.protection
        return {
          tag,
          place,
          caseSensitive,
          ...(protection === undefined ? {} : { protection }),
          ...(meaning.classification === undefined ? {} : { classification: meaning.classification }),
        }
      }),
  )
}

/** Names of unsafe tags among `found` (as `readSubjectTags` tells them). */
export function unsafeTags(found: readonly string[], foreign: ForeignIntent): readonly string[] {
  const unsafe = new Set(foreign.products.flatMap(({ tags }) => tags.filter((one) => one.unsafe).map(({ tag }) => tag)))
  return found.filter((tag) => unsafe.has(tag))
}

/** Tags that carry something (`[sms:+49...]`) and flags in brackets (`[PDF, PW:...]`), taken out of a decoded subject. Never throws. */
export function readForeignSubject(subject: string, foreign: ForeignIntent): ForeignSubject {
  const wishes = new Wishes(foreign)
  const patterns = foreign.products.flatMap(({ tags }) => tags.filter(({ tag }) => tag.includes('{')).map(patternOf))
  const flags = foreign.products.flatMap((product) => product.flags)
  let rest = subject.length > SUBJECT_MAX ? subject.slice(0, SUBJECT_MAX).toWellFormed() : subject
  for (let rounds = 0; rounds < FORMS_MAX; rounds++) {
    const next = takeTag(rest, patterns, wishes) ?? takeFlags(rest, flags, wishes)
    if (next === null) break
    rest = next
  }
  const { protection, classification, found, warnings } = wishes
  return { subject: found.length > 0 ? rest : subject, protection, classification, found, warnings }
}

interface Pattern {
  readonly form: ForeignTag
  readonly name: string
  readonly expression: RegExp
}

const CARRIED: Readonly<Record<string, string>> = {
  phone: '\\s*((?:\\+|00)[0-9][0-9 ()/.-]{5,24})\\s*',
  text: '([^\\[\\]]{0,100})',
  label: '([^\\[\\],]{1,60})(?:,[^\\[\\]]{0,200})?',
}

function patternOf(form: ForeignTag): Pattern {
  const name = /\{(\w+)\}/.exec(form.tag)?.[1] ?? ''
  const [before = '', after = ''] = form.tag
    .split(`{${name}}`)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const body = `${before}${CARRIED[name] ?? CARRIED.text}${after}`
  const placed = {
    anywhere: body,
    start: `^\\s*${body}`,
    end: `${body}\\s*$`,
    'start-or-end': `^\\s*${body}|${body}\\s*$`,
  }
  return { form, name, expression: new RegExp(placed[form.place], form.caseSensitive ? '' : 'i') }
}

function takeTag(subject: string, patterns: readonly Pattern[], wishes: Wishes): string | null {
  for (const { form, name, expression } of patterns) {
    const hit = expression.exec(subject)
    if (!hit) continue
    const carried = (hit[1] ?? hit[2] ?? '').trim()
    wishes.add(form.tag, form, {
      [name]: name === 'phone' ? carried.replace(/^00/, '+').replace(/[^+\d]/g, '') : carried,
    })
    return joined(subject.slice(0, hit.index), subject.slice(hit.index + hit[0].length))
  }
  return null
}

const compact = (text: string) => text.replace(/\s+/g, '').toLowerCase()

/** One bracket with at least one known flag; flags nobody knows stay in it. */
function takeFlags(subject: string, flags: readonly ForeignFlag[], wishes: Wishes): string | null {
  if (flags.length === 0) return null
  for (const expression of [/^\s*\[([^[\]]{1,300})\]/, /\[([^[\]]{1,300})\]\s*$/]) {
    const hit = expression.exec(subject)
    if (!hit) continue
    const parts = hit[1]!.split(',').map((part) => part.trim())
    const known = parts.map((part) => flags.find((flag) => isFlag(flag, part)))
    if (known.every((flag) => flag === undefined)) continue
    for (const flag of known) if (flag) wishes.add(`[${flag.flag}]`, flag)
    const left = parts.filter((part, at) => part !== '' && !known[at])
    const kept = left.length > 0 ? ` [${left.join(', ')}] ` : ''
    return joined(subject.slice(0, hit.index) + kept, subject.slice(hit.index + hit[0].length))
  }
  return null
}

function isFlag({ flag }: ForeignFlag, part: string): boolean {
  if (!flag.endsWith(':{text}')) return compact(part) === compact(flag)
  const name = compact(flag.slice(0, -'{text}'.length))
  return compact(part).startsWith(name) && compact(part).length > name.length
}

function joined(before: string, after: string): string {
  const left = before.trimEnd()
  const right = after.trimStart()
  return left && right ? `${left.trimStart()} ${right}` : (left + right).trimStart()
}

/** Names of headers that the tenant's products read, for `isSteeringHeader`: they are removed at the edge. */
export function steeringHeaders({ products }: ForeignIntent): readonly string[] {
  return products.flatMap(({ headers }) => headers.map(({ header }) => header.toLowerCase()))
}
