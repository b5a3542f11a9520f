import { Fault } from '../../shared/fault/index.ts'
import type { Steps } from '../../shared/policy/steps.ts'
import { type ContentFields, contentFields, readingContentFields } from './content-fields.ts'
import type { HeaderField } from './entity.ts'
import type { MimeIndex, MimeLimits, MimePart } from './part.ts'

/** A part while the scanner is inside of it. */
export interface OpenPart {
  readonly id: number
  readonly parent: OpenPart | null
  readonly depth: number
  readonly line: number
  readonly start: number
  readonly defaultType: string
  readonly children: OpenPart[]
  fields: readonly HeaderField[]
  content: ContentFields
  shape: MimePart['shape']
  opaque: boolean
  /** The closing delimiter was seen: what follows is the epilogue. */
  closed: boolean
  closeLine: number | null
  bodyStart: number
  bodyEnd: number
  end: number
}

/** A boundary is at most 70 characters (RFC 2046 5.1.1); what readers accept beyond that is a defect, this is the end. */
const BOUNDARY_MAX = 500
const SEALED = /^(multipart\/(signed|encrypted)|application\/(x-)?pkcs7-mime)$/
const EMPTY = contentFields([], 'text/plain')

/** Builds the tree of parts from what the scanner meets: headers, delimiters, the end. Knows MIME, not bytes. */
export class PartTree {
  readonly defects = new Set<string>()
  readonly #limits: MimeLimits
  readonly #parts: OpenPart[] = []
  /** From the root to the innermost open part. */
  readonly #open: OpenPart[] = []
  /** Open boundaries, innermost last. */
  #boundaries: { readonly text: string; readonly bytes: Buffer; readonly part: OpenPart }[] = []

  constructor(limits: MimeLimits) {
    this.#limits = limits
    this.#begin(0, 0, 'text/plain')
  }

  get waitsForDelimiter(): boolean {
    return this.#boundaries.length > 0
  }

  /** Ends the header of the innermost part. True: its body is a message, whose header follows at once. */
  *header(fields: readonly HeaderField[], bodyStart: number): Steps<boolean> {
    const part = this.#top
    part.fields = fields
    part.bodyStart = bodyStart
    part.content = yield* readingContentFields(fields, part.defaultType)
    for (const defect of part.content.defects) this.defects.add(defect)
    const { type, encoding } = part.content
    part.opaque = SEALED.test(type) || (part.parent?.opaque ?? false)
    if (type === 'message/partial' || type === 'message/external-body') this.defects.add(type.replace('/', '-'))
    const identity = encoding !== 'base64' && encoding !== 'quoted-printable' && encoding !== 'unknown'
    if (type.startsWith('multipart/')) {
      if (!identity) this.defects.add('multipart-encoded')
      this.#openMultipart(part)
      return false
    }
    if (type !== 'message/rfc822' && type !== 'message/global') return false
    if (!identity) {
      this.defects.add('message-encoded')
      return false
    }
    part.shape = 'message'
    this.#begin(bodyStart, bodyStart, 'text/plain')
    return true
  }

  #openMultipart(part: OpenPart): void {
    // The wire carries bytes: a boundary beyond ASCII is compared in the same reading (latin1) as the line.
    const bytes = Buffer.from((part.content.parameters.get('boundary') ?? '').trimEnd())
    const boundary = bytes.toString('latin1')
    if (!boundary || boundary.length > BOUNDARY_MAX) {
      this.defects.add('boundary-missing')
      return
    }
    if (boundary.length > 70) this.defects.add('boundary-too-long')
    for (const { text } of this.#boundaries) {
      if (text === boundary) this.defects.add('boundary-reused')
      else if (text.startsWith(boundary) || boundary.startsWith(text)) this.defects.add('boundary-prefix')
    }
    part.shape = 'multipart'
    this.#boundaries.push({ text: boundary, bytes, part })
  }

  /** Cheap test of the bytes after two dashes at `start`: hostile mail has a dash line every four bytes. */
  mayBeDelimiter(buffer: Buffer, start: number): boolean {
    return this.#boundaries.some(({ bytes }) => {
      const length = Math.min(bytes.length, buffer.length - start - 2)
      for (let at = 0; at < length; at++) if (buffer[start + 2 + at] !== bytes[at]) return false
      return true
    })
  }

  /** Whether `delimiter` would take the line for one; changes nothing. */
  isDelimiter(line: string): boolean {
    const text = line.slice(2).trimEnd()
    return this.#boundaries.some(({ text: open, part }) => !part.closed && (text === open || text === `${open}--`))
  }

  /**
   * A line that starts with `--`, without its line end (latin1), at offset `at`, the next line at `next`; `contentEnd` is where
   * the line break before it begins. Null when it is no delimiter of an open multipart; `opens`: a part begins at `next`.
   */
  delimiter(line: string, at: number, next: number, contentEnd: number): { readonly opens: boolean } | null {
    const text = line.slice(2).trimEnd()
    for (let level = this.#boundaries.length - 1; level >= 0; level--) {
      const { text: boundary, part } = this.#boundaries[level]!
      if (!text.startsWith(boundary)) continue
      const rest = text.slice(boundary.length)
      if (rest !== '' && rest !== '--') {
        this.defects.add('boundary-prefix')
        continue
      }
      if (part.closed) {
        this.defects.add('boundary-after-close')
        continue
      }
      this.#closeInside(part, contentEnd, at)
      if (rest === '--') {
        part.closed = true
        part.closeLine = at
        return { opens: false }
      }
      this.#begin(at, next, part.content.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain')
      return { opens: true }
    }
    return null
  }

  finish(size: number): MimeIndex {
    this.#closeInside(null, size, size)
    const parts = this.#frozen()
    return { size, root: parts[0]!, parts, defects: [...this.defects].sort() }
  }

  get #top(): OpenPart {
    return this.#open.at(-1)!
  }

  #begin(line: number, start: number, defaultType: string): void {
    const parent = this.#open.at(-1) ?? null
    const depth = this.#open.length
    if (this.#parts.length >= this.#limits.parts) {
      throw new Fault('mime-too-complex', `more than ${this.#limits.parts} parts`)
    }
    if (depth > this.#limits.depth) throw new Fault('mime-too-complex', `deeper than ${this.#limits.depth} levels`)
    const part: OpenPart = {
      id: this.#parts.length,
      parent,
      depth,
      line,
      start,
      defaultType,
      children: [],
      fields: [],
      content: EMPTY,
      shape: 'leaf',
      opaque: parent?.opaque ?? false,
      closed: false,
      closeLine: null,
      bodyStart: start,
      bodyEnd: start,
      end: start,
    }
    parent?.children.push(part)
    this.#parts.push(part)
    this.#open.push(part)
  }

  /** Closes every open part inside of `outer`; null closes all. */
  #closeInside(outer: OpenPart | null, bodyEnd: number, end: number): void {
    while (this.#open.length > 0 && this.#top !== outer) {
      const part = this.#open.pop()!
      part.bodyEnd = Math.max(part.bodyStart, bodyEnd)
      part.end = Math.max(part.bodyEnd, end)
      if (part.shape === 'multipart') {
        if (!part.closed) this.defects.add('boundary-unclosed')
        if (part.children.length === 0) this.defects.add('multipart-empty')
        this.#boundaries = this.#boundaries.filter((open) => open.part !== part)
      }
    }
  }

  #frozen(): MimePart[] {
    const result: MimePart[] = []
    const children = this.#parts.map(() => [] as MimePart[])
    for (const open of this.#parts) {
      const { id, depth, line, start, bodyStart, bodyEnd, end, fields, shape, opaque, closeLine } = open
      const { type, parameters, encoding, disposition, fileName, otherNames, contentId } = open.content
      const part: MimePart = {
        id,
        parent: open.parent?.id ?? null,
        depth,
        line,
        start,
        bodyStart,
        bodyEnd,
        end,
        fields,
        type,
        parameters,
        encoding,
        disposition,
        fileName,
        otherNames,
        contentId,
        shape,
        opaque,
        children: children[id]!,
        closeLine,
      }
      result.push(part)
      if (open.parent) children[open.parent.id]!.push(part)
    }
    return result
  }
}
