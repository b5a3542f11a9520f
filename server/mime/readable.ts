import type { MimePart } from './part.ts'

/** One piece of text a reader sees: the same words in one or more forms. */
export interface ReadableGroup {
  readonly plain: readonly MimePart[]
  readonly html: readonly MimePart[]
  /** A form that is neither (AMP, enriched text): what is put into the others would be invisible to readers that prefer it. */
  readonly other: boolean
}

/** Which parts are the body a person reads and which images belong to it. */
export interface ReadableParts {
  /** In order of appearance. */
  readonly groups: readonly ReadableGroup[]
  /** Parts that the HTML shows by Content-ID. */
  readonly related: readonly MimePart[]
}

/**
 * Finds the readable body as mail readers do: unnamed text parts without disposition "attachment"; of multipart/alternative every
 * form (RFC 2046 5.1.4), of multipart/related the root part (RFC 2387). Messages inside are never entered; signed parts
 * (RFC 1847) only on request, because nothing may be written there.
 */
export function readableParts(root: MimePart, options: { readonly enterSigned: boolean }): ReadableParts {
  const related: MimePart[] = []
  const groups = walk(root, options.enterSigned, related)
  return { groups, related }
}

function walk(part: MimePart, enterSigned: boolean, related: MimePart[]): ReadableGroup[] {
  if (part.opaque && !(enterSigned && (part.type === 'multipart/signed' || insideSigned(part)))) return []
  if (part.shape === 'leaf') return isBodyText(part) ? [groupOf(part)] : []
  if (part.shape === 'message') return []
  if (part.type === 'multipart/digest') return []
  if (part.type === 'multipart/signed') return walkAll(part.children.slice(0, 1), enterSigned, related)
  if (part.type === 'multipart/alternative') return alternative(part, enterSigned, related)
  if (part.type === 'multipart/related') {
    const start = relatedRoot(part)
    related.push(...part.children.filter((child) => child !== start && child.shape === 'leaf'))
    return start ? walk(start, enterSigned, related) : []
  }
  return walkAll(part.children, enterSigned, related)
}

/** Parts below an opaque multipart/signed reach the walk only through it. */
function insideSigned(part: MimePart): boolean {
  return part.type !== 'multipart/encrypted' && !/pkcs7-mime$/.test(part.type)
}

function walkAll(parts: readonly MimePart[], enterSigned: boolean, related: MimePart[]): ReadableGroup[] {
  return parts.flatMap((part) => walk(part, enterSigned, related))
}

function alternative(part: MimePart, enterSigned: boolean, related: MimePart[]): ReadableGroup[] {
  const inner = walkAll(part.children, enterSigned, related)
  const odd = part.children.some(
    (child) => child.shape === 'leaf' && /^text\/(?!plain$|html$|calendar$|vcard$|directory$)/.test(child.type),
  )
  if (inner.length === 0) return []
  const plain = inner.flatMap((group) => group.plain)
  const html = inner.flatMap((group) => group.html)
  return [{ plain, html, other: odd || inner.some((group) => group.other) }]
}

function relatedRoot(part: MimePart): MimePart | undefined {
  const start = part.parameters.get('start')?.replace(/^<|>$/g, '')
  return part.children.find((child) => start !== undefined && child.contentId === start) ?? part.children[0]
}

export function isBodyText(part: MimePart): boolean {
  return (
    (part.type === 'text/plain' || part.type === 'text/html') &&
    part.disposition !== 'attachment' &&
    part.fileName === ''
  )
}

const groupOf = (part: MimePart): ReadableGroup =>
  part.type === 'text/html' ? { plain: [], html: [part], other: false } : { plain: [part], html: [], other: false }
