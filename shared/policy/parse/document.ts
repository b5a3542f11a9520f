import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Node as YamlNode } from 'yaml'
import type { Findings, Position } from '../diagnostic.ts'
import type { Entry, Node } from './node.ts'

const MAX_BYTES = 1_048_576
const MAX_DEPTH = 32
const START: Position = { line: 1, column: 1 }

/**
 * Reads one YAML 1.2 or JSON document into nodes with places. Findings instead of throws; null when nothing usable is left.
 * Whatever could grow or mean two things (aliases, merge keys, tags, duplicate keys, several documents) is refused.
 */
export function parseDocument(text: string, findings: Findings): Node | null {
  if (text.length > MAX_BYTES || utf8Length(text) > MAX_BYTES) {
    findings.add('file-too-large', START)
    return null
  }
  if (bracketDepth(text) > 4 * MAX_DEPTH) {
    findings.add('too-deep', START)
    return null
  }
  const lines = new LineCounter()
  // The library compares every key with every other; `Reader` finds double keys in linear time.
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.2',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
  })
  if (!Array.isArray(documents) || documents.length === 0) return null
  const at = (offset: number | undefined): Position => {
    const { line, col } = lines.linePos(offset ?? 0)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
  if (documents.length > 1) {
    findings.add('several-documents', at(documents[1]!.range[0]))
    return null
  }
  const document = documents[0]!
  for (const problem of document.errors) {
    const place = at(problem.pos[0])
    const detail = problem.message.split('\n')[0] ?? ''
    if (/call stack/.test(detail)) findings.add('too-deep', place)
    else findings.add('yaml-syntax', place, { detail })
  }
  if (document.errors.length > 0 || document.contents === null) return null
  return new Reader(findings, at).node(document.contents as YamlNode, 1)
}

class Reader {
  readonly #findings: Findings
  readonly #at: (offset: number | undefined) => Position

  constructor(findings: Findings, at: (offset: number | undefined) => Position) {
    this.#findings = findings
    this.#at = at
  }

  node(yaml: YamlNode | null, depth: number, fallback: Position = START): Node | null {
    if (yaml === null) return { kind: 'scalar', value: null, source: '', at: fallback }
    const at = this.#at(yaml.range?.[0])
    if (depth > MAX_DEPTH) {
      this.#findings.add('too-deep', at)
      return null
    }
    if (isAlias(yaml) || ('anchor' in yaml && yaml.anchor)) {
      this.#findings.add('alias-refused', at)
      return null
    }
    if (yaml.tag && !/^tag:yaml\.org,2002:(str|int|float|bool|null|seq|map)$/.test(yaml.tag)) {
      this.#findings.add('tag-refused', at, { name: yaml.tag })
      return null
    }
    if (isScalar(yaml)) return this.#scalar(yaml.value, yaml.source, at, yaml.type?.startsWith('QUOTE') === true)
    if (isSeq(yaml)) {
      const items = yaml.items.map((item) => this.node(item as YamlNode | null, depth + 1, at))
      return items.includes(null) ? null : { kind: 'list', items: items as Node[], at }
    }
    if (isMap(yaml)) return this.#map(yaml.items, depth, at)
    this.#findings.add('yaml-syntax', at, { detail: 'unknown kind of node' })
    return null
  }

  #scalar(value: unknown, source: string | undefined, at: Position, quoted: boolean): Node | null {
    const known = value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    if (!known || (typeof value === 'number' && !Number.isFinite(value))) {
      this.#findings.add('wrong-type', at, { expected: 'text, number, true, false', found: String(value) })
      return null
    }
    return { kind: 'scalar', value, source: source ?? String(value), at, ...(quoted ? { inset: 1 } : {}) }
  }

  #map(items: readonly { key: unknown; value: unknown }[], depth: number, at: Position): Node | null {
    const entries: Entry[] = []
    const names = new Set<string>()
    let sound = true
    for (const { key, value } of items) {
      const keyNode = key as YamlNode | null
      const keyAt = this.#at(keyNode?.range?.[0])
      const name = this.#key(keyNode, keyAt)
      const read = this.node(value as YamlNode | null, depth + 1, keyAt)
      if (name !== null && names.has(name)) this.#findings.add('duplicate-key', keyAt, { name })
      if (name === null || read === null || names.has(name)) sound = false
      else entries.push({ key: name, at: keyAt, value: read })
      names.add(name ?? '')
    }
    return sound ? { kind: 'map', entries, at } : null
  }

  #key(key: YamlNode | null, at: Position): string | null {
    if (isAlias(key) || (isScalar(key) && key.anchor)) {
      this.#findings.add('alias-refused', at)
      return null
    }
    if (!isScalar(key) || (typeof key.value !== 'string' && typeof key.value !== 'number')) {
      this.#findings.add('wrong-type', at, { expected: 'a name', found: 'another key' })
      return null
    }
    if (key.value === '<<') {
      this.#findings.add('merge-key-refused', at)
      return null
    }
    return String(key.value)
  }
}

/** Deepest nesting of brackets, counting also those inside strings: only a cheap guard before the recursive parser. */
function bracketDepth(text: string): number {
  let depth = 0
  let deepest = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5b || c === 0x7b) deepest = Math.max(deepest, ++depth)
    else if (c === 0x5d || c === 0x7d) depth = Math.max(0, depth - 1)
    else if (c === 0x0a && depth > 0 && text.charCodeAt(i + 1) === 0x2d && text.charCodeAt(i + 2) === 0x20) depth = 0
  }
  return deepest
}

function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
