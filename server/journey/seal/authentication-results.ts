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
  const bare = withoutComments(value.slice(0, 2_000)).split(';')[0] ?? ''
  const wanted = id.toLowerCase()
  return bare
    .toLowerCase()
    .split(/[\s"]+/)
    .some((word) => word.replace(/\.$/, '') === wanted)
}

/** Comments nest (RFC 5322 3.2.2); one that does not end takes the rest with it, which some readers do not do. */
function withoutComments(text: string): string {
  let depth = 0
  let bare = ''
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (letter === '\\') at++
    else if (letter === '(') depth++
    else if (letter === ')' && depth > 0) depth--
    else if (depth === 0) bare += letter
    if (letter === ')') bare += ' '
  }
  return depth === 0 ? bare : text.replace(/[()]/g, ' ')
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
