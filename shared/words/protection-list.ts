/** The lenient reading of an RFC 9651 list of tokens and strings with parameters that `X-Secflow-Protection` is. */

export interface ProtectionItem {
  /** Lower case; '' for a String. */
  readonly token: string
  /** The String or Display String that stands in place of a token: an address. */
  readonly text: string | null
  readonly parameters: readonly (readonly [name: string, value: string | number | boolean])[]
}

const SPACE = /[ \t\r\n]/
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }

/** Seconds of `90`, `45m`, `12h`, `14d`, `2w`; null for anything else. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,12})([smhdw]?)$/.exec(text.toLowerCase())
  return match ? Number(match[1]) * (UNITS[match[2] || 's'] ?? 1) : null
}

/** `%"..."` with everything but printable ASCII, `%` and `"` as lower-case percent escapes of UTF-8 (RFC 9651 4.1.11). */
export function serializeDisplayString(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed())
  return `%"${escaped.replace(/%([0-9A-F]{2})/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16)
    return code >= 0x20 && code < 0x7f && code !== 0x25 && code !== 0x22
      ? String.fromCharCode(code)
      : whole.toLowerCase()
  })}"`
}

/** Reads the members it can; a malformed one is skipped up to the next comma outside of quotes, with a note. Linear in the text. */
export function readItems(text: string, notes: string[]): ProtectionItem[] {
  const items: ProtectionItem[] = []
  const reader = new Reader(text)
  while (!reader.done) {
    reader.space()
    if (reader.take(',')) continue
    if (reader.done) break
    const start = reader.at
    const item = readItem(reader)
    reader.space()
    if (item && (reader.done || reader.peek === ',')) items.push(item)
    else {
      reader.skipMember(start)
      notes.push(`malformed: ${JSON.stringify(text.slice(start, Math.min(reader.at, start + 60)))}`)
    }
  }
  return items
}

function readItem(reader: Reader): ProtectionItem | null {
  const token = reader.match(/[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*/y)
  const text = token === null ? readText(reader) : null
  if (token === null && text === null) return null
  const parameters: [string, string | number | boolean][] = []
  for (;;) {
    reader.space()
    if (!reader.take(';')) return { token: (token ?? '').toLowerCase(), text, parameters }
    reader.space()
    const name = reader.match(/[A-Za-z*][A-Za-z0-9_\-.*]*/y)
    if (name === null) return null
    const value = reader.take('=') ? readValue(reader) : true
    if (value === null) return null
    parameters.push([name.toLowerCase(), value])
  }
}

/** String or Display String; null when it is none. */
function readText(reader: Reader): string | null {
  const quoted = reader.match(/"(?:[^"\\\r\n]|\\["\\])*"/y)
  if (quoted !== null) return quoted.slice(1, -1).replace(/\\(.)/g, '$1')
  const display = reader.match(/%"[^"\r\n]*"/y)
  return display === null ? null : percentDecoded(display.slice(2, -1))
}

/** String, Display String, Boolean, number, duration or token; null when it is none. */
function readValue(reader: Reader): string | number | boolean | null {
  if (reader.peek === '"' || reader.peek === '%') return readText(reader)
  const flag = reader.match(/\?[01]/y)
  if (flag !== null) return flag === '?1'
  const bare = reader.match(/[A-Za-z0-9*+-][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*/y)
  if (bare === null) return null
  return /^-?\d{1,15}$/.test(bare) ? Number(bare) : bare
}

/** Escapes as RFC 9651 wants them, and text that a client wrote unescaped. */
function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

class Reader {
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  get done(): boolean {
    return this.at >= this.#text.length
  }

  get peek(): string | undefined {
    return this.#text[this.at]
  }

  space(): void {
    while (this.peek !== undefined && SPACE.test(this.peek)) this.at++
  }

  take(char: string): boolean {
    if (this.peek !== char) return false
    this.at++
    return true
  }

  /** `pattern` is sticky. */
  match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.#text)
    if (!found) return null
    this.at += found[0].length
    return found[0]
  }

  /** To the comma that ends the member beginning at `start`; a comma in quotes ends none, unless the quote never closes. */
  skipMember(start: number): void {
    let quoted = false
    let firstInside = -1
    for (this.at = start; this.at < this.#text.length; this.at++) {
      const char = this.#text[this.at]
      if (char === '\\' && quoted) this.at++
      else if (char === '"') quoted = !quoted
      else if (char === ',' && !quoted) return
      else if (char === ',' && firstInside < 0) firstInside = this.at
    }
    if (quoted && firstInside >= 0) this.at = firstInside
    this.at = Math.min(this.at, this.#text.length)
  }
}
