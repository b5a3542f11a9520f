/**
 * JSON with one spelling per value (RFC 8785): keys in order of their UTF-16 code units, no white space, numbers and
 * strings as ECMAScript writes them. Members that are undefined are left out; what JSON cannot say raises a TypeError.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError('not a JSON number')
    return JSON.stringify(value)
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value !== 'object') throw new TypeError(`not a JSON value: ${typeof value}`)
  const members = value as Readonly<Record<string, unknown>>
  const written: string[] = []
  for (const key of Object.keys(members).sort()) {
    if (members[key] !== undefined) written.push(`${JSON.stringify(key)}:${canonicalJson(members[key])}`)
  }
  return `{${written.join(',')}}`
}
