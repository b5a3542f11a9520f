import type { HeaderField } from '../../mime/entity.ts'
import { fieldValue } from '../../mime/header.ts'

const NAME = 'authentication-results'
/** A line of a header field (RFC 5322 2.1.1). */
const LINE_MAX = 76

/** Value of our field (RFC 8601 2.2), folded. `id` is our host name; without a result it says `none`. */
export function resultsValue(id: string, results: readonly string[]): string {
  return [id, ...(results.length > 0 ? results.map(folded) : ['none'])].join(';\r\n\t')
}

export function resultsField(value: string): HeaderField {
  return { name: NAME, raw: Buffer.from(`Authentication-Results: ${value}`) }
}

/**
 * The header without Authentication-Results that speak in our name: whoever wrote them outside forged them, and a reader
 * behind us would believe them (RFC 8601 5). The very same header where there is none. Pure.
 */
export function withoutForged(header: readonly HeaderField[], id: string): readonly HeaderField[] {
  const forged = (field: HeaderField) => field.name === NAME && isOurs(fieldValue(field), id)
  return header.some(forged) ? header.filter((field) => !forged(field)) : header
}

/** Ours, or what some reader might take for ours: the id anywhere before the first result, whatever comments stand around it. */
function isOurs(value: string, id: string): boolean {
  const wanted = id.toLowerCase()
  return beforeResults(value)
    .toLowerCase()
    .split(/[\s"]+/)
    .some((word) => word.replace(/\.$/, '') === wanted)
}

/**
 * What stands before the first result, without comments, which nest (RFC 5322 3.2.2), and with what is escaped as what it stands
 * for. Readers disagree on a comment that does not end: there it is every word of the field.
 */
function beforeResults(text: string): string {
  let depth = 0
  let bare = ''
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (letter === '(') depth++
    else if (letter === ')') {
      if (depth > 0) depth--
      bare += ' '
    } else if (letter === '\\') {
      at++
      if (depth === 0) bare += text[at] ?? ''
    } else if (letter === ';' && depth === 0) return bare
    else if (depth === 0) bare += letter
  }
  return depth === 0 ? bare : text.replace(/[();]/g, ' ')
}

/** Breaks at spaces only, where a reader unfolds to the same text. */
function folded(text: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length > LINE_MAX) {
      lines.push(line)
      line = ''
    }
    line += line === '' && lines.length === 0 ? word : ` ${word}`
  }
  return [...lines, line].join('\r\n')
}
