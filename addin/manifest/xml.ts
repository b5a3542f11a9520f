/** The part of XML 1.0 that manifests are written in: elements, attributes, text, comments, the five entities. */

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  /** Text between the tags, trimmed. */
  readonly text: string
  /** Line of its start tag, 1 for the first; 0 for one that was not read. */
  readonly line: number
}

export type Content = readonly (Element | null)[] | string

/** An element to write; a null child is left out. */
export function element(name: string, attributes: Readonly<Record<string, string>>, content: Content = []): Element {
  const children = typeof content === 'string' ? [] : content.filter((child) => child !== null)
  return { name, attributes, children, text: typeof content === 'string' ? content : '', line: 0 }
}

export function writeXml(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${lines(root, '').join('\n')}\n`
}

function lines(one: Element, indent: string): string[] {
  const attributes = Object.entries(one.attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`)
  const start = `${indent}<${one.name}${attributes.join('')}`
  if (one.children.length > 0) {
    return [`${start}>`, ...one.children.flatMap((child) => lines(child, `${indent}  `)), `${indent}</${one.name}>`]
  }
  return [one.text === '' ? `${start}/>` : `${start}>${escaped(one.text)}</${one.name}>`]
}

const escaped = (text: string) =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')

export class XmlError extends Error {
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

const NAME = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y
/** A manifest has a handful of levels. */
const DEEPEST = 50

/** Reads a whole document; raises `XmlError` with the line. No document type: entities of one's own are how parsers are attacked. */
export function readXml(document: string): Element {
  const reader = new Reader(document.replace(/^\ufeff/, ''))
  reader.skip(/<\?xml[^>]*\?>/y)
  reader.misc()
  const root = readElement(reader, 0)
  reader.misc()
  if (!reader.done) throw reader.error('something stands after the end')
  return root
}

interface Open {
  readonly children: Element[]
  text: string
}

function readElement(reader: Reader, depth: number): Element {
  const { line } = reader
  if (depth > DEEPEST) throw reader.error('too many levels')
  if (!reader.skip(/</y)) throw reader.error('an element should begin here')
  const name = reader.take(NAME)
  if (name === null) throw reader.error('an element has no name')
  const attributes = readAttributes(reader, name)
  const open: Open = { children: [], text: '' }
  if (!reader.skip(/\/>/y)) {
    if (!reader.skip(/>/y)) throw reader.error(`the start tag of ${name} does not end`)
    readContent(reader, name, open, depth)
  }
  return { name, attributes, children: open.children, text: open.text.trim(), line }
}

function readAttributes(reader: Reader, element: string): Record<string, string> {
  const attributes: Record<string, string> = {}
  while (reader.skip(/\s+/y)) {
    const name = reader.take(NAME)
    if (name === null) break
    const quoted = reader.skip(/\s*=\s*/y) ? reader.take(/"[^"<]*"|'[^'<]*'/y) : null
    if (quoted === null) throw reader.error(`attribute ${name} of ${element} has no value in quotes`)
    if (Object.hasOwn(attributes, name)) throw reader.error(`attribute ${name} of ${element} stands twice`)
    attributes[name] = decoded(reader, quoted.slice(1, -1))
  }
  return attributes
}

function readContent(reader: Reader, name: string, open: Open, depth: number): void {
  for (;;) {
    const text = reader.take(/[^<]+/y)
    if (text !== null) open.text += decoded(reader, text)
    if (reader.skip(/<!--(?:(?!--)[\s\S])*-->/y)) continue
    if (reader.skip(/<\//y)) {
      if (reader.take(NAME) !== name || !reader.skip(/\s*>/y)) throw reader.error(`the end tag of ${name} is missing`)
      return
    }
    if (reader.done) throw reader.error(`${name} does not end`)
    open.children.push(readElement(reader, depth + 1))
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decoded(reader: Reader, text: string): string {
  return text.replace(/&([^;&\s]*);?/g, (whole, name: string) => {
    const number = /^#(?:x([\da-f]{1,6})|(\d{1,7}))$/i.exec(name)
    const code = number ? Number.parseInt(number[1] ?? number[2]!, number[1] ? 16 : 10) : Number.NaN
    const char = code > 8 && code <= 0x10ffff ? String.fromCodePoint(code) : ENTITIES[name]
    if (char === undefined || !whole.endsWith(';')) throw reader.error(`${whole} is no entity; & is written &amp;`)
    return char
  })
}

class Reader {
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.#at >= this.#text.length
  }

  get line(): number {
    return this.#text.slice(0, this.#at).split('\n').length
  }

  /** `pattern` is sticky. */
  take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? null
    this.#at += found?.length ?? 0
    return found
  }

  skip(pattern: RegExp): boolean {
    return this.take(pattern) !== null
  }

  /** White space and comments. */
  misc(): void {
    while (this.skip(/\s+/y) || this.skip(/<!--(?:(?!--)[\s\S])*-->/y)) {}
  }

  error(message: string): XmlError {
    return new XmlError(message, this.line)
  }
}
